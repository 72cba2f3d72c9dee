/**
 * The command `deno task packetdrill`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a tool talks to the terminal
import { type Persona, PERSONAS } from "./personas.ts";
import { formatTotals, formatVerdict, type Totals } from "./report.ts";
import { runText } from "./run.ts";

const USAGE = `usage: deno task packetdrill [--persona linux|freebsd] [--quiet] [--strict-end] \
DIR-OR-FILE...`;

interface Request {
  /** Undefined: what each script looks like. */
  readonly persona: Persona | undefined;
  readonly isQuiet: boolean;
  readonly strictEnd: boolean;
  readonly paths: readonly string[];
}

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

/** What the arguments ask for; undefined when they make no sense. */
function parseArguments(args: readonly string[]): Request | undefined {
  let persona: Persona | undefined;
  let isQuiet = false;
  let strictEnd = false;
  const paths: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    const name = /^--persona(?:=(.*))?$/.exec(arg);
    if (name) {
      persona = PERSONAS[name[1] ?? args[++at] ?? ""];
      if (!persona) return undefined;
    } else if (arg === "--quiet") isQuiet = true;
    else if (arg === "--strict-end") strictEnd = true;
    else if (arg.startsWith("-")) return undefined;
    else paths.push(arg);
  }
  return paths.length > 0 ? { persona, isQuiet, strictEnd, paths } : undefined;
}

/** Runs what `args` name; returns the exit code. */
function main(args: readonly string[]): number {
  const request = parseArguments(args);
  if (!request) {
    console.error(USAGE);
    return 2;
  }
  const { persona, isQuiet, strictEnd } = request;
  const missing = request.paths.find((path) => !exists(path));
  if (missing !== undefined) {
    console.error(`Cannot run ${missing}: there is no such file or folder`);
    return 2;
  }
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const path of request.paths.flatMap((path) => [...findScripts(path)])) {
    const verdict = runText(path, Deno.readTextFileSync(path), { persona, strictEnd });
    if (verdict.kind === "pass") totals.passed++;
    else if (verdict.kind === "skip") totals.skipped++;
    else totals.failed++;
    if (!isQuiet || verdict.kind === "fail") console.log(formatVerdict(path, verdict));
  }
  console.log(formatTotals(totals));
  return totals.failed === 0 ? 0 : 1;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

if (import.meta.main) Deno.exitCode = main(Deno.args);
