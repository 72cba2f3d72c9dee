/**
 * The flags of the benchmark.
 *
 * @module
 */

/** What is to be measured, and where the figures go. */
export interface Settings {
  /** How often everything is measured. */
  readonly runs: number;
  /** How long each measurement is to take. */
  readonly seconds: number;
  /** The backends; none: all that there are. */
  readonly only: readonly string[];
  /** The beginnings of the names of what is measured; none: everything. */
  readonly rows: readonly string[];
  /** The file for all figures. */
  readonly json?: string;
  /** The folder for the charts, and for the page that shows them. */
  readonly charts?: string;
}

/** How to call the benchmark. */
export const USAGE = `deno task bench:peers [--runs N] [--seconds S] [--only NAME,...] \
[--rows BEGINNING,...] [--json FILE] [--charts FOLDER]`;

/**
 * What the command line asks for.
 *
 * @param backends What can be measured.
 * @param measures What can be measured of it, by name.
 * @throws {SyntaxError} If it is not understood.
 */
export function parseFlags(
  words: readonly string[],
  backends: readonly string[],
  measures: readonly string[],
): Settings {
  const given = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) {
    const [flag = "", value] = [words[at], words[at + 1]];
    if (!FLAGS.includes(flag)) throw new SyntaxError(`Cannot understand "${flag}": ${USAGE}`);
    if (value === undefined) throw new SyntaxError(`Cannot take ${flag} without a value: ${USAGE}`);
    given.set(flag, value);
  }
  const only = listOf(given.get("--only"));
  const unknown = only.find((name) => !backends.includes(name));
  if (unknown !== undefined) {
    throw new SyntaxError(`Cannot measure "${unknown}": there are ${backends.join(", ")}`);
  }
  const rows = listOf(given.get("--rows"));
  const empty = rows.find((beginning) => !measures.some((name) => name.startsWith(beginning)));
  if (empty !== undefined) {
    throw new SyntaxError(`Cannot measure "${empty}": there are ${measures.join(", ")}`);
  }
  const json = given.get("--json");
  const charts = given.get("--charts");
  return {
    runs: numberOf("--runs", given.get("--runs") ?? "3"),
    seconds: numberOf("--seconds", given.get("--seconds") ?? "1"),
    only,
    rows,
    ...(json !== undefined && { json }),
    ...(charts !== undefined && { charts }),
  };
}

const FLAGS: readonly string[] = [
  ...["--runs", "--seconds", "--only", "--rows", "--json", "--charts"],
];

function listOf(text: string | undefined): readonly string[] {
  return text?.split(",") ?? [];
}

function numberOf(flag: string, text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new SyntaxError(`Cannot take ${flag} "${text}": it is a whole number from 1 to 999`);
}
