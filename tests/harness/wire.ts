/**
 * Packets as bytes, written and read without the code under test.
 *
 * What the stack sends must be right to the last bit: whatever is corrupt or
 * not as we always send it throws.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

/** A TCP segment in IPv4, with the numbers that are on the wire. */
export interface WireSegment {
  /** An IPv4 address, as a number. */
  readonly source: number;
  /** An IPv4 address, as a number. */
  readonly destination: number;
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

const IP = 20;
const TCP = 20;
const ICMP = 8;
const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
const DONT_FRAGMENT = 0x4000;
/** Not the one that the stack sends, lest one be taken for the other. */
const PEER_TTL = 57;

/** An IPv4 packet with `segment`. */
export function encodeSegment(segment: WireSegment): Uint8Array<ArrayBuffer> {
  const { options, payload } = segment;
  const headerLength = TCP + options.length;
  const bytes = new Uint8Array(IP + headerLength + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(IP, segment.sourcePort);
  view.setUint16(IP + 2, segment.destinationPort);
  view.setUint32(IP + 4, segment.seq);
  view.setUint32(IP + 8, segment.ack);
  view.setUint16(IP + 12, ((headerLength / 4) << 12) | segment.flags);
  view.setUint16(IP + 14, segment.window);
  view.setUint16(IP + 18, segment.urgent);
  bytes.set(options, IP + TCP);
  bytes.set(payload, IP + headerLength);
  const { source, destination } = segment;
  const pseudo = pseudoHeader(source, destination, bytes.length - IP);
  view.setUint16(IP + 16, ~sumWords(view, IP, bytes.length, pseudo));
  encodeIpv4(view, source, destination, PROTOCOL_TCP);
  return bytes;
}

/**
 * An IPv4 packet with an ICMP message about a packet: `rest` is its second word,
 * and `quoted` what it quotes.
 */
export function encodeIcmp(
  { type, code, rest = 0 }: { type: number; code: number; rest?: number },
  quoted: Uint8Array,
  source: number,
  destination: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(IP + ICMP + quoted.length);
  const view = new DataView(bytes.buffer);
  bytes.set([type, code], IP);
  view.setUint32(IP + 4, rest);
  bytes.set(quoted, IP + ICMP);
  view.setUint16(IP + 2, ~sumWords(view, IP, bytes.length));
  encodeIpv4(view, source, destination, PROTOCOL_ICMP);
  return bytes;
}

function encodeIpv4(view: DataView, source: number, destination: number, protocol: number): void {
  view.setUint16(0, 0x4500);
  view.setUint16(2, view.byteLength);
  view.setUint16(6, DONT_FRAGMENT);
  view.setUint8(8, PEER_TTL);
  view.setUint8(9, protocol);
  view.setUint32(12, source);
  view.setUint32(16, destination);
  view.setUint16(10, 0);
  view.setUint16(10, ~sumWords(view, 0, IP));
}

/** Reads a packet that the stack has sent, and checks everything that a script cannot say. */
export function decodePacket(bytes: Uint8Array): WireSegment | WireError {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  assertEquals(view.getUint16(0), 0x4500, "version, header length and DSCP");
  assertEquals(view.getUint16(2), bytes.length, "the total length");
  assertEquals(view.getUint16(6), DONT_FRAGMENT, "DF and the fragment offset (G-01)");
  assertEquals(view.getUint8(8), 64, "the TTL");
  assertEquals(sumWords(view, 0, IP), 0xffff, "the checksum of the IPv4 header");
  return view.getUint8(9) === PROTOCOL_ICMP ? decodeError(view) : decodeSegment(view, true);
}

function decodeSegment(view: DataView, isWhole: boolean): WireSegment {
  assertEquals(view.getUint8(9), PROTOCOL_TCP, "the IP protocol");
  const source = view.getUint32(12);
  const destination = view.getUint32(16);
  const length = view.byteLength - IP;
  const headerLength = (view.getUint8(IP + 12) >> 4) * 4;
  assert(headerLength >= TCP && headerLength <= length, `a data offset of ${headerLength}`);
  if (isWhole) {
    const sum = sumWords(view, IP, view.byteLength, pseudoHeader(source, destination, length));
    assertEquals(sum, 0xffff, "the checksum of the segment");
    assertEquals(view.getUint8(IP + 12) & 0x0f, 0, "reserved bits (O-21)");
  }
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return {
    source,
    destination,
    sourcePort: view.getUint16(IP),
    destinationPort: view.getUint16(IP + 2),
    seq: view.getUint32(IP + 4),
    ack: view.getUint32(IP + 8),
    flags: view.getUint16(IP + 12) & 0x1ff,
    window: view.getUint16(IP + 14),
    urgent: view.getUint16(IP + 18),
    options: bytes.slice(IP + TCP, IP + headerLength),
    payload: bytes.slice(IP + headerLength),
  };
}

function decodeError(view: DataView): WireError {
  assertEquals(sumWords(view, IP, view.byteLength), 0xffff, "the checksum of the ICMP message");
  const quoted = new DataView(
    view.buffer,
    view.byteOffset + IP + ICMP,
    view.byteLength - IP - ICMP,
  );
  assertEquals(sumWords(quoted, 0, IP), 0xffff, "the checksum of the quoted header");
  return {
    type: view.getUint8(IP),
    code: view.getUint8(IP + 1),
    quoted: decodeSegment(quoted, false),
  };
}

function pseudoHeader(source: number, destination: number, length: number): number {
  const halves = (word: number) => (word >>> 16) + (word & 0xffff);
  return halves(source) + halves(destination) + PROTOCOL_TCP + length;
}

/** The ones' complement sum of 16-bit words, by the book: RFC 1071 §4.1. */
function sumWords(view: DataView, start: number, end: number, initial = 0): number {
  let sum = initial;
  for (let at = start; at < end; at += 2) {
    sum += at + 1 < end ? view.getUint16(at) : view.getUint8(at) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}
