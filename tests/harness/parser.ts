/**
 * The grammar of scripts: a subset of packetdrill's, with times in milliseconds.
 *
 *     step    := '+' ms [packet] | packet | '{' | '}'      // '{' ... '}': one batch
 *     packet  := ('<' | '>') (tcp | icmp)
 *     tcp     := flags start ':' end '(' length ')' {field}
 *     field   := 'ack' N | 'win' N | 'urg' N | 'gso' N | 'junk' | '<' options '>' | '<...>'
 *     icmp    := 'icmp' type [code] ['mtu' N] ['[' start ':' end '(' length ')' ']']
 *
 * `<` comes in, `>` goes out, as seen from the stack. `gso` and `junk` are ours:
 * see {@link ./packet_spec.ts}.
 *
 * @module
 */
import {
  FLAG_LETTERS,
  ICMP_TYPES,
  type OptionSpec,
  type PacketSpec,
  type TcpSpec,
  UNREACHABLE_CODES,
} from "./packet_spec.ts";
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
    steps.push({ kind, packet: parsePacket(scanner), line, text });
  }
  if (steps.length === 0 || !scanner.isAtEnd) scanner.fail("a step or the end of the line");
  return steps;
}

function parsePacket(scanner: Scanner): PacketSpec {
  return scanner.accept(/icmp\b/y) ? parseIcmp(scanner) : parseTcp(scanner);
}

function parseIcmp(scanner: Scanner): PacketSpec {
  const [type] = scanner.expect(/\w+/y, "an ICMP type");
  if (!(type in ICMP_TYPES)) scanner.fail(`an ICMP type instead of "${type}"`);
  const code = type === "unreachable" ? scanner.expect(/\w+/y, "an ICMP code")[0] : "";
  if (code && !(code in UNREACHABLE_CODES)) scanner.fail(`a code instead of "${code}"`);
  const mtu = scanner.accept(/mtu\b/y) ? scanner.number() : undefined;
  if (!scanner.accept(/\[/y)) return { kind: "icmp", type, code, mtu, quoted: undefined };
  const quoted = parseRange(scanner);
  scanner.expect(/\]/y, '"]"');
  return { kind: "icmp", type, code, mtu, quoted };
}

function parseTcp(scanner: Scanner): TcpSpec {
  const [letters] = scanner.expect(/[FSRP.UEWA]+|-/y, "flags");
  const { start, length } = parseRange(scanner);
  let ack, window, urgent, segmentSize: number | undefined;
  let options: readonly OptionSpec[] | undefined;
  let isJunk = false;
  while (!scanner.isAtEnd) {
    if (scanner.accept(/<\.\.\.>/y)) continue;
    if (scanner.accept(/</y)) {
      options = parseOptions(scanner);
      continue;
    }
    const [field] = scanner.expect(/\w+/y, "a field");
    if (field === "ack") ack = scanner.number();
    else if (field === "win") window = scanner.number();
    else if (field === "urg") urgent = scanner.number();
    else if (field === "gso") segmentSize = scanner.number();
    else if (field === "junk") isJunk = true;
    else scanner.fail(`a field instead of "${field}"`);
  }
  const flags = [...FLAG_LETTERS].reduce(
    (bits, letter, bit) => letters.includes(letter) ? bits | (1 << bit) : bits,
    0,
  );
  return { kind: "tcp", flags, start, length, ack, window, urgent, options, segmentSize, isJunk };
}

function parseRange(scanner: Scanner): { start: number; length: number } {
  const start = scanner.number();
  scanner.expect(/:/y, '":"');
  const end = scanner.number();
  scanner.expect(/\(/y, '"("');
  const length = scanner.number();
  scanner.expect(/\)/y, '")"');
  if (end - start !== length) scanner.fail(`a length of ${end - start}`);
  return { start, length };
}

function parseOptions(scanner: Scanner): OptionSpec[] {
  const options: OptionSpec[] = [];
  while (!scanner.accept(/>/y)) {
    if (options.length > 0) scanner.expect(/,/y, '"," or ">"');
    options.push(parseOption(scanner));
  }
  return options;
}

function parseOption(scanner: Scanner): OptionSpec {
  const [kind] = scanner.expect(/\w+/y, "an option");
  switch (kind) {
    case "mss":
    case "wscale":
      return { kind, value: scanner.number() };
    case "sackOK":
    case "nop":
    case "eol":
      return { kind };
    case "sack":
      return { kind, blocks: parseBlocks(scanner) };
    case "TS": {
      scanner.expect(/val\b/y, '"val"');
      const val = scanner.number();
      scanner.expect(/ecr\b/y, '"ecr"');
      return { kind, val, ecr: scanner.number() };
    }
    case "raw": {
      const [digits] = scanner.expect(/(?:[0-9a-f]{2})+/y, "bytes in hexadecimal");
      return { kind, bytes: (digits.match(/../g) ?? []).map((byte) => parseInt(byte, 16)) };
    }
    default:
      return scanner.fail(`an option instead of "${kind}"`);
  }
}

function parseBlocks(scanner: Scanner): [number, number][] {
  const blocks: [number, number][] = [];
  for (let block = scanner.accept(/(-?\d+):(-?\d+)/y); block;) {
    blocks.push([Number(block[1]), Number(block[2])]);
    block = scanner.accept(/(-?\d+):(-?\d+)/y);
  }
  return blocks;
}
