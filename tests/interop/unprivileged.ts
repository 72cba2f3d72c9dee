/**
 * Lets root run headgate as a user without any rights.
 *
 * That user must be able to execute Deno and to read headgate and its
 * packages, wherever they are; what it cannot read is copied.
 *
 * @module
 */

/** "nobody", as everywhere. */
const UID = "65534";

/** A user without rights who can run headgate; see the module's description. */
export class Unprivileged {
  /** The words before those of a program that this user is to run. */
  readonly words: readonly string[] = [
    ...["setpriv", `--reuid=${UID}`, `--regid=${UID}`, "--clear-groups", "--"],
  ];
  /** Deno, where the user can execute it. */
  readonly deno: string;
  /** The file that runs headgate, where the user can read it. */
  readonly cli: string;
  /** What the user's Deno must know. */
  readonly environment: Readonly<Record<string, string>>;

  static #one: Unprivileged | undefined;

  /** The same for all tests of a file, since the copying takes time; removed at the file's end. */
  static one(cli: string): Unprivileged {
    return Unprivileged.#one ??= Unprivileged.#make(cli);
  }

  static #make(cli: string): Unprivileged {
    const folder = Deno.makeTempDirSync({ prefix: "headgate-interop-home-" });
    Deno.chmodSync(folder, 0o755);
    globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    return new Unprivileged(folder, cli);
  }

  private constructor(folder: string, cli: string) {
    Deno.chmodSync("/dev/net/tun", 0o666);
    this.deno = this.#can("-x", Deno.execPath()) ? Deno.execPath() : `${folder}/deno`;
    if (this.deno !== Deno.execPath()) Deno.copyFileSync(Deno.execPath(), this.deno);
    this.cli = this.#can("-r", cli) ? cli : `${folder}/source/cli.ts`;
    if (this.cli !== cli) copySource(cli, `${folder}/source`);
    this.environment = { HOME: folder, DENO_DIR: `${folder}/cache` };
    const { denoDir } = JSON.parse(call(Deno.execPath(), "info", "--json"));
    Deno.mkdirSync(`${folder}/cache`);
    copy(`${denoDir}/npm`, `${folder}/cache/npm`);
    call("chown", "-R", `${UID}:${UID}`, `${folder}/cache`);
  }

  /** Whether the user may do that with a file, as test(1) calls it. */
  #can(what: "-r" | "-x", path: string): boolean {
    const [program = "", ...args] = [...this.words, "test", what, path];
    return new Deno.Command(program, { args }).outputSync().success;
  }
}

/** Copies headgate without what only its developers need. */
function copySource(cli: string, folder: string): void {
  const root = cli.slice(0, cli.lastIndexOf("/"));
  Deno.mkdirSync(folder);
  for (const name of ["cli.ts", "deno.json", "deno.lock", "compat", "lib"]) {
    copy(`${root}/${name}`, `${folder}/${name}`);
  }
  call("chmod", "-R", "a+rX", folder);
}

function copy(from: string, to: string): void {
  call("cp", "-R", "--", from, to);
}

function call(program: string, ...args: string[]): string {
  const output = new Deno.Command(program, { args, env: { NO_COLOR: "1" } }).outputSync();
  const decoder = new TextDecoder();
  if (!output.success) throw new Error(`Cannot ${program}: ${decoder.decode(output.stderr)}`);
  return decoder.decode(output.stdout);
}
