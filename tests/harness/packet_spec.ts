/**
 * Packets as scripts speak of them: with relative sequence numbers, and with
 * fields that a script may leave open.
 *
 * @module
 */

/** Who sends: the scripted peer or the stack. */
export type Side = "peer" | "stack";

/** The letters of the flags, from the lowest bit: FIN SYN RST PSH ACK URG ECE CWR AE. */
export const FLAG_LETTERS = "FSRP.UEWA";

/** SYN, as a bit of {@linkcode TcpSpec.flags}. */
export const SYN_BIT = 0x02;
/** ACK, as a bit of {@linkcode TcpSpec.flags}. */
export const ACK_BIT = 0x10;

/** An option of a TCP segment. */
export type OptionSpec =
  | { readonly kind: "mss" | "wscale"; readonly value: number }
  | { readonly kind: "sackOK" | "nop" | "eol" }
  | { readonly kind: "sack"; readonly blocks: readonly (readonly [number, number])[] }
  | { readonly kind: "TS"; readonly val: number; readonly ecr: number }
  | { readonly kind: "raw"; readonly bytes: readonly number[] }
  | { readonly kind: "foreign"; readonly name: string; readonly value: string };

/** What a script may say about the IP header. */
export interface IpSpec {
  readonly ecn: number | undefined;
  readonly tos: number | undefined;
  readonly ttl: number | undefined;
}

/** A TCP segment. Undefined: not checked when it is expected, a default when it is sent. */
export interface TcpSpec {
  readonly kind: "tcp";
  readonly flags: number;
  /** Relative to the sender's initial sequence number; NaN: not checked. */
  readonly start: number;
  /** Bytes of payload. */
  readonly length: number;
  /** Relative to the receiver's initial sequence number. */
  readonly ack: number | undefined;
  /** As on the wire, before scaling. */
  readonly window: number | undefined;
  readonly urgent: number | undefined;
  readonly options: readonly OptionSpec[] | undefined;
  /** Payload bytes per wire packet of a super-segment. */
  readonly segmentSize: number | undefined;
  /** In: the payload is not the one that belongs there. Out: the payload is not checked. */
  readonly isJunk: boolean;
  readonly ip?: IpSpec | undefined;
}

/** An ICMP error about a segment. */
export interface IcmpSpec {
  readonly kind: "icmp";
  /** Of IP. */
  readonly version: 4 | 6;
  readonly type: string;
  /** Undefined: not checked when it is expected, 0 when it is sent. */
  readonly code: string | undefined;
  /** What a router says that fits. */
  readonly mtu: number | undefined;
  /** Where the quoted segment starts and how long it is; undefined: not checked. */
  readonly quoted: { readonly start: number; readonly length: number } | undefined;
}

/** A packet in a script. */
export type PacketSpec = TcpSpec | IcmpSpec;

/** `spec` in the notation of scripts, without the direction. */
export function formatPacket(spec: PacketSpec): string {
  if (spec.kind === "icmp") {
    const { version, type, code, mtu, quoted } = spec;
    return [
      `${version === 6 ? "icmpv6" : "icmp"} ${type}`,
      ...(code === undefined ? [] : [code]),
      ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
      ...(quoted ? [`[${formatRange(quoted)}]`] : []),
    ].join(" ");
  }
  const { ack, window, urgent, options, segmentSize, isJunk } = spec;
  return [
    formatFlags(spec.flags),
    formatRange(spec),
    ...(ack === undefined ? [] : [`ack ${ack}`]),
    ...(window === undefined ? [] : [`win ${window}`]),
    ...(urgent === undefined ? [] : [`urg ${urgent}`]),
    ...(options === undefined ? [] : [`<${options.map(formatOption).join(",")}>`]),
    ...(segmentSize ? [`gso ${segmentSize}`] : []),
    ...(isJunk ? ["junk"] : []),
  ].join(" ");
}

/** The first field in which `actual` is not what `expected` says, or undefined. */
export function findDifference(expected: PacketSpec, actual: PacketSpec): string | undefined {
  if (expected.kind === "icmp" || actual.kind === "icmp") return differentIcmp(expected, actual);
  if (expected.flags !== actual.flags) return "flags";
  if (!isNaN(expected.start) && !isSame(expected.start, actual.start)) return "sequence number";
  if (expected.length !== actual.length) return "length";
  if (!isSame(expected.ack, actual.ack)) return "acknowledgment";
  if (isOther(expected.window, actual.window)) return "window";
  if (isOther(expected.urgent, actual.urgent)) return "urgent pointer";
  if (isOther(expected.segmentSize, actual.segmentSize)) return "segment size";
  const wanted = expected.options;
  if (wanted && formatSet(wanted) !== formatSet(actual.options ?? [])) return "options";
  return undefined;
}

function differentIcmp(expected: PacketSpec, actual: PacketSpec): string | undefined {
  if (expected.kind !== "icmp" || actual.kind !== "icmp") return "protocol";
  if (expected.type !== actual.type) return "type";
  if (expected.version !== actual.version) return "protocol";
  if (expected.code !== undefined && expected.code !== actual.code) return "code";
  if (isOther(expected.mtu, actual.mtu)) return "MTU";
  const { quoted } = expected;
  if (!quoted || (actual.quoted && formatRange(quoted) === formatRange(actual.quoted))) {
    return undefined;
  }
  return "quoted segment";
}

/** Whether two sequence numbers are the same, or both missing. */
function isSame(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined ? a === b : ((a - b) | 0) === 0;
}

function isOther(expected: number | undefined, actual: number | undefined): boolean {
  return expected !== undefined && expected !== actual;
}

function formatRange({ start, length }: { start: number; length: number }): string {
  if (isNaN(start)) return `...(${length})`;
  return `${start}:${start + length}(${length})`;
}

function formatFlags(flags: number): string {
  return [...FLAG_LETTERS].filter((_, bit) => flags & (1 << bit)).join("") || "-";
}

function formatOption(option: OptionSpec): string {
  switch (option.kind) {
    case "mss":
    case "wscale":
      return `${option.kind} ${option.value}`;
    case "sack":
      return ["sack", ...option.blocks.map(([start, end]) => `${start}:${end}`)].join(" ");
    case "TS":
      return `TS val ${option.val} ecr ${option.ecr}`;
    case "raw":
      return `raw ${option.bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    case "foreign":
      return `${option.name} ${option.value}`;
    default:
      return option.kind;
  }
}

/** Padding does not count, nor does the order. */
function formatSet(options: readonly OptionSpec[]): string {
  return options.filter(({ kind }) => kind !== "nop" && kind !== "eol").map(formatOption)
    .sort().join(",");
}
