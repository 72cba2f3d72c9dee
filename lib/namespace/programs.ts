/**
 * Programs: where they are, and whether they can be executed.
 *
 * @module
 */

/** Where administrators' programs are, which a user's PATH may lack. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** What looking for a program yields. */
export type Program =
  | { readonly found: "executable"; readonly path: string }
  /** There is such a file, but it cannot be executed. */
  | {
    readonly found: "other";
    readonly path: string;
    readonly why: string;
    readonly isFile: boolean;
  }
  | { readonly found: "nothing" };

/**
 * Looks for a program as a shell does: in the folders of PATH, if its name has no slash.
 *
 * @param folders More folders to look in, after those. @default {none}
 */
export function findProgram(name: string, folders: readonly string[] = []): Program {
  if (name.includes("/")) return examine(name);
  const all = [...(Deno.env.get("PATH") ?? "").split(":"), ...folders];
  let best: Program = { found: "nothing" };
  for (const folder of all) {
    const program = examine(`${folder === "" ? "." : folder}/${name}`);
    if (program.found === "executable") return program;
    if (best.found === "nothing" && program.found === "other" && program.isFile) best = program;
  }
  return best;
}

/** The path of a program that belongs to the system, or undefined if there is none. */
export function findSystemProgram(name: string): string | undefined {
  const program = findProgram(name, SYSTEM_FOLDERS);
  return program.found === "executable" ? program.path : undefined;
}

function examine(path: string): Program {
  const other = (why: string, isFile: boolean) => ({ found: "other", path, why, isFile } as const);
  try {
    const { isDirectory, isFile, mode } = Deno.statSync(path);
    if (isDirectory) return other("is a directory", false);
    // Whether we, of all, may execute it is for the kernel to say.
    const isExecutable = isFile && ((mode ?? 0) & 0o111) !== 0;
    return isExecutable ? { found: "executable", path } : other("is not executable", isFile);
  } catch (error) {
    const isThere = error instanceof Deno.errors.PermissionDenied;
    return isThere ? other("is in a folder that we may not enter", false) : { found: "nothing" };
  }
}
