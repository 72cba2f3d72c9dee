/**
 * The Python of scripts: assertions about `tcp_info`, and variables for them.
 *
 *     statement := 'assert' test [',' text] | 'print' ... | name ('=' | '+=' | '-=') test
 *     test      := and {'or' and}          and := not {'and' not}      not := ['not'] comparison
 *     comparison := sum {('==' | '!=' | '<' | '<=' | '>' | '>=') sum}
 *     sum       := the operators | ^ & << >> + - * / // %, as tightly as in Python
 *
 * @module
 */
import { Scanner } from "../../harness/scanner.ts";
import { Mismatch, Unsupported } from "./failure.ts";

/** Says what a name stands for. */
export type Lookup = (name: string) => number | undefined;

/** Binary operators, from the loosest. */
const LEVELS:
  readonly (readonly [RegExp, Readonly<Record<string, (a: number, b: number) => number>>])[] = [
    [/\|/y, { "|": (a, b) => a | b }],
    [/\^/y, { "^": (a, b) => a ^ b }],
    [/&/y, { "&": (a, b) => a & b }],
    [/<<|>>/y, { "<<": (a, b) => a << b, ">>": (a, b) => a >> b }],
    [/[+-](?!=)/y, { "+": (a, b) => a + b, "-": (a, b) => a - b }],
    [/\*|\/\/|\/|%/y, {
      "*": (a, b) => a * b,
      "//": (a, b) => Math.floor(a / b),
      "/": (a, b) => a / b,
      "%": (a, b) => a - b * Math.floor(a / b),
    }],
  ];

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const DEEPEST = 50;

/** The variables of a script, which live as long as it does. */
export class Python {
  readonly #variables = new Map<string, number>();
  readonly #lookup: Lookup;
  /** What names stood for in the last assertion. */
  readonly #seen = new Map<string, number>();

  /** Names that are no variables mean what `lookup` says. */
  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  /**
   * Runs `code`.
   *
   * @throws {Mismatch} When an assertion does not hold.
   */
  run(code: string): void {
    for (const statement of splitStatements(code)) this.#runStatement(statement);
  }

  #runStatement(statement: string): void {
    if (/^(print\b|import\b|pass$)/.test(statement)) return;
    const scanner = new Scanner(statement);
    if (scanner.accept(/assert\b/y)) {
      this.#seen.clear();
      const holds = this.#test(scanner, 0) !== 0;
      if (!scanner.isAtEnd) scanner.expect(/,/y, "the end of the assertion");
      if (holds) return;
      const values = [...this.#seen].map(([name, value]) => `${name} is ${value}`).join(", ");
      throw new Mismatch(`${statement} does not hold: ${values}`);
    }
    const assignment = scanner.accept(/([A-Za-z_]\w*)\s*([+-]?)=(?!=)/y);
    if (!assignment) throw new Unsupported(`the Python "${statement}" is not served`);
    const [, name = "", sign] = assignment;
    const value = this.#test(scanner, 0);
    if (!scanner.isAtEnd) scanner.fail("the end of the statement");
    const before = sign ? this.#valueOf(name) : 0;
    this.#variables.set(name, sign === "-" ? before - value : before + value);
  }

  #test(scanner: Scanner, depth: number): number {
    let value = this.#conjunction(scanner, depth);
    while (scanner.accept(/or\b/y)) value = this.#conjunction(scanner, depth) || value;
    return value;
  }

  #conjunction(scanner: Scanner, depth: number): number {
    let value = this.#negation(scanner, depth);
    while (scanner.accept(/and\b/y)) {
      const right = this.#negation(scanner, depth);
      value = value && right;
    }
    return value;
  }

  #negation(scanner: Scanner, depth: number): number {
    if (!scanner.accept(/not\b/y)) return this.#comparison(scanner, depth);
    return this.#comparison(scanner, depth) ? 0 : 1;
  }

  #comparison(scanner: Scanner, depth: number): number {
    let left = this.#binary(scanner, 0, depth);
    let holds: boolean | undefined;
    for (;;) {
      const compare = COMPARISONS[scanner.accept(/[=!]=|[<>]=?/y)?.[0] ?? ""];
      if (!compare) return holds === undefined ? left : Number(holds);
      const right = this.#binary(scanner, 0, depth);
      holds = (holds ?? true) && compare(left, right);
      left = right;
    }
  }

  #binary(scanner: Scanner, level: number, depth: number): number {
    const operators = LEVELS[level];
    if (!operators) return this.#operand(scanner, depth);
    let left = this.#binary(scanner, level + 1, depth);
    for (;;) {
      const operator = operators[1][scanner.accept(operators[0])?.[0] ?? ""];
      if (!operator) return left;
      left = operator(left, this.#binary(scanner, level + 1, depth));
    }
  }

  #operand(scanner: Scanner, depth: number): number {
    if (depth > DEEPEST) scanner.fail("something less deep");
    if (scanner.accept(/-/y)) return -this.#operand(scanner, depth + 1);
    if (scanner.accept(/\(/y)) {
      const value = this.#test(scanner, depth + 1);
      scanner.expect(/\)/y, '")"');
      return value;
    }
    const number = scanner.accept(/0x[0-9a-f]+|\d+(?:\.\d+)?(?:e\d+)?/iy);
    if (number) return Number(number[0]);
    const call = scanner.accept(/(abs|min|max|int|round)\s*\(/y);
    if (call) return this.#callFunction(scanner, call[1] ?? "", depth + 1);
    return this.#valueOf(scanner.expect(/[A-Za-z_]\w*/y, "a value")[0]);
  }

  #callFunction(scanner: Scanner, name: string, depth: number): number {
    const values = [this.#test(scanner, depth)];
    while (scanner.accept(/,/y)) values.push(this.#test(scanner, depth));
    scanner.expect(/\)/y, '")"');
    const [first = 0] = values;
    if (name === "abs") return Math.abs(first);
    if (name === "min" || name === "max") return Math[name](...values);
    return name === "int" ? Math.trunc(first) : Math.round(first);
  }

  #valueOf(name: string): number {
    const value = this.#variables.get(name) ?? this.#lookup(name);
    if (value === undefined) throw new Unsupported(`${name} is not known`);
    this.#seen.set(name, value);
    return value;
  }
}

/** Statements without comments; a backslash or a bracket continues a line. */
function splitStatements(code: string): string[] {
  const joined = code.replace(/#[^\n]*/g, "").replace(/\\\s*\n/g, " ");
  const statements: string[] = [];
  let depth = 0;
  let text = "";
  for (const [part] of joined.matchAll(/"[^"\n]*"|'[^'\n]*'|[\s\S]/g)) {
    if ("([{".includes(part)) depth++;
    if (")]}".includes(part)) depth--;
    if ((part === ";" || part === "\n") && depth <= 0) {
      statements.push(text.trim());
      text = "";
    } else text += part === "\n" ? " " : part;
  }
  return [...statements, text.trim()].filter((statement) => statement !== "");
}
