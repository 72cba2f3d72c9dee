/**
 * The IPv6 header, and the extension headers in front of the payload.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200#section-3 | RFC 8200 §3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200#section-4 | RFC 8200 §4}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { isIpv4, readAddress, writeAddress } from "./address.ts";
import { type IpHeader, IpProtocol } from "./header.ts";

/** Length of the fixed header, in bytes; we send no extension headers. */
export const IPV6_HEADER_LENGTH = 40;

const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SOURCE = 8;
const DESTINATION = 24;

/** Next Header values that are headers of IPv6 itself (RFC 8200 §4.1). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;

/** Length of a fragment header, in bytes. */
export const FRAGMENT_HEADER_LENGTH = 8;
const FRAGMENT_OFFSET = 2;
const OFFSET_BITS = 0xfff8;
const MORE_FRAGMENTS = 1;
const IDENTIFICATION = 4;

/** Of a routing header: what is left to visit. */
const SEGMENTS_LEFT = 3;
/** In units of eight bytes, the first eight not counted. */
const EXTENSION_UNIT = 8;
/** Of a routing header: what the rest of it means. */
const ROUTING_TYPE = 2;
/** An honest packet has each kind once, and Destination Options twice (RFC 8200 §4.1). */
const MOST_EXTENSIONS = 5;

const OPTION_PAD1 = 0;
/** The two highest bits of an option's type say what to do if it is unknown (RFC 8200 §4.2). */
const OPTION_ACTION = 0xc0;
const SKIP = 0x00;
const DISCARD = 0x40;
/** Discard, and tell the sender, even if the packet was for many. */
export const DISCARD_AND_TELL = 0x80;

/**
 * Reads the header at the front of `packet` into `header` and consumes it, the
 * extension headers, too. Bytes after the packet, such as Ethernet padding, are
 * cut off.
 *
 * @returns Why `packet` does not hold one whole, unfragmented packet for us.
 */
export function parseIpv6(header: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < IPV6_HEADER_LENGTH) return Drop.Truncated;
  const payloadLength = view.getUint16(start + PAYLOAD_LENGTH);
  if (IPV6_HEADER_LENGTH + payloadLength > length) return Drop.Truncated;
  takeFields(header, view, start);
  // On a wire they stand for IPv4 addresses, which would be taken for real ones (RFC 4291 §2.5.5.2).
  if (isIpv4(header.source)) return Drop.InvalidSource;
  if (isIpv4(header.destination)) return Drop.InvalidDestination;
  packet.end = start + IPV6_HEADER_LENGTH + payloadLength;
  packet.consume(IPV6_HEADER_LENGTH);
  return isExtension(header.protocol) ? skipExtensions(header, packet) : Drop.None;
}

/** Whether a Next Header names an extension header that we step over. */
function isExtension(nextHeader: number): boolean {
  return nextHeader === HOP_BY_HOP || nextHeader === ROUTING || nextHeader === FRAGMENT ||
    nextHeader === DESTINATION_OPTIONS;
}

/** Consumes extension headers until `header.protocol` is that of the payload. */
function skipExtensions(header: IpHeader, packet: PacketBuffer): Drop {
  const { view } = packet;
  for (let count = 0; isExtension(header.protocol); count++) {
    const kind = header.protocol;
    if (count === MOST_EXTENSIONS) return Drop.Malformed;
    if (kind === HOP_BY_HOP && count > 0) { // first or nowhere (RFC 8200 §4.1)
      return header.refuse(Drop.Malformed, "protocol unreachable", header.protocolAt);
    }
    const { start, length } = packet;
    if (length < EXTENSION_UNIT) return Drop.Truncated;
    if (kind === FRAGMENT) {
      takeFragment(header, view, start);
      packet.consume(EXTENSION_UNIT);
      if (!header.isFragment) continue;
      const isMisplaced = header.fragmentOffset === 0 && header.protocol === HOP_BY_HOP;
      if (!isMisplaced) return Drop.None; // what is behind is read once it is whole
      return header.refuse(Drop.Malformed, "protocol unreachable", header.protocolAt);
    }
    const size = (view.getUint8(start + 1) + 1) * EXTENSION_UNIT;
    if (size > length) return Drop.Truncated;
    if (kind === ROUTING) {
      // We are no router, and type 0 is forbidden anyway (RFC 5095 §3).
      if (view.getUint8(start + SEGMENTS_LEFT) !== 0) {
        const at = start + ROUTING_TYPE - header.at;
        return header.refuse(Drop.SourceRoute, "malformed field", at); // RFC 8200 §4.4
      }
    } else {
      const reason = checkOptions(header, view, start + 2, start + size);
      if (reason !== Drop.None) return reason;
    }
    header.protocol = view.getUint8(start);
    header.protocolAt = start - header.at;
    packet.consume(size);
  }
  return Drop.None;
}

/** Reads a fragment header; one that says that it is all there is changes nothing (RFC 6946 §4). */
function takeFragment(header: IpHeader, view: DataView, start: number): void {
  const field = view.getUint16(start + FRAGMENT_OFFSET);
  header.protocol = view.getUint8(start);
  header.protocolAt = start - header.at;
  header.fragmentOffset = field & OFFSET_BITS;
  header.moreFragments = (field & MORE_FRAGMENTS) !== 0;
  header.identification = view.getUint32(start + IDENTIFICATION);
  header.wasFragmented = true;
  header.isFragment = header.moreFragments || header.fragmentOffset > 0;
}

/** We know padding only; what else there is says itself whether it may be skipped. */
function checkOptions(header: IpHeader, view: DataView, start: number, end: number): Drop {
  let at = start;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === OPTION_PAD1) {
      at++;
      continue;
    }
    if (at + 2 > end) return Drop.Malformed;
    const action = type & OPTION_ACTION;
    if (action === DISCARD) return Drop.UnknownOption;
    if (action !== SKIP) {
      return header.refuse(Drop.UnknownOption, "unknown option", at - header.at);
    }
    at += 2 + view.getUint8(at + 1);
  }
  return at === end ? Drop.None : Drop.Malformed;
}

/**
 * Where the payload of a packet begins, whose header is at `start`, and its protocol: -1 when
 * that would be beyond `end`. The packet need not be one that could be read.
 */
export function findPayloadIpv6(
  view: DataView,
  start: number,
  end: number,
): { readonly protocol: number; readonly at: number } {
  return followChain(view, view.getUint8(start + NEXT_HEADER), start + IPV6_HEADER_LENGTH, end);
}

function followChain(view: DataView, first: number, start: number, end: number) {
  let protocol = first;
  let at = start;
  for (let count = 0; isExtension(protocol) && count < MOST_EXTENSIONS; count++) {
    if (at + EXTENSION_UNIT > end) return { protocol: -1, at: end };
    const units = protocol === FRAGMENT ? 0 : view.getUint8(at + 1);
    protocol = view.getUint8(at);
    at += (units + 1) * EXTENSION_UNIT;
  }
  return { protocol, at };
}

/** How long the header of the payload is, at least, where all of it is to be in the first fragment. */
const UPPER_HEADERS: Readonly<Record<number, number>> = {
  [IpProtocol.Tcp]: 20,
  [IpProtocol.Udp]: 8,
  [IpProtocol.Icmpv6]: 8,
};

/** Whether all headers are there, that of the payload included, from `protocol` at `start` on. */
export function hasWholeChain(
  view: DataView,
  protocol: number,
  start: number,
  end: number,
): boolean {
  const payload = followChain(view, protocol, start, end);
  return payload.at + (UPPER_HEADERS[payload.protocol] ?? 0) <= end && payload.protocol >= 0;
}

/**
 * Makes one packet of the header of a first fragment and all of the payload. The headers between
 * have been looked at, and are left out.
 */
export function joinIpv6({ view, start, length }: PacketBuffer, protocol: number): void {
  view.setUint16(start + PAYLOAD_LENGTH, length - IPV6_HEADER_LENGTH);
  view.setUint8(start + NEXT_HEADER, protocol);
}

/** How much an ICMP error has to quote of what is behind the IP header, for it to be of use. */
const QUOTED_PAYLOAD = 8;

/**
 * Reads the header of a packet of ours that an ICMP error quotes, and consumes
 * it. The rest may be cut anywhere behind eight bytes.
 *
 * @returns Why `packet` does not quote the beginning of a packet, or `Drop.None`.
 */
export function parseQuotedIpv6(header: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < IPV6_HEADER_LENGTH + QUOTED_PAYLOAD) return Drop.Truncated;
  if (view.getUint8(start) >> 4 !== 6) return Drop.Malformed;
  takeFields(header, view, start);
  packet.consume(IPV6_HEADER_LENGTH);
  return Drop.None;
}

function takeFields(header: IpHeader, view: DataView, start: number): void {
  header.version = 6;
  header.at = start;
  header.protocol = view.getUint8(start + NEXT_HEADER);
  header.protocolAt = NEXT_HEADER;
  header.hopLimit = view.getUint8(start + HOP_LIMIT);
  readAddress(header.source, view, start + SOURCE);
  readAddress(header.destination, view, start + DESTINATION);
}

/** Prepends the header described by `header` to the payload in `packet`. */
export function writeIpv6(header: IpHeader, packet: PacketBuffer): void {
  const { view } = packet;
  const nextHeader = header.isFragment ? writeFragment(header, packet) : header.protocol;
  const payloadLength = packet.length;
  const at = packet.prepend(IPV6_HEADER_LENGTH);
  view.setUint32(at, 0x6000_0000); // version 6; no traffic class; no flow label (RFC 6437 §3)
  view.setUint16(at + PAYLOAD_LENGTH, payloadLength);
  view.setUint8(at + NEXT_HEADER, nextHeader);
  view.setUint8(at + HOP_LIMIT, header.hopLimit);
  writeAddress(view, at + SOURCE, header.source);
  writeAddress(view, at + DESTINATION, header.destination);
}

/** Prepends a fragment header; returns what it is to be announced as. */
function writeFragment(header: IpHeader, packet: PacketBuffer): number {
  const { view } = packet;
  const at = packet.prepend(FRAGMENT_HEADER_LENGTH);
  view.setUint16(at, header.protocol << 8);
  view.setUint16(at + FRAGMENT_OFFSET, header.fragmentOffset + (header.moreFragments ? 1 : 0));
  view.setUint32(at + IDENTIFICATION, header.identification);
  return FRAGMENT;
}
