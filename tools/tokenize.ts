/**
 * Cuts TypeScript into words, strings and signs, without comments: enough for the checks in this
 * folder, which look for names and imports. It understands templates with code inside; a regular
 * expression is told from a division by the token before it.
 *
 * @module
 */

/** A piece of source. A string's `text` is its content; a template has one token per literal part. */
export interface Token {
  readonly kind: "word" | "string" | "regexp" | "sign";
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

const PIECES = new RegExp(
  [
    /(?<skip>\s+|\/\/[^\n]*|\/\*[^]*?\*\/|^#![^\n]*)/u,
    /(?<word>[\p{ID_Start}$_#@][\p{ID_Continue}$]*|\d[\w.]*)/u,
    /(?<string>"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')/u,
    /(?<template>`)/u,
    /(?<sign>[^])/u,
  ].map((piece) => piece.source).join("|"),
  "uy",
);
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const TEMPLATE_PART = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{|$)/y;
const WORDS_BEFORE_REGEXP = new Set(["return", "typeof", "case", "in", "of", "yield", "await"]);

/** The tokens of `source`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each template we are inside of: how many braces its code has open. */
  const templates: number[] = [];
  let at = 0;
  let line = 1;

  const take = (kind: Token["kind"] | "skip", text: string, length = text.length) => {
    if (kind !== "skip") tokens.push({ kind, text, line });
    line += source.slice(at, at + length).split("\n").length - 1;
    at += length;
  };
  const takeTemplatePart = () => {
    TEMPLATE_PART.lastIndex = at;
    const part = TEMPLATE_PART.exec(source)?.[0] ?? "";
    const entersCode = part.endsWith("${");
    take("string", part.slice(0, entersCode ? -2 : -1), part.length);
    if (entersCode) templates.push(0);
  };

  while (at < source.length) {
    if (source[at] === "/" && mayBeRegexp(tokens.at(-1)) && !/[/*]/.test(source[at + 1] ?? "")) {
      REGEXP.lastIndex = at;
      const regexp = REGEXP.exec(source)?.[0];
      if (regexp !== undefined) {
        take("regexp", regexp);
        continue;
      }
    }
    PIECES.lastIndex = at;
    const { skip, word, string, template, sign = "" } = PIECES.exec(source)?.groups ?? {};
    if (skip !== undefined) take("skip", skip);
    else if (word !== undefined) take("word", word);
    else if (string !== undefined) take("string", string.slice(1, -1), string.length);
    else if (template !== undefined) {
      take("skip", template);
      takeTemplatePart();
    } else {
      const depth = templates.pop();
      if (depth !== undefined && !(sign === "}" && depth === 0)) {
        templates.push(depth + (sign === "{" ? 1 : sign === "}" ? -1 : 0));
      }
      take(sign === "}" && depth === 0 ? "skip" : "sign", sign);
      if (sign === "}" && depth === 0) takeTemplatePart();
    }
  }
  return tokens;
}

function mayBeRegexp(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "word") return WORDS_BEFORE_REGEXP.has(before.text);
  return before.kind === "sign" && !")]".includes(before.text);
}
