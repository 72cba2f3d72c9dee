/**
 * The grammar of packets, which conversations and packetdrill's scripts share.
 *
 *     packet  := ['[' ip ']'] tcp | ['[' range ']'] icmp
 *     tcp     := flags [digit] range {field}               // the digit: ACE
 *     range   := (start ':' end | '...') '(' length ')' ['!']
 *     field   := 'ack' N | 'win' N | 'urg' N | 'gso' N | 'junk' | '<' options '>' | '<...>'
 *     icmp    := ('icmp' | 'icmpv6') type [code] ['mtu' N] ['[' range ']']
 *     ip      := 'noecn' | 'ect0' | 'ect1' | 'ce' | 'tos' N | 'ttl' N {',' ...}
 *
 * `gso`, `junk` and the option `raw` are ours: see {@link ./packet_spec.ts}.
 *
 * @module
 */
import { ICMP_TYPES, ICMPV6_TYPES } from "./icmp_names.ts";
import {
  FLAG_LETTERS,
  type IcmpSpec,
  type IpSpec,
  type OptionSpec,
  type PacketSpec,
  type TcpSpec,
} from "./packet_spec.ts";
import type { Scanner } from "./scanner.ts";

/** The values of the ECN field. */
const ECN: Readonly<Record<string, number>> = { noecn: 0, ect1: 1, ect0: 2, ce: 3 };

/** The range of sequence numbers in a packet. */
export interface Range {
  readonly start: number;
  readonly length: number;
}

/**
 * Reads a packet, without its direction.
 *
 * @param unsaid The options of a segment of which the script names none; undefined: not checked.
 */
export function parsePacket(
  scanner: Scanner,
  unsaid: readonly OptionSpec[] | undefined,
): PacketSpec {
  const ip = parseIp(scanner);
  const quoted = parseQuoted(scanner);
  const icmp = quoted ? scanner.expect(/icmp(v6)?\b/y, "icmp") : scanner.accept(/icmp(v6)?\b/y);
  return icmp ? parseIcmp(scanner, icmp[1] ? 6 : 4, quoted) : parseTcp(scanner, unsaid, ip);
}

function parseIp(scanner: Scanner): IpSpec | undefined {
  const open = scanner.accept(/[[(](?=\s*[a-z])/y);
  if (!open) return undefined;
  let ecn, tos, ttl: number | undefined;
  do {
    const [word] = scanner.expect(/[a-z]\w*/y, "a field of IP");
    if (word in ECN) ecn = ECN[word];
    else if (word === "tos") tos = parseInteger(scanner);
    else if (word === "ttl") ttl = parseInteger(scanner);
    else scanner.fail(`a field of IP instead of "${word}"`);
  } while (scanner.accept(/,/y));
  scanner.expect(open[0] === "[" ? /]/y : /\)/y, "the end of the fields of IP");
  return { ecn, tos, ttl };
}

/** Takes a whole number in decimal or hexadecimal. */
export function parseInteger(scanner: Scanner): number {
  return Number(scanner.expect(/0x[0-9a-f]+|\d+/iy, "a number")[0]);
}

function parseQuoted(scanner: Scanner): Range | undefined {
  if (!scanner.accept(/\[/y)) return undefined;
  const range = parseRange(scanner);
  scanner.expect(/]/y, '"]"');
  return range;
}

function parseIcmp(scanner: Scanner, version: 4 | 6, before: Range | undefined): IcmpSpec {
  const types = version === 4 ? ICMP_TYPES : ICMPV6_TYPES;
  const [type] = scanner.expect(/[a-z]\w*/y, "an ICMP type");
  const codes = Object.hasOwn(types, type) ? types[type]?.codes : undefined;
  if (!codes) scanner.fail(`a type of ICMP instead of "${type}"`);
  const [code] = scanner.accept(/(?!mtu\b)[a-z]\w*/y) ?? [undefined];
  if (code !== undefined && !Object.hasOwn(codes, code)) {
    scanner.fail(`a code instead of "${code}"`);
  }
  const mtu = scanner.accept(/mtu\b/y) ? scanner.number() : undefined;
  return { kind: "icmp", version, type, code, mtu, quoted: before ?? parseQuoted(scanner) };
}

function parseTcp(
  scanner: Scanner,
  unsaid: readonly OptionSpec[] | undefined,
  ip: IpSpec | undefined,
): TcpSpec {
  const [, letters = "", ace = "0"] = scanner.expect(/([FSRP.UEWA]+|-)([0-7]?)(?=\s)/y, "flags");
  const { start, length } = parseRange(scanner);
  let ack, window, urgent, segmentSize: number | undefined;
  let options = unsaid;
  let isJunk = false;
  for (;;) {
    if (scanner.accept(/<\s*\.\.\.\s*>/y)) options = undefined;
    else if (scanner.accept(/</y)) options = parseOptions(scanner);
    else if (scanner.accept(/ack\b/y)) ack = scanner.number();
    else if (scanner.accept(/win\b/y)) window = scanner.number();
    else if (scanner.accept(/urg\b/y)) urgent = scanner.number();
    else if (scanner.accept(/gso\b/y)) segmentSize = scanner.number();
    else if (scanner.accept(/junk\b/y)) isJunk = true;
    else break;
  }
  const flags = [...FLAG_LETTERS].reduce(
    (bits, letter, bit) => letters.includes(letter) ? bits | (1 << bit) : bits,
    Number(ace) << FLAG_LETTERS.indexOf("E"), // a digit says E, W and A as a number
  );
  return {
    kind: "tcp",
    flags,
    start,
    length,
    ack,
    window,
    urgent,
    options,
    segmentSize,
    isJunk,
    ip,
  };
}

function parseRange(scanner: Scanner): Range {
  const anywhere = scanner.accept(/\.\.\.\((\d+)\)!?/y);
  if (anywhere) return { start: NaN, length: Number(anywhere[1]) };
  const start = scanner.number();
  scanner.expect(/:/y, '":"');
  const end = scanner.number();
  scanner.expect(/\(/y, '"("');
  const length = scanner.number();
  scanner.expect(/\)!?/y, '")"');
  if (((end - start) | 0) !== length) scanner.fail(`a length of ${end - start}`);
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
  const [kind] = scanner.expect(/[A-Za-z][\w-]*/y, "an option");
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
    default: // Fast Open, MD5 and more
      return { kind: "foreign", name: kind, value: scanner.expect(/[^,<>]*/y, "a value")[0] };
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
