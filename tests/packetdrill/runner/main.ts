/**
 * The command `deno task packetdrill`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a tool talks to the terminal
import { PERSONAS } from "./personas.ts";
import { formatTotals, formatVerdict, type Totals } from "./report.ts";
import { runText } from "./run.ts";

const USAGE = `usage: deno task packetdrill [--persona linux|freebsd] [--quiet] [--strict-end] \
DIR-OR-FILE...`;

/** The scripts at and under `path`, in order. */
export function* findScripts(path: string): Generator<string> {
  if (!Deno.statSync(path).isDirectory) return yield path;
  const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    const inside = path.endsWith("/") ? path + name : `${path}/${name}`;
    if (isDirectory) yield* findScripts(inside);
    else if (name.endsWith(".pkt")) yield inside;
  }
}

/** Runs what `args` name; returns the exit code. */
function main(args: readonly string[]): number {
  let persona = PERSONAS["linux"];
  let isQuiet = false;
  let strictEnd = false;
  const paths: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const name = /^--persona(?:=(.*))?$/.exec(arg);
    if (name) persona = PERSONAS[name[1] ?? args[++at] ?? ""];
    else if (arg === "--quiet") isQuiet = true;
    else if (arg === "--strict-end") strictEnd = true;
    else if (arg.startsWith("-")) persona = undefined;
    else paths.push(arg);
  }
  if (!persona || paths.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const path of paths.flatMap((path) => [...findScripts(path)])) {
    const verdict = runText(path, Deno.readTextFileSync(path), { persona, strictEnd });
    if (verdict.kind === "pass") totals.passed++;
    else if (verdict.kind === "skip") totals.skipped++;
    else totals.failed++;
    if (!isQuiet || verdict.kind === "fail") console.log(formatVerdict(path, verdict));
  }
  console.log(formatTotals(totals));
  return totals.failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exitCode = main(Deno.args);
