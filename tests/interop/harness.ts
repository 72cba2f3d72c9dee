/**
 * Runs headgate as its users do: a process of its own, a real TUN device, real
 * programs in the guest, as root and as a user without rights.
 *
 * Every process that a test starts carries a mark in its environment, and so
 * does all that comes of it, so that nothing can be left over unseen.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { DENO_RUN } from "./deno_run.ts";
import { HostServer } from "./host.ts";
import { eventually, markedProcesses, networkOfHost } from "./machine.ts";
import { Unprivileged } from "./unprivileged.ts";

/** Who runs headgate. */
export type User = "root" | "rootless";

/** The file that runs headgate. */
export const CLI: string = new URL("../../cli.ts", import.meta.url).pathname;
/** Where the guest finds the host's 127.0.0.1. */
export const HOST = "10.0.2.2";
/** Where the guest finds the host's ::1. */
const HOST_IPV6 = "fd00::2";
/** The variable in which the guest's programs find the scene's host. */
const HOST_VARIABLE = "HEADGATE_INTEROP_HOST";

/** A version of IP. */
export type Family = 4 | 6;

const ENVIRONMENT_MARK = "HEADGATE_INTEROP";
const SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Longer than any command of a test takes on a slow machine, in milliseconds. */
const COMMAND_TIMEOUT = 60_000;

/** What became of a run of headgate. */
export interface Outcome {
  /** The exit status as a shell has it: 128 + n after signal n. */
  readonly code: number;
  /** What the command wrote. */
  readonly bytes: Uint8Array;
  /** The same as text. */
  readonly stdout: string;
  /** What the command and headgate said. */
  readonly stderr: string;
}

/** How headgate is to be run. */
export interface RunSettings {
  /** Options of `headgate run`. */
  readonly options?: readonly string[];
  /** Its standard input. @default {"null"} */
  readonly stdin?: "null" | "piped";
  /** Its working directory. */
  readonly cwd?: string;
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Words before those of headgate, which they end by executing. */
  readonly prefix?: readonly string[];
  /** In milliseconds; then headgate is killed and the test fails. @default {60000} */
  readonly timeout?: number;
}

/** What a test needs besides headgate itself. */
export interface Needs {
  /** Programs that the test runs. */
  readonly programs?: readonly string[];
  /** Who is to run headgate. @default both */
  readonly users?: readonly User[];
  /** Whether the test itself has to be root's, whoever runs headgate. @default {false} */
  readonly needsRoot?: boolean;
  /** Over what guest and host talk; IPv6 is tried by the first of the users. @default {[4]} */
  readonly families?: readonly Family[];
  /** Why it cannot be done on this machine, if so. */
  readonly obstacle?: string;
}

/** Registers a test that runs headgate, one for each user and family. */
export function interopTest(
  name: string,
  needs: Needs,
  body: (scene: Scene) => Promise<void>,
): void {
  const { users = ["root", "rootless"], families = [4] } = needs;
  for (const family of families) {
    const over = families.length > 1 ? `, over IPv${family}` : "";
    // What differs between users is how the device is made, not what goes through it.
    for (const user of family === 6 ? users.slice(0, 1) : users) {
      const why = reasonToSkip(user, family, needs);
      const suffix = why === undefined ? "" : ` (skipped: ${why})`;
      Deno.test({
        name: `${name}${over}, ${user === "root" ? "as root" : "rootless"}${suffix}`,
        ignore: why !== undefined,
        fn: async () => {
          const before = await networkOfHost();
          await using scene = new Scene(user, family);
          await body(scene);
          await scene.end();
          await eventually(async () => assertEquals(await networkOfHost(), before));
        },
      });
    }
  }
}

function reasonToSkip(user: User, family: Family, needs: Needs): string | undefined {
  const { programs = [], needsRoot, obstacle } = needs;
  if (!exists("/dev/net/tun")) return "no /dev/net/tun";
  if (family === 6 && !hasIpv6Loopback()) return "no IPv6";
  if ((user === "root" || needsRoot) && Deno.uid() !== 0) return "not root";
  const missing = [...programs, "ip", "unshare", "setpriv"].filter((name) => !findProgram(name));
  return missing.length > 0 ? `no ${missing.join(", ")}` : obstacle;
}

function hasIpv6Loopback(): boolean {
  const file = "/proc/net/if_inet6";
  return exists(file) && / lo$/m.test(Deno.readTextFileSync(file));
}

function findProgram(name: string): string | undefined {
  return SEARCH_PATH.split(":").map((folder) => `${folder}/${name}`).find(exists);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** One test: starts headgate, and sees to it that nothing is left. */
export class Scene implements AsyncDisposable {
  /** Who runs headgate here. */
  readonly user: User;
  /** Over what guest and host talk here. */
  readonly family: Family;
  readonly #mark: string = crypto.randomUUID();
  readonly #started: Headgate[] = [];
  readonly #folder: string = Deno.makeTempDirSync({ prefix: "headgate-interop-" });
  readonly #unprivileged: Unprivileged | undefined;

  constructor(user: User, family: Family) {
    this.user = user;
    this.family = family;
    Deno.chmodSync(this.#folder, 0o777);
    if (user === "rootless" && Deno.uid() === 0) this.#unprivileged = Unprivileged.one(CLI);
  }

  /** A folder of the test's own, in which the guest may write. */
  get folder(): string {
    return this.#folder;
  }

  /** Where the guest finds the host's loopback. */
  get host(): string {
    return this.family === 4 ? HOST : HOST_IPV6;
  }

  /** The same with a port, as in a URL. */
  hostWithPort(port: number): string {
    return this.family === 4 ? `${HOST}:${port}` : `[${HOST_IPV6}]:${port}`;
  }

  /** The address of the host's loopback. */
  get loopback(): string {
    return this.family === 4 ? "127.0.0.1" : "::1";
  }

  /** Serves on the host's loopback. */
  serve(serve: (connection: Deno.TcpConn) => Promise<void>): HostServer {
    return new HostServer(serve, this.loopback);
  }

  /** Starts `headgate run` with `command`. */
  start(command: readonly string[], settings: RunSettings = {}): Headgate {
    const words = [
      ...settings.prefix ?? [],
      ...this.#unprivileged?.words ?? [],
      ...[this.#unprivileged?.deno ?? Deno.execPath(), ...DENO_RUN],
      ...[this.#unprivileged?.cli ?? CLI, "run", ...settings.options ?? [], "--", ...command],
    ];
    const [program = "", ...args] = words;
    const headgate = new Headgate(program, args, {
      cwd: settings.cwd ?? this.#folder,
      clearEnv: true,
      env: {
        PATH: SEARCH_PATH,
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        [ENVIRONMENT_MARK]: this.#mark,
        [HOST_VARIABLE]: this.host,
        ...this.#unprivileged?.environment ?? environmentOfDeno(),
        ...settings.env,
      },
      stdin: settings.stdin ?? "null",
    }, settings.timeout ?? COMMAND_TIMEOUT);
    this.#started.push(headgate);
    return headgate;
  }

  /** Runs `headgate run` with `command` until it ends. */
  run(command: readonly string[], settings: RunSettings = {}): Promise<Outcome> {
    return this.start(command, settings).outcome;
  }

  /** Runs a Python program in the guest until it ends, and expects it to succeed. */
  async python(program: string, settings: RunSettings = {}): Promise<Outcome> {
    const outcome = await this.run(python(program), settings);
    assertEquals(outcome.code, 0, outcome.stderr);
    return outcome;
  }

  /** The processes that have come of this scene and are still there. */
  leftovers(): string[] {
    return markedProcesses(this.#mark);
  }

  /** Fails if anything is left of what was started. */
  async end(): Promise<void> {
    await Promise.all(this.#started.map((headgate) => headgate.outcome));
    await eventually(() => assertEquals(this.leftovers(), []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const headgate of this.#started) headgate.kill("SIGKILL");
    await Promise.allSettled(this.#started.map((headgate) => headgate.outcome));
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** A run of headgate. */
export class Headgate {
  /** Everything about it, once it has ended; rejects when it had to be killed. */
  readonly outcome: Promise<Outcome>;
  readonly #child: Deno.ChildProcess;
  #isOver = false;
  #isLate = false;
  #said = "";

  constructor(program: string, args: string[], options: Deno.CommandOptions, timeout: number) {
    const command = new Deno.Command(program, {
      ...options,
      args,
      stdout: "piped",
      stderr: "piped",
    });
    this.#child = command.spawn();
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.kill("SIGKILL");
    }, timeout);
    this.outcome = this.#wait(timeout).finally(() => clearTimeout(timer));
    this.outcome.catch(() => {}); // who waits for it gets it
  }

  /** Its process ID. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What the command reads. */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdin;
  }

  /** What has been written so far, by the command on its output. */
  get said(): string {
    return this.#said;
  }

  /** Sends headgate a signal, if it has not ended. */
  kill(signal: Deno.Signal): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  /** Resolves when the command has written `text`. */
  async untilSaid(text: string): Promise<void> {
    await eventually(() => {
      if (!this.#said.includes(text)) throw new Error(`It has not said "${text}": ${this.#said}`);
    }, COMMAND_TIMEOUT);
  }

  async #wait(timeout: number): Promise<Outcome> {
    const [status, bytes, stderr] = await Promise.all([
      this.#child.status.finally(() => this.#isOver = true),
      this.#collect(),
      new Response(this.#child.stderr).text(),
    ]);
    if (this.#isLate) throw new Error(`Not over after ${timeout} ms: ${this.#said}\n${stderr}`);
    return { code: status.code, bytes, stdout: new TextDecoder().decode(bytes), stderr };
  }

  async #collect(): Promise<Uint8Array> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      chunks.push(chunk);
      this.#said = (this.#said + decoder.decode(chunk, { stream: true })).slice(-10_000);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }
}

/** The words that run a Python program, which finds the usual modules imported. */
export function python(program: string): string[] {
  const prelude = `
import errno, hashlib, json, os, select, signal, socket, struct, sys, threading, time
def connect(port, host=os.environ.get("${HOST_VARIABLE}")):
  return socket.create_connection((host, int(port)), timeout=50)
def reset(connection):
  connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
  connection.close()
def receive_all(connection):
  return b"".join(iter(lambda: connection.recv(1 << 18), b""))
`;
  return ["python3", "-c", prelude + program];
}

/** Tells a figure that was measured and is not asserted. */
export function report(line: string): void {
  // deno-lint-ignore no-console -- figures are for who reads the log
  console.error(`    ${line}`);
}

function environmentOfDeno(): Record<string, string> {
  const names = ["HOME", "DENO_DIR", "XDG_CACHE_HOME"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}
