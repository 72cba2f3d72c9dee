/**
 * Finds where headgate's options end and the command begins, and says so with `--`.
 *
 * Cliffy could stop at the first argument by itself (`stopEarly`), but then it drops a `--` among
 * the command's own words, and takes an unknown option for the program: `run --mtuu 3 x` would run
 * `--mtuu`. Behind a `--` it leaves every word alone.
 *
 * @module
 */
import { UsageError } from "./usage_error.ts";

/**
 * Copies `words` with `--` before the first word that is neither an option nor an option's value.
 * If there already is a `--` before it, or no such word, nothing is added.
 *
 * @param takesValue Whether the option of that name (without dashes) has a value.
 * @throws {UsageError} If an option's value is empty: Cliffy would ignore the option.
 */
export function markCommand(
  words: readonly string[],
  takesValue: (name: string) => boolean,
): string[] {
  let at = 0;
  for (let word = words[at]; word !== undefined; word = words[at]) {
    if (word === "--") return [...words];
    if (word.length < 2 || !word.startsWith("-")) {
      return [...words.slice(0, at), "--", ...words.slice(at)];
    }
    const [flag, inline] = splitOnce(word, "=");
    // Short options may be joined; only the last one's value is the next word.
    const name = flag.startsWith("--") ? flag.slice(2) : flag.slice(-1);
    const value = inline ?? words[at + 1];
    if (takesValue(name)) {
      if (value === "") throw new UsageError(`invalid ${flag} ""`, "it is empty", SEE_HELP);
      if (inline === undefined) at++;
    }
    at++;
  }
  return [...words];
}

/** Where the options of `headgate run` are explained. */
export const SEE_HELP = 'see "headgate run --help"';

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
