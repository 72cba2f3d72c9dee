/**
 * Packets as bytes, written and read without the code under test.
 *
 * What the stack sends must be right to the last bit: whatever is corrupt or
 * not as we always send it throws.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type IpAddress, ipv4, isIpv4 } from "../../lib/ip/address.ts";

/** An IPv4 address as a number, or an IPv6 address as a bigint. */
export type WireAddress = number | bigint;

/** `address` as it stands in a {@linkcode WireSegment}. */
export function toWireAddress(address: IpAddress): WireAddress {
  const { w0, w1, w2, w3 } = address;
  if (isIpv4(address)) return w3 >>> 0;
  return [w0, w1, w2, w3].reduce((bits, word) => (bits << 32n) | BigInt(word >>> 0), 0n);
}

/** `address` as the stack takes it. */
export function fromWireAddress(address: WireAddress): IpAddress {
  if (typeof address === "number") return ipv4(address);
  const word = (shift: bigint) => Number((address >> shift) & 0xffff_ffffn) | 0;
  return { w0: word(96n), w1: word(64n), w2: word(32n), w3: word(0n) };
}

/** A TCP segment in IP, with the numbers that are on the wire. */
export interface WireSegment {
  readonly source: WireAddress;
  readonly destination: WireAddress;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly seq: number;
  readonly ack: number;
  /** Nine bits, AE being the highest. */
  readonly flags: number;
  readonly window: number;
  readonly urgent: number;
  /** As long as a multiple of four. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

/** An ICMP error and the segment that it quotes. */
export interface WireError {
  readonly type: number;
  readonly code: number;
  readonly quoted: WireSegment;
}

const IPV4 = 20;
const IPV6 = 40;
const TCP = 20;
const ICMP = 8;
const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const PROTOCOL_ICMPV6 = 58;
const DONT_FRAGMENT = 0x4000;
/** Not the one that the stack sends, lest one be taken for the other. */
const PEER_TTL = 57;

/** An IP packet with `segment`. */
export function encodeSegment(segment: WireSegment): Uint8Array<ArrayBuffer> {
  const { source, destination, options, payload } = segment;
  const ip = headerLengthOf(source);
  const headerLength = TCP + options.length;
  const bytes = new Uint8Array(ip + headerLength + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(ip, segment.sourcePort);
  view.setUint16(ip + 2, segment.destinationPort);
  view.setUint32(ip + 4, segment.seq);
  view.setUint32(ip + 8, segment.ack);
  view.setUint16(ip + 12, ((headerLength / 4) << 12) | segment.flags);
  view.setUint16(ip + 14, segment.window);
  view.setUint16(ip + 18, segment.urgent);
  bytes.set(options, ip + TCP);
  bytes.set(payload, ip + headerLength);
  const pseudo = pseudoHeader(source, destination, PROTOCOL_TCP, bytes.length - ip);
  view.setUint16(ip + 16, ~sumWords(view, ip, bytes.length, pseudo));
  encodeIp(view, source, destination, PROTOCOL_TCP);
  return bytes;
}

/**
 * An IP packet with an ICMP message about a packet: `rest` is its second word,
 * and `quoted` what it quotes.
 */
export function encodeIcmp(
  { type, code, rest = 0 }: { type: number; code: number; rest?: number },
  quoted: Uint8Array,
  source: WireAddress,
  destination: WireAddress,
): Uint8Array<ArrayBuffer> {
  const ip = headerLengthOf(source);
  const protocol = ip === IPV6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
  const bytes = new Uint8Array(ip + ICMP + quoted.length);
  const view = new DataView(bytes.buffer);
  bytes.set([type, code], ip);
  view.setUint32(ip + 4, rest);
  bytes.set(quoted, ip + ICMP);
  const { length } = bytes;
  const pseudo = ip === IPV6 ? pseudoHeader(source, destination, protocol, length - ip) : 0;
  view.setUint16(ip + 2, ~sumWords(view, ip, length, pseudo));
  encodeIp(view, source, destination, protocol);
  return bytes;
}

/** Of the header of IP with such an address. */
export function headerLengthOf(address: WireAddress): number {
  return typeof address === "bigint" ? IPV6 : IPV4;
}

function encodeIp(
  view: DataView,
  source: WireAddress,
  destination: WireAddress,
  protocol: number,
): void {
  if (typeof source === "bigint") {
    view.setUint16(0, 0x6000);
    view.setUint16(4, view.byteLength - IPV6);
    view.setUint8(6, protocol);
    view.setUint8(7, PEER_TTL);
    setAddress(view, 8, source);
    setAddress(view, 24, BigInt(destination));
    return;
  }
  view.setUint16(0, 0x4500);
  view.setUint16(2, view.byteLength);
  view.setUint16(6, DONT_FRAGMENT);
  view.setUint8(8, PEER_TTL);
  view.setUint8(9, protocol);
  view.setUint32(12, source);
  view.setUint32(16, Number(destination));
  view.setUint16(10, 0);
  view.setUint16(10, ~sumWords(view, 0, IPV4));
}

/** Puts the 16 bytes of `address`. */
export function setAddress(view: DataView, at: number, address: bigint): void {
  view.setBigUint64(at, address >> 64n);
  view.setBigUint64(at + 8, address & 0xffff_ffff_ffff_ffffn);
}

/** Takes the 16 bytes of an address. */
export function getAddress(view: DataView, at: number): bigint {
  return (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
}

/** Reads a packet that the stack has sent, and checks everything that a script cannot say. */
export function decodePacket(bytes: Uint8Array): WireSegment | WireError {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[0] === 0x60) {
    assertEquals(view.getUint32(0), 0x6000_0000, "version, traffic class and flow label");
    assertEquals(view.getUint16(4), bytes.length - IPV6, "the payload length");
    assertEquals(view.getUint8(7), 64, "the hop limit");
    return view.getUint8(6) === PROTOCOL_ICMPV6 ? decodeError(view) : decodeSegment(view, true);
  }
  assertEquals(view.getUint16(0), 0x4500, "version, header length and DSCP");
  assertEquals(view.getUint16(2), bytes.length, "the total length");
  assertEquals(view.getUint16(6), DONT_FRAGMENT, "DF and the fragment offset (G-01)");
  assertEquals(view.getUint8(8), 64, "the TTL");
  assertEquals(sumWords(view, 0, IPV4), 0xffff, "the checksum of the IPv4 header");
  return view.getUint8(9) === PROTOCOL_ICMP ? decodeError(view) : decodeSegment(view, true);
}

function decodeSegment(view: DataView, isWhole: boolean): WireSegment {
  const ip = view.getUint8(0) >> 4 === 6 ? IPV6 : IPV4;
  assertEquals(view.getUint8(ip === IPV6 ? 6 : 9), PROTOCOL_TCP, "the IP protocol");
  const source = ip === IPV6 ? getAddress(view, 8) : view.getUint32(12);
  const destination = ip === IPV6 ? getAddress(view, 24) : view.getUint32(16);
  const length = view.byteLength - ip;
  const headerLength = (view.getUint8(ip + 12) >> 4) * 4;
  assert(headerLength >= TCP && headerLength <= length, `a data offset of ${headerLength}`);
  if (isWhole) {
    const pseudo = pseudoHeader(source, destination, PROTOCOL_TCP, length);
    assertEquals(sumWords(view, ip, view.byteLength, pseudo), 0xffff, "the checksum");
    assertEquals(view.getUint8(ip + 12) & 0x0f, 0, "reserved bits (O-21)");
  }
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return {
    source,
    destination,
    sourcePort: view.getUint16(ip),
    destinationPort: view.getUint16(ip + 2),
    seq: view.getUint32(ip + 4),
    ack: view.getUint32(ip + 8),
    flags: view.getUint16(ip + 12) & 0x1ff,
    window: view.getUint16(ip + 14),
    urgent: view.getUint16(ip + 18),
    options: bytes.slice(ip + TCP, ip + headerLength),
    payload: bytes.slice(ip + headerLength),
  };
}

function decodeError(view: DataView): WireError {
  const { buffer, byteOffset, byteLength } = view;
  const ip = view.getUint8(0) >> 4 === 6 ? IPV6 : IPV4;
  const pseudo = ip === IPV6
    ? pseudoHeader(getAddress(view, 8), getAddress(view, 24), PROTOCOL_ICMPV6, byteLength - ip)
    : 0;
  assertEquals(sumWords(view, ip, byteLength, pseudo), 0xffff, "the checksum of the ICMP message");
  const at = ip + ICMP;
  const quoted = new DataView(buffer, byteOffset + at, byteLength - at);
  if (ip === IPV4) {
    assertEquals(sumWords(quoted, 0, IPV4), 0xffff, "the checksum of the quoted header");
  }
  const [type, code] = [view.getUint8(ip), view.getUint8(ip + 1)];
  return { type, code, quoted: decodeSegment(quoted, false) };
}

/** The sum of a pseudo-header (RFC 9293 §3.1; RFC 8200 §8.1), not folded. */
export function pseudoHeader(
  source: WireAddress,
  destination: WireAddress,
  protocol: number,
  length: number,
): number {
  return protocol + length + sumAddress(source) + sumAddress(destination);
}

function sumAddress(address: WireAddress): number {
  if (typeof address === "number") return (address >>> 16) + (address & 0xffff);
  let sum = 0;
  for (let rest = address; rest > 0n; rest >>= 16n) sum += Number(rest & 0xffffn);
  return sum;
}

/** The ones' complement sum of 16-bit words, by the book: RFC 1071 §4.1. */
export function sumWords(view: DataView, start: number, end: number, initial = 0): number {
  let sum = initial;
  for (let at = start; at < end; at += 2) {
    sum += at + 1 < end ? view.getUint16(at) : view.getUint8(at) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}
