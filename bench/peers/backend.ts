/**
 * What is measured: something that gives a guest its network.
 *
 * @module
 */

/** How a guest is to be. */
export interface GuestSettings {
  /** Bytes of the largest packet on the guest's link. */
  readonly mtu: number;
  /** What runs in the guest; its standard input and output are pipes. */
  readonly command: readonly string[];
}

/** A guest that runs. */
export interface Guest {
  /** What was started for the guest's command; its pipes are the command's. */
  readonly child: Deno.ChildProcess;
  /** The process that carries the guest's traffic; none if nobody does. */
  readonly forwarder: number | undefined;
  /** Where the guest finds the host's loopback: of IPv4, of IPv6. */
  readonly hosts: Readonly<Record<4 | 6, string>>;
  /** Ends it, and all that belongs to it. */
  end(): Promise<void>;
}

/** One of those that are compared. */
export interface Backend {
  readonly name: string;
  /** What it calls itself. */
  readonly version: string;
  /** What /proc/PID/exe of its forwarder begins with; none if nobody forwards. */
  readonly program: string | undefined;
  /** Starts a guest. */
  start(settings: GuestSettings): Promise<Guest>;
  /** Words that run `true` as its users would, by what this is called; the whole is timed. */
  readonly wholeRuns?: Readonly<Record<string, readonly string[]>>;
}

/** Why something that could be compared is not. */
export class Missing extends Error {}

/** A process whose input and output are ours; what it complains of is seen. */
export function spawn(words: readonly string[]): Deno.ChildProcess {
  const [program = "", ...args] = words;
  const env = { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
  return new Deno.Command(program, { args, env, stdin: "piped", stdout: "piped", stderr: "null" })
    .spawn();
}

/** Ends a process; resolves when it has ended. */
export async function kill(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
  await child.status;
}

/** Runs a program to its end. @throws {Error} with what it said if it fails. */
export async function call(...words: readonly string[]): Promise<string> {
  const [program = "", ...args] = words;
  const command = new Deno.Command(program, { args, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const said = new TextDecoder().decode(stdout);
  if (success) return said;
  throw new Error(`${words.join(" ")}: ${new TextDecoder().decode(stderr).trim() || said.trim()}`);
}

/** The path of a program that may be there. */
export function findProgram(name: string): string | undefined {
  const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
  return folders.map((folder) => `${folder}/${name}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** The path of a program that has to be there. @throws {Missing} */
export function needProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Missing(`no ${name} on this machine`);
  return path;
}
