/**
 * The grammar of conversations: a subset of packetdrill's, with times in milliseconds.
 *
 *     step    := '+' ms [packet] | packet | '{' | '}'      // '{' ... '}': one batch
 *     packet  := ('<' | '>') ...                           // see packet_parser.ts
 *
 * `<` comes in, `>` goes out, as seen from the stack.
 *
 * @module
 */
import { parsePacket } from "./packet_parser.ts";
import type { PacketSpec } from "./packet_spec.ts";
import { Scanner } from "./scanner.ts";

/** What a line asks for; `line` counts from 1. */
export type Step =
  & { readonly line: number; readonly text: string }
  & (
    | { readonly kind: "wait"; readonly time: number }
    | { readonly kind: "receive" | "expect"; readonly packet: PacketSpec }
    | { readonly kind: "begin" | "end" }
  );

/**
 * Reads a script.
 *
 * @throws {SyntaxError} When a line is not in the language.
 */
export function parseScript(script: string): Step[] {
  return script.split("\n").flatMap((source, index) => {
    const text = source.replace(/(\/\/|#).*/, "").trim();
    return text === "" ? [] : parseLine(text, index + 1);
  });
}

function parseLine(text: string, line: number): Step[] {
  const scanner = new Scanner(text, line);
  if (scanner.accept(/[{]$/y)) return [{ kind: "begin", line, text }];
  if (scanner.accept(/[}]$/y)) return [{ kind: "end", line, text }];
  const steps: Step[] = [];
  const wait = scanner.accept(/\+(\d+(?:\.\d+)?)/y);
  if (wait) steps.push({ kind: "wait", time: Number(wait[1]), line, text });
  const direction = scanner.accept(/[<>]/y);
  if (direction) {
    const kind = direction[0] === "<" ? "receive" : "expect";
    steps.push({ kind, packet: parsePacket(scanner, undefined), line, text });
  }
  if (steps.length === 0 || !scanner.isAtEnd) scanner.fail("a step or the end of the line");
  return steps;
}
