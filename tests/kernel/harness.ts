/**
 * Runs guests for tests, in processes of their own, as root and as an ordinary
 * user.
 *
 * There is no waiting for a while here. A guest says on its standard output
 * what it has reached, and all that belongs to it has that output open: its end
 * is the end of all of them.
 *
 * @module
 */

import { isPrivileged } from "../../lib/namespace/checks.ts";
import { findProgram } from "../../lib/namespace/programs.ts";
import { checkMachine } from "../../lib/namespace/requirements.ts";

/** Longest time that a test may take, in milliseconds. */
const LIMIT = 20_000;

const SOURCE = new URL("../..", import.meta.url).pathname;
const FIXTURE = "tests/kernel/fixtures/run_guest.ts";
const NOBODY = "65534";

// Root may have no ordinary user whose Deno, sources and TUN are in reach, so one gets all of them
// in a mount namespace. Arguments: a folder, Deno, the sources, then Deno's arguments.
const AS_NOBODY = `
set -e
mount -t tmpfs -o mode=755 tests "$1"
cd "$1"
mkdir home source
chown ${NOBODY}:${NOBODY} home
touch deno
mount --bind "$2" deno
mount --bind "$3" source
mknod -m 666 tun c 10 200
mount --bind tun /dev/net/tun
export HOME="$1/home" DENO_DIR="$1/home"
cd source
shift 3
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups -- ../deno "$@"
`;

/** One who runs headgate. */
interface Runner {
  readonly name: string;
  /** The words that run Deno with `args`, in the folder of the sources. */
  readonly words: (args: readonly string[]) => readonly string[];
}

const folder = Deno.makeTempDirSync({ prefix: "headgate-test-" });
Deno.chmodSync(folder, 0o755);
globalThis.addEventListener("unload", () => Deno.removeSync(folder));

const self: Runner = {
  name: isPrivileged() ? "root" : "an ordinary user",
  words: (args) => [Deno.execPath(), ...args],
};
const nobody: Runner = {
  name: "an ordinary user",
  words: (args) => {
    const script = ["sh", "-c", AS_NOBODY, "sh", folder, Deno.execPath(), SOURCE, ...args];
    return ["unshare", "--mount", "--", ...script];
  },
};

/** Everybody who runs the tests: whoever we are, and an ordinary user if we are root. */
const runners = isPrivileged() ? [self, nobody] : [self];

/** What this machine lacks to run guests, or undefined. */
export const lacking = (await checkMachine()).find((check) => !check.ok && !check.isOptional)
  ?.detail;

/** Where a test starts its guests. */
export interface GuestTest {
  /** Starts the fixture with `args`. */
  start(args: readonly string[], options?: StartOptions): GuestProcess;
}

/** How a process is to be started. */
export interface StartOptions {
  /** Variables besides ours. @default {none} */
  readonly environment?: Readonly<Record<string, string>>;
  /** Words before those of the process, which they have to execute. @default {none} */
  readonly prefix?: readonly string[];
  /** Commands for sh, in which "$GUEST" is that of the process, to be run in a terminal instead of it. */
  readonly terminal?: string;
}

/** Words for {@linkcode StartOptions.prefix}: `script` has run as root in a mount namespace before. */
export function inMountNamespace(script: string): readonly string[] {
  const user = isPrivileged() ? [] : ["--user", "--map-root-user"];
  return ["unshare", ...user, "--mount", "--", "sh", "-ec", `${script}; exec "$@"`, "sh"];
}

/** Words that run commands for sh in a terminal of their own, and exit as they do. */
function inTerminal(commands: string): readonly string[] {
  return ["script", "--quiet", "--return", "--command", commands, "/dev/null"];
}

/** Words as sh reads them. */
function quote(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}

/** A test: what it is called, what it does, and what it is skipped without. */
type Registration = readonly [
  name: string,
  body: (test: GuestTest) => Promise<void>,
  tools?: readonly string[],
];

/** Registers a test for everybody who can run guests; it is skipped where they cannot. */
export function guestTest(...registration: Registration): void {
  register(registration, runners);
}

/** Registers a test only for whoever runs the tests; it is skipped where guests cannot be run. */
export function ownGuestTest(...registration: Registration): void {
  register(registration, [self]);
}

function register([name, body, tools = []]: Registration, by: readonly Runner[]): void {
  const missing = tools.find((tool) => findProgram(tool).found !== "executable");
  const reason = missing === undefined ? lacking : `no ${missing} here`;
  const skipped = reason === undefined ? "" : ` (skipped: ${reason})`;
  for (const runner of by) {
    Deno.test({
      name: `${name}, run by ${runner.name}${skipped}`,
      ignore: reason !== undefined,
      fn: () => runTest(runner, body),
    });
  }
}

async function runTest(runner: Runner, body: (test: GuestTest) => Promise<void>): Promise<void> {
  const started: GuestProcess[] = [];
  const start: GuestTest["start"] = (args, options = {}) => {
    const { environment = {}, prefix = [], terminal } = options;
    const deno = ["run", "--quiet", "--allow-all", "--no-config", "--no-lock", FIXTURE, ...args];
    const words = [...prefix, ...runner.words(deno)];
    const process = new GuestProcess(
      terminal === undefined ? words : inTerminal(terminal.replace("$GUEST", quote(words))),
      environment,
    );
    started.push(process);
    return process;
  };
  try {
    await within(LIMIT, body({ start }));
  } finally {
    for (const process of started) await process.end();
  }
}

/** Awaits `promise`, but not longer than `limit` milliseconds. */
export async function within<T>(limit: number, promise: Promise<T>): Promise<T> {
  const expired = Promise.withResolvers<never>();
  const error = new Error(`Cannot wait longer than ${limit} ms`);
  const timer = setTimeout(() => expired.reject(error), limit);
  try {
    return await Promise.race([promise, expired.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What begins as ignoring a signal, in the background or below nohup(1) say, cannot be ended by it. */
const DEFAULT_SIGNALS = ["env", "--default-signal=HUP,INT,QUIT,TERM"];
const withDefaultSignals = canRun([...DEFAULT_SIGNALS, "true"]) ? DEFAULT_SIGNALS : [];

function canRun([path = "", ...args]: readonly string[]): boolean {
  return new Deno.Command(path, { args, stdout: "null", stderr: "null" }).outputSync().success;
}

/** How a process ended. */
export interface Outcome {
  readonly status: number;
  /** Standard output, without what was read before. */
  readonly output: string;
  /** Standard error. */
  readonly errors: string;
}

/** A headgate that has been started, with its guest. */
export class GuestProcess {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #received = "";
  #inputIsOpen = true;
  #isOver = false;

  constructor(words: readonly string[], environment: Record<string, string>) {
    const [path = "", ...args] = [...withDefaultSignals, ...words];
    this.#child = new Deno.Command(path, {
      args,
      cwd: SOURCE,
      env: environment,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Headgate's process ID. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Writes to the guest's standard input. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** Ends the guest's standard input. */
  async endInput(): Promise<void> {
    this.#inputIsOpen = false;
    await this.#input.close().catch(() => {}); // the guest may have ended it
  }

  /** The next line of the guest's standard output. */
  async line(): Promise<string> {
    while (!this.#received.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`Cannot read a line: the end comes after "${this.#received}"`);
      this.#received += value;
    }
    const end = this.#received.indexOf("\n");
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 1);
    return line;
  }

  /** Sends a signal to headgate. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until headgate and everything that has its output open has ended. */
  async outcome(): Promise<Outcome> {
    for (let read = await this.#output.read(); !read.done; read = await this.#output.read()) {
      this.#received += read.value;
    }
    const { code } = await this.#child.status;
    this.#isOver = true;
    return { status: code, output: this.#received, errors: await this.#errors };
  }

  /** Kills it if it has not ended, and waits. */
  async end(): Promise<void> {
    if (this.#inputIsOpen) await this.endInput();
    if (this.#isOver) return;
    this.#child.kill("SIGKILL");
    await this.outcome();
  }
}

/** The processes in the network namespace that a guest's `readlink /proc/self/ns/net` has told. */
export function processesIn(namespace: string): readonly string[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    try {
      return Deno.readLinkSync(`/proc/${name}/ns/net`) === namespace;
    } catch {
      return false; // not a process, or not any more
    }
  });
}
