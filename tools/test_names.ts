/**
 * Finds the names of tests without running them, and the requirements that they carry.
 *
 * A test is `Deno.test("name", ...)`, `Deno.test({ name: "name", ... })`, the same with a function
 * whose name ends with `Test`, or a packetdrill script whose first comment is `// H-05: name`. What a
 * template puts in is not known here: it becomes an ellipsis.
 *
 * @module
 */
import { type Token, tokenize } from "./tokenize.ts";

/** A test, and where it is. */
export interface NamedTest {
  readonly path: string;
  /** Its sentence, without the requirements. */
  readonly name: string;
  /** The IDs of the requirements that it shows to be met. */
  readonly ids: readonly string[];
}

const ID = /(?<![\w-])[A-Z46]-\d\d(?!\w)/g;
/** Parentheses, and the space before them. */
const CITATIONS = /\s*\(([^()]*)\)/g;

/** The tests in the TypeScript `source` of `path`. */
export function findTests(path: string, source: string): NamedTest[] {
  const tokens = tokenize(source);
  const tests: NamedTest[] = [];
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== "word" || tokens[at + 1]?.text !== "(") continue;
    const isTest = /Test$/.test(token.text) ||
      (token.text === "test" && tokens[at - 2]?.text === "Deno");
    const sentence = isTest ? sentenceAt(tokens, nameAt(tokens, at + 2)) : "";
    if (sentence !== "") tests.push(named(path, sentence));
  }
  return tests;
}

/** The test that the packetdrill script `source` is. */
export function findScript(path: string, source: string): NamedTest[] {
  const [, ids = "", sentence = ""] = /^\/\/ ((?:[A-Z46]-\d\d,? ?)*): ?(.*)$/m.exec(source) ?? [];
  return sentence === "" ? [] : [{ path, name: sentence, ids: ids.match(ID) ?? [] }];
}

function named(path: string, sentence: string): NamedTest {
  const ids: string[] = [];
  const name = sentence.replace(CITATIONS, (all, inside: string) => {
    const found = inside.match(ID) ?? [];
    ids.push(...found);
    return found.length > 0 ? "" : all;
  });
  return { path, name, ids };
}

/** Where the name of a test begins whose arguments begin at `at`. */
function nameAt(tokens: readonly Token[], at: number): number {
  if (tokens[at]?.text !== "{") return at;
  for (let i = at, depth = 0; i < tokens.length; i++) {
    depth += depthOf(tokens[i]!);
    if (depth === 0) break;
    if (depth === 1 && tokens[i]!.text === "name" && tokens[i + 1]?.text === ":") return i + 2;
  }
  return tokens.length;
}

/** The string, or the sum of strings, that begins at `at`; empty when there is none. */
function sentenceAt(tokens: readonly Token[], at: number): string {
  let sentence = "";
  let depth = 0;
  for (let i = at; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!;
    if (i === at && kind !== "string") return "";
    depth += depthOf(tokens[i]!);
    if (depth < 0 || (depth === 0 && text === ",")) break;
    if (depth > 0) continue;
    if (kind === "string") sentence += text;
    else if (text !== "+" && !sentence.endsWith("…")) sentence += "…";
  }
  return sentence;
}

/** By how much a token changes the depth of brackets. */
function depthOf({ kind, text }: Token): number {
  if (kind !== "sign") return 0;
  return "([{".includes(text) ? 1 : ")]}".includes(text) ? -1 : 0;
}
