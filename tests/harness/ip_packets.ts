/**
 * IP packets of any kind as the wire has them, made and read without the code
 * under test.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { getAddress, pseudoHeader, setAddress, sumWords, type WireAddress } from "./wire.ts";

/** ICMP, UDP and ICMPv6 by their numbers. */
export const [ICMP, UDP, ICMPV6] = [1, 17, 58];

/** What an IP packet says. */
export interface IpPacket {
  readonly source: WireAddress;
  readonly destination: WireAddress;
  /** Of the payload: for IPv6 the Next Header of the last header. */
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** @default {57} */
  readonly hopLimit?: number;
  /** Of IPv4, a multiple of four bytes. */
  readonly options?: readonly number[];
  /** Of IPv6: headers in front of a fragment header; the first of each is its own kind. */
  readonly extensions?: readonly (readonly [kind: number, ...bytes: readonly number[]])[];
  readonly fragment?: Fragment;
}

/** Which part of a datagram a packet holds. */
export interface Fragment {
  readonly id: number;
  /** In bytes. */
  readonly offset: number;
  readonly more: boolean;
}

const FRAGMENT = 44;

/** `packet` in fragments with `size` bytes of its payload in each, a multiple of eight. */
export function cut(packet: IpPacket, size: number, id = 0x1234): IpPacket[] {
  const { payload } = packet;
  const count = Math.ceil(payload.length / size);
  return Array.from({ length: count }, (_, i) => ({
    ...packet,
    payload: payload.slice(i * size, (i + 1) * size),
    fragment: { id, offset: i * size, more: i < count - 1 },
  }));
}

/** The packet that `fragments` are of, whose last comes last; each begins where one has ended. */
export function join(fragments: readonly IpPacket[]): IpPacket {
  const [first] = fragments;
  assert(first);
  const payload = new Uint8Array(fragments.reduce((sum, { payload }) => sum + payload.length, 0));
  let at = 0;
  for (const { fragment, payload: part, ...others } of fragments) {
    assertEquals(fragment?.offset, at);
    assertEquals(fragment?.id, first.fragment?.id);
    assertEquals(fragment?.more, at + part.length < payload.length);
    assertEquals(others, { ...others, source: first.source, protocol: first.protocol });
    payload.set(part, at);
    at += part.length;
  }
  return { ...first, payload };
}

/** The bytes of an IP packet. */
export function encodePacket(packet: IpPacket): Uint8Array<ArrayBuffer> {
  return typeof packet.source === "bigint" ? encodeIpv6(packet) : encodeIpv4(packet);
}

function encodeIpv4(packet: IpPacket): Uint8Array<ArrayBuffer> {
  const { source, destination, protocol, payload, hopLimit = 57, options = [], fragment } = packet;
  const length = 20 + options.length;
  const bytes = new Uint8Array(length + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4000 + (length / 4) * 0x100);
  view.setUint16(2, bytes.length);
  view.setUint16(4, fragment?.id ?? 0);
  view.setUint16(6, fragment ? fragment.offset / 8 + (fragment.more ? 0x2000 : 0) : 0x4000);
  bytes.set([hopLimit, protocol], 8);
  view.setUint32(12, Number(source));
  view.setUint32(16, Number(destination));
  bytes.set(options, 20);
  view.setUint16(10, ~sumWords(view, 0, length));
  bytes.set(payload, length);
  return bytes;
}

function encodeIpv6(packet: IpPacket): Uint8Array<ArrayBuffer> {
  const { source, destination, protocol, payload, hopLimit = 57, fragment } = packet;
  const extensions = (packet.extensions ?? []).map(([kind, ...rest]) => ({ kind, rest }));
  if (fragment) {
    const { id, offset, more } = fragment;
    const field = offset + (more ? 1 : 0);
    const idBytes = [id >>> 24, id >>> 16, id >>> 8, id].map((byte) => byte & 0xff);
    extensions.push({ kind: FRAGMENT, rest: [0, field >> 8, field & 0xff, ...idBytes] });
  }
  const kinds = [...extensions.map(({ kind }) => kind), protocol];
  const headers = extensions.flatMap(({ rest }, i) => [kinds[i + 1]!, ...rest]);
  const bytes = new Uint8Array(40 + headers.length + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, headers.length + payload.length);
  bytes.set([kinds[0]!, hopLimit], 6);
  setAddress(view, 8, BigInt(source));
  setAddress(view, 24, BigInt(destination));
  bytes.set(headers, 40);
  bytes.set(payload, 40 + headers.length);
  return bytes;
}

/** A packet of the stack's; its checksum of IPv4 must be right. */
export function decodeIp(bytes: Uint8Array): Required<Omit<IpPacket, "options" | "extensions">> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const none = { id: 0, offset: 0, more: false };
  if (bytes[0]! >> 4 === 6) {
    assertEquals(view.getUint16(4), bytes.length - 40, "the payload length");
    const ends = { source: getAddress(view, 8), destination: getAddress(view, 24) };
    const isFragment = bytes[6] === FRAGMENT;
    const field = isFragment ? view.getUint16(42) : 0;
    return {
      ...ends,
      hopLimit: bytes[7]!,
      protocol: bytes[isFragment ? 40 : 6]!,
      payload: bytes.slice(isFragment ? 48 : 40),
      fragment: isFragment
        ? { id: view.getUint32(44), offset: field & 0xfff8, more: (field & 1) !== 0 }
        : none,
    };
  }
  assertEquals(bytes[0], 0x45);
  assertEquals(view.getUint16(2), bytes.length, "the total length");
  assertEquals(sumWords(view, 0, 20), 0xffff, "the checksum of the IP header");
  const field = view.getUint16(6);
  const offset = (field & 0x1fff) * 8;
  const more = (field & 0x2000) !== 0;
  assert((field & 0x4000) === 0 || (offset === 0 && !more), "a fragment that is not to be cut");
  return {
    source: view.getUint32(12),
    destination: view.getUint32(16),
    hopLimit: bytes[8]!,
    protocol: bytes[9]!,
    payload: bytes.slice(20),
    fragment: { id: view.getUint16(4), offset, more },
  };
}

/** An ICMP message as payload, for these ends. */
export function encodeMessage(
  [type, code, rest = 0]: readonly [type: number, code: number, rest?: number],
  body: Uint8Array,
  { source, destination }: Pick<IpPacket, "source" | "destination">,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set([type, code]);
  view.setUint32(4, rest);
  bytes.set(body, 8);
  const pseudo = typeof source === "bigint"
    ? pseudoHeader(source, destination, ICMPV6, bytes.length)
    : 0;
  view.setUint16(2, ~sumWords(view, 0, bytes.length, pseudo));
  return bytes;
}

/** The ICMP message in a packet, whose checksum must be right. */
export function decodeMessage(packet: Pick<IpPacket, "source" | "destination" | "payload">) {
  const { source, destination, payload } = packet;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const pseudo = typeof source === "bigint"
    ? pseudoHeader(source, destination, ICMPV6, payload.length)
    : 0;
  assertEquals(sumWords(view, 0, payload.length, pseudo), 0xffff, "the checksum of ICMP");
  return {
    source,
    destination,
    type: payload[0]!,
    code: payload[1]!,
    rest: view.getUint32(4),
    body: payload.slice(8),
  };
}
