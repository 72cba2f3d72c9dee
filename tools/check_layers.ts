/**
 * Checks the layers: imports go down, the core does nothing but compute, files stay short.
 *
 * A row may import itself and the rows before it in {@linkcode ROWS}. Tests are free to import.
 *
 * @module
 */
import { sources } from "./sources.ts";
import { type Token, tokenize } from "./tokenize.ts";

/** The rows of the grid, from the bottom. A file belongs to the first one that fits. */
export const ROWS: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: "base", pattern: /^lib\/base\/|^deno\.json$/ },
  {
    name: "wire formats",
    pattern:
      /^lib\/(ethernet|dhcp|ip|icmp|udp|tcp)\/(\w*header|options|address|flow|flow_table|seq)\.ts$/,
  },
  { name: "protocols", pattern: /^lib\/(ethernet|dhcp|ip|icmp|udp|tcp)\// },
  { name: "stack", pattern: /^lib\/stack\// },
  { name: "text", pattern: /^lib\/text\// },
  { name: "links and driver", pattern: /^lib\/(link\/|ffi\/|ffi_tun\.ts$|driver\.ts$)/ },
  { name: "forwarding and system", pattern: /^lib\/(dns|forward|namespace|observe)\// },
  { name: "commands", pattern: /^lib\/cli\// },
  { name: "entry points", pattern: /^(mod|cli)\.ts$/ },
];

/** The rows up to this one compute: no package, no clock, no input or output, no promise. */
const TOP_OF_CORE = ROWS.findIndex((row) => row.name === "stack");

/** What the core must not name. */
const EFFECTS: ReadonlySet<string> = new Set([
  ...["Date", "performance", "setTimeout", "setInterval", "queueMicrotask", "async", "await"],
  ...["Promise", "console", "Deno", "fetch", "crypto"],
]);

/** Files that may name an effect, and which. */
const ALLOWED_EFFECTS: Readonly<Record<string, readonly string[]>> = {
  "lib/base/random.ts": ["crypto"], // keys of initial sequence numbers must not be guessed
};

/** Lines that a file may have. Style asks for 300; beyond this the check fails. */
const MOST_LINES = 400;

/** Files that may be longer, with the reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};

/** What is wrong with the file at `path` (relative to the root), one sentence each. */
export function findFaults(path: string, source: string): string[] {
  const tokens = tokenize(source);
  const faults = [...findLengthFaults(path, source), ...findForeignCalls(path, tokens)];
  if (path.endsWith("_test.ts") || !/^(lib\/|mod\.ts$|cli\.ts$)/.test(path)) return faults;

  const row = rowOf(path);
  if (row < 0) return [...faults, `${path} is in no row: add its folder to ROWS`];
  faults.push(...findImportFaults(path, row, tokens));
  if (row <= TOP_OF_CORE) faults.push(...findEffects(path, tokens));
  return faults;
}

function rowOf(path: string): number {
  return ROWS.findIndex(({ pattern }) => pattern.test(path));
}

function findLengthFaults(path: string, source: string): string[] {
  const lines = source.split("\n").length - 1;
  if (lines <= MOST_LINES || path in LONG_FILES) return [];
  return [`${path} has ${lines} lines, more than ${MOST_LINES}: split it`];
}

function findForeignCalls(path: string, tokens: readonly Token[]): string[] {
  if (path.startsWith("lib/ffi/")) return [];
  return tokens
    .filter((token, at) => token.text === "dlopen" && namesMember(tokens, at, "Deno"))
    .map(({ line }) => `${path}:${line} calls Deno.dlopen, which belongs in lib/ffi/`);
}

function findImportFaults(path: string, row: number, tokens: readonly Token[]): string[] {
  const faults: string[] = [];
  for (const { text: specifier, line } of importsOf(tokens)) {
    const where = `${path}:${line} (${ROWS[row]?.name})`;
    if (!specifier.startsWith(".")) {
      if (row <= TOP_OF_CORE) faults.push(`${where} imports the package "${specifier}"`);
      continue;
    }
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const targetRow = rowOf(target);
    if (targetRow < 0) faults.push(`${where} imports ${target}, which is in no row`);
    else if (targetRow > row) {
      faults.push(`${where} imports ${target} (${ROWS[targetRow]?.name}), which is above it`);
    }
  }
  return faults;
}

/** The strings after `from`, `import` and `import(`. */
function importsOf(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }, at) => {
    const before = tokens[at - 1]?.text;
    if (kind !== "string") return false;
    return before === "from" || before === "import" ||
      (before === "(" && tokens[at - 2]?.text === "import");
  });
}

function findEffects(path: string, tokens: readonly Token[]): string[] {
  const faults: string[] = [];
  for (const [at, { kind, text, line }] of tokens.entries()) {
    if (kind !== "word" || ALLOWED_EFFECTS[path]?.includes(text)) continue;
    if (EFFECTS.has(text)) faults.push(`${path}:${line} mentions ${text}: the core only computes`);
    else if (text === "random" && namesMember(tokens, at, "Math")) {
      faults.push(`${path}:${line} mentions Math.random: take a Random instead`);
    }
  }
  return faults;
}

/** Whether the token at `at` is a member of `object`, as in `object.member` or `object?.member`. */
function namesMember(tokens: readonly Token[], at: number, object: string): boolean {
  let before = at - 1;
  while (tokens[before]?.kind === "sign" && "?.[".includes(tokens[before]?.text ?? "")) before--;
  return before < at - 1 && tokens[before]?.text === object;
}

if (import.meta.main) {
  const faults: string[] = [];
  for await (const path of sources(".ts")) {
    faults.push(...findFaults(path, await Deno.readTextFile(path)));
  }
  // deno-lint-ignore no-console -- a tool talks to the terminal
  for (const fault of faults.sort()) console.error(fault);
  Deno.exitCode = faults.length === 0 ? 0 : 1;
}
