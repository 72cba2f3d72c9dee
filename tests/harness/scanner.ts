/**
 * Reads a text from left to right.
 *
 * What a character means depends on where it stands (`.` is a flag, a part of a
 * number, or neither), so there is no list of tokens: the parser asks for what
 * may come next.
 *
 * @module
 */

const BLANKS = /\s*/y;

/** A position in a text. */
export class Scanner {
  readonly #text: string;
  readonly #firstLine: number;
  readonly #name: string;
  #at = 0;

  /** Begins at the start of `text`, which is line `firstLine` of the script `name`. */
  constructor(text: string, firstLine = 1, name = "") {
    this.#text = text;
    this.#firstLine = firstLine;
    this.#name = name;
  }

  /** Whether nothing but blanks is left. */
  get isAtEnd(): boolean {
    this.#skip();
    return this.#at === this.#text.length;
  }

  /** The line of what comes next. */
  get line(): number {
    this.#skip();
    let line = this.#firstLine;
    for (let at = this.#text.indexOf("\n"); at >= 0 && at < this.#at;) {
      line++;
      at = this.#text.indexOf("\n", at + 1);
    }
    return line;
  }

  /** Where what comes next begins, for {@linkcode textSince}. */
  get position(): number {
    this.#skip();
    return this.#at;
  }

  /** What has been read since `position`. */
  textSince(position: number): string {
    return this.#text.slice(position, this.#at).trim();
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
    const { line } = this;
    const lineStart = this.#text.lastIndexOf("\n", this.#at - 1) + 1;
    const before = this.#text.slice(lineStart, this.#at);
    const [after = ""] = this.#text.slice(this.#at).split("\n", 1);
    const where = this.#name === "" ? `line ${line}` : `${this.#name}:${line}`;
    throw new SyntaxError(`Cannot read ${where}: ${before}[${what} expected]${after}`);
  }

  #skip(): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#text);
    this.#at = BLANKS.lastIndex;
  }
}
