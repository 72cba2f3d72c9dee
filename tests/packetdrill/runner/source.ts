/**
 * The text of a script before it is parsed: without comments, and with the
 * branches of `#ifdef` that apply. Every line stays where it was.
 *
 * @module
 */

/** A stretch that comments have no power over, or a comment, or a lone slash. */
const PARTS =
  /`[^`]*`|%\{[\s\S]*?\}%|"(?:\\.|[^"\\\n])*"|\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?<=^[ \t]*)#[^\n]*/gm;

/** `text` with blanks in the place of comments and of branches without one of `names`. */
export function stripSource(text: string, names: ReadonlySet<string>): string {
  const chosen = chooseBranches(text, names);
  return chosen.replace(PARTS, (part) => /^(\/|#)/.test(part) ? part.replace(/[^\n]/g, " ") : part);
}

/** The comment in the first line, which in our own scripts names the requirements. */
export function titleOf(text: string): string | undefined {
  return /^\/\/[ \t]*([^\n]*)/.exec(text)?.[1]?.trim();
}

function chooseBranches(text: string, names: ReadonlySet<string>): string {
  if (!/^[ \t]*#[ \t]*if/m.test(text)) return text;
  const branches: { isTaken: boolean; readonly isReached: boolean }[] = [];
  return text.split("\n").map((line) => {
    const [, word, name = ""] = /^[ \t]*#[ \t]*(ifdef|ifndef|else|endif)\b[ \t]*(\w*)/.exec(line) ??
      [];
    const isReached = branches.every(({ isTaken }) => isTaken);
    const innermost = branches.at(-1);
    if (word === "ifdef") branches.push({ isTaken: names.has(name), isReached });
    else if (word === "ifndef") branches.push({ isTaken: !names.has(name), isReached });
    else if (word === "else" && innermost) innermost.isTaken = !innermost.isTaken;
    else if (word === "endif" && innermost) branches.pop();
    else return isReached ? line : "";
    return "";
  }).join("\n");
}
