/**
 * The files of the project.
 *
 * @module
 */

/** All files with this `extension`, relative to the root; hidden folders and scratch are left out. */
export async function* sources(extension: string, folder = "."): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name.startsWith(".") || name === "tmp" || name === "node_modules") continue;
    const path = folder === "." ? name : `${folder}/${name}`;
    if (isDirectory) yield* sources(extension, path);
    else if (name.endsWith(extension)) yield path;
  }
}
