/**
 * The arguments and results of system calls.
 *
 *     expression := term {('|' | '*' | '+' | '-') term}
 *     term       := '...' | number | name | string | '-' term | '~' term | '(' expression ')'
 *                 | '[' list ']' | '{' list '}' | name '(' list ')'
 *     list       := [item {',' item}]          item := [name ['(' n ')'] '='] expression
 *
 * Names stand for themselves until somebody asks for their {@linkcode numberOf}.
 *
 * @module
 */
import type { Scanner } from "../../harness/scanner.ts";
import { CONSTANTS } from "./constants.ts";
import { Unsupported } from "./failure.ts";

/** An item of a list; `name` when it is a field of a structure. */
export interface Item {
  readonly name: string | undefined;
  readonly value: Expression;
}

/** An argument, or a result. */
export type Expression =
  | { readonly kind: "ellipsis" }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "string"; readonly text: string }
  | {
    readonly kind: "operation";
    readonly operator: string;
    readonly left: Expression;
    readonly right: Expression;
  }
  | { readonly kind: "list" | "structure"; readonly items: readonly Item[] }
  | { readonly kind: "call"; readonly name: string; readonly items: readonly Item[] };

/** How deep expressions may nest. */
const DEEPEST = 50;

/** Reads an expression. */
export function parseExpression(scanner: Scanner, depth = 0): Expression {
  return parseOperation(scanner, /[|*+-]/y, depth);
}

/** Reads what a call returns. No sums: a `+` or `*` begins the next event. */
export function parseResult(scanner: Scanner): Expression {
  return parseOperation(scanner, /[|]/y, 0);
}

function parseOperation(scanner: Scanner, operators: RegExp, depth: number): Expression {
  if (depth > DEEPEST) scanner.fail("something less deep");
  let left = parseTerm(scanner, depth);
  for (let sign = scanner.accept(operators); sign; sign = scanner.accept(operators)) {
    const right = parseTerm(scanner, depth);
    left = { kind: "operation", operator: sign[0], left, right };
  }
  return left;
}

function parseTerm(scanner: Scanner, depth: number): Expression {
  if (scanner.accept(/\.\.\./y)) return { kind: "ellipsis" };
  const number = scanner.accept(/0x[0-9a-f]+|\d+(?:\.\d+)?|\.\d+/iy);
  if (number) return { kind: "number", value: Number(number[0]) };
  const string = scanner.accept(/"((?:\\.|[^"\\])*)"/y);
  if (string) return { kind: "string", text: string[1] ?? "" };
  const sign = scanner.accept(/[-~]/y);
  if (sign) {
    const left: Expression = { kind: "number", value: sign[0] === "-" ? 0 : -1 };
    return { kind: "operation", operator: "-", left, right: parseDeeper(scanner, depth) };
  }
  if (scanner.accept(/\(/y)) {
    const inner = parseExpression(scanner, depth + 1);
    scanner.expect(/\)/y, '")"');
    return inner;
  }
  if (scanner.accept(/\[/y)) return { kind: "list", items: parseItems(scanner, /]/y, depth + 1) };
  if (scanner.accept(/\{/y)) {
    return { kind: "structure", items: parseItems(scanner, /\}/y, depth + 1) };
  }
  const [name] = scanner.expect(/[A-Za-z_]\w*/y, "a value");
  if (!scanner.accept(/\(/y)) return { kind: "name", name };
  return { kind: "call", name, items: parseItems(scanner, /\)/y, depth + 1) };
}

function parseDeeper(scanner: Scanner, depth: number): Expression {
  if (depth > DEEPEST) scanner.fail("something less deep");
  return parseTerm(scanner, depth + 1);
}

/** Reads a list up to its `end`. */
export function parseItems(scanner: Scanner, end: RegExp, depth = 0): Item[] {
  const items: Item[] = [];
  while (!scanner.accept(end)) {
    if (items.length > 0) {
      scanner.expect(/,/y, '","');
      if (scanner.accept(end)) break; // a comma may stand after the last
    }
    const name = scanner.accept(/\.?([A-Za-z_]\w*)\s*(?:\(\s*(?:\d+|\.\.\.)\s*\)\s*)?=(?!=)/y)?.[1];
    items.push({ name, value: parseExpression(scanner, depth) });
  }
  return items;
}

/** The number that `expression` is, or undefined when it is none. */
export function tryNumber(expression: Expression | undefined): number | undefined {
  switch (expression?.kind) {
    case "number":
      return expression.value;
    case "name":
      return CONSTANTS.get(expression.name);
    case "operation": {
      const left = tryNumber(expression.left);
      const right = tryNumber(expression.right);
      if (left === undefined || right === undefined) return undefined;
      if (expression.operator === "|") return left | right;
      if (expression.operator === "*") return left * right;
      return expression.operator === "+" ? left + right : left - right;
    }
    case "list": // a value behind a pointer
      return expression.items.length === 1 ? tryNumber(expression.items[0]?.value) : undefined;
    default:
      return undefined;
  }
}

/**
 * The number that `expression` is.
 *
 * @throws {Unsupported} When it is none, or has a name that is not known.
 */
export function numberOf(expression: Expression | undefined): number {
  const number = tryNumber(expression);
  if (number === undefined) throw new Unsupported(`${format(expression)} is not a known number`);
  return number;
}

/** The field `name` of a structure, which may stand behind a pointer. */
export function fieldOf(expression: Expression | undefined, name: string): Expression | undefined {
  if (expression?.kind !== "structure" && expression?.kind !== "list") return undefined;
  for (const item of expression.items) {
    if (item.name === name) return item.value;
  }
  if (expression.kind === "list" && expression.items.length === 1) {
    return fieldOf(expression.items[0]?.value, name);
  }
  return undefined;
}

/** `expression` as a script would have it. */
export function format(expression: Expression | undefined): string {
  switch (expression?.kind) {
    case undefined:
      return "nothing";
    case "ellipsis":
      return "...";
    case "number":
      return String(expression.value);
    case "name":
      return expression.name;
    case "string":
      return JSON.stringify(expression.text);
    case "operation":
      return `${format(expression.left)}${expression.operator}${format(expression.right)}`;
    case "list":
      return `[${formatItems(expression.items)}]`;
    case "structure":
      return `{${formatItems(expression.items)}}`;
    case "call":
      return `${expression.name}(${formatItems(expression.items)})`;
  }
}

function formatItems(items: readonly Item[]): string {
  return items.map(({ name, value }) => `${name ? `${name}=` : ""}${format(value)}`).join(", ");
}
