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
  | { readonly found: "other"; readonly path: string; readonly why: string }
  | { readonly found: "nothing" };

/**
 * Looks for a program as a shell does: in the folders of PATH, if its name has no slash.
 *
 * @param folders More folders to look in, after those. @default {none}
 */
export function findProgram(name: string, folders: readonly string[] = []): Program {
  if (name.includes("/")) return examine(name);
  let other: Program = { found: "nothing" };
  for (const folder of [...(Deno.env.get("PATH") ?? "").split(":"), ...folders]) {
    const program = examine(`${folder === "" ? "." : folder}/${name}`);
    if (program.found === "executable") return program;
    if (program.found === "other") other = program;
  }
  return other;
}

/** The path of a program that belongs to the system, or undefined if there is none. */
export function findSystemProgram(name: string): string | undefined {
  const program = findProgram(name, SYSTEM_FOLDERS);
  return program.found === "executable" ? program.path : undefined;
}

function examine(path: string): Program {
  try {
    const { isDirectory, isFile, mode } = Deno.statSync(path);
    if (isDirectory) return { found: "other", path, why: "is a directory" };
    // Whether we, of all, may execute it is for the kernel to say.
    const isExecutable = isFile && ((mode ?? 0) & 0o111) !== 0;
    return isExecutable
      ? { found: "executable", path }
      : { found: "other", path, why: "is not executable" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return { found: "nothing" };
    }
    return { found: "other", path, why: "cannot be read" };
  }
}
