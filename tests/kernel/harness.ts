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
export const lacking = (await checkMachine()).find((check) => !check.ok)?.detail;

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
}

/** Words for {@linkcode StartOptions.prefix}: `script` has run as root in a mount namespace before. */
export function inMountNamespace(script: string): readonly string[] {
  const user = isPrivileged() ? [] : ["--user", "--map-root-user"];
  return ["unshare", ...user, "--mount", "--", "sh", "-ec", `${script}; exec "$@"`, "sh"];
}

/** Registers a test for everybody who can run guests; it is skipped where they cannot. */
export function guestTest(name: string, body: (test: GuestTest) => Promise<void>): void {
  register(name, body, runners);
}

/** Registers a test only for whoever runs the tests; it is skipped where guests cannot be run. */
export function ownGuestTest(name: string, body: (test: GuestTest) => Promise<void>): void {
  register(name, body, [self]);
}

function register(
  name: string,
  body: (test: GuestTest) => Promise<void>,
  by: readonly Runner[],
): void {
  for (const runner of by) {
    const skipped = lacking === undefined ? "" : ` (skipped: ${lacking})`;
    Deno.test({
      name: `${name}, run by ${runner.name}${skipped}`,
      ignore: lacking !== undefined,
      fn: () => runTest(runner, body),
    });
  }
}

async function runTest(runner: Runner, body: (test: GuestTest) => Promise<void>): Promise<void> {
  const started: GuestProcess[] = [];
  const start: GuestTest["start"] = (args, { environment = {}, prefix = [] } = {}) => {
    const deno = ["run", "--quiet", "--allow-all", "--no-config", "--no-lock", FIXTURE, ...args];
    const process = new GuestProcess([...prefix, ...runner.words(deno)], environment);
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
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #received = "";
  #isOver = false;

  constructor([path = "", ...args]: readonly string[], environment: Record<string, string>) {
    this.#child = new Deno.Command(path, {
      args,
      cwd: SOURCE,
      env: environment,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Headgate's process ID. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Writes to the guest's standard input, or nothing, and ends it. */
  async type(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
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
    if (!this.#child.stdin.locked) await this.#child.stdin.close().catch(() => {});
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
