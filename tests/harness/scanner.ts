/**
 * Reads one line of a script from left to right.
 *
 * What a character means depends on where it stands (`.` is a flag, a part of a
 * number, or neither), so there is no list of tokens: the parser asks for what
 * may come next.
 *
 * @module
 */

const BLANKS = /[ \t]*/y;

/** A position in a line. */
export class Scanner {
  readonly #text: string;
  readonly #line: number;
  #at = 0;

  /** Begins at the start of `text`, which is line `line` of its script. */
  constructor(text: string, line: number) {
    this.#text = text;
    this.#line = line;
  }

  /** Whether nothing but blanks is left. */
  get isAtEnd(): boolean {
    this.#skip();
    return this.#at === this.#text.length;
  }

  /** Takes what `pattern`, a sticky expression, matches here; undefined when it does not. */
  accept(pattern: RegExp): RegExpExecArray | undefined {
    this.#skip();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  /** Takes what `pattern` matches here, which must be there. */
  expect(pattern: RegExp, what: string): RegExpExecArray {
    return this.accept(pattern) ?? this.fail(what);
  }

  /** Takes a whole number. */
  number(): number {
    return Number(this.expect(/-?\d+/y, "a number")[0]);
  }

  /** Reports that `what` should stand here. */
  fail(what: string): never {
    const before = this.#text.slice(0, this.#at);
    const after = this.#text.slice(this.#at);
    throw new SyntaxError(`Cannot read line ${this.#line}: ${before}[${what} expected]${after}`);
  }

  #skip(): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#text);
    this.#at = BLANKS.lastIndex;
  }
}
