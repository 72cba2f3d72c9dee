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
import type { IpHeader } from "./header.ts";

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

/** Of a routing header: what is left to visit. */
const SEGMENTS_LEFT = 3;
/** In units of eight bytes, the first eight not counted. */
const EXTENSION_UNIT = 8;
/** An honest packet has each kind once, and Destination Options twice (RFC 8200 §4.1). */
const MOST_EXTENSIONS = 5;

const OPTION_PAD1 = 0;
/** The two highest bits of an option's type: 00 is to skip it if it is unknown (RFC 8200 §4.2). */
const OPTION_ACTION = 0xc0;

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
    if (kind === HOP_BY_HOP && count > 0) return Drop.Malformed; // first or nowhere
    if (kind === FRAGMENT) return Drop.Fragment;
    const { start, length } = packet;
    if (length < EXTENSION_UNIT) return Drop.Truncated;
    const size = (view.getUint8(start + 1) + 1) * EXTENSION_UNIT;
    if (size > length) return Drop.Truncated;
    if (kind === ROUTING) {
      // We are no router, and type 0 is forbidden anyway (RFC 5095 §3).
      if (view.getUint8(start + SEGMENTS_LEFT) !== 0) return Drop.SourceRoute;
    } else {
      const reason = checkOptions(view, start + 2, start + size);
      if (reason !== Drop.None) return reason;
    }
    header.protocol = view.getUint8(start);
    packet.consume(size);
  }
  return Drop.None;
}

/** We know padding only; what else there is says itself whether it may be skipped. */
function checkOptions(view: DataView, start: number, end: number): Drop {
  let at = start;
  while (at < end) {
    const type = view.getUint8(at);
    if (type === OPTION_PAD1) {
      at++;
      continue;
    }
    if (at + 2 > end) return Drop.Malformed;
    if (type & OPTION_ACTION) return Drop.UnknownOption;
    at += 2 + view.getUint8(at + 1);
  }
  return at === end ? Drop.None : Drop.Malformed;
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
  header.protocol = view.getUint8(start + NEXT_HEADER);
  header.hopLimit = view.getUint8(start + HOP_LIMIT);
  readAddress(header.source, view, start + SOURCE);
  readAddress(header.destination, view, start + DESTINATION);
}

/** Prepends the header described by `header` to the payload in `packet`. */
export function writeIpv6(header: IpHeader, packet: PacketBuffer): void {
  const { view } = packet;
  const payloadLength = packet.length;
  const at = packet.prepend(IPV6_HEADER_LENGTH);
  view.setUint32(at, 0x6000_0000); // version 6; no traffic class; no flow label (RFC 6437 §3)
  view.setUint16(at + PAYLOAD_LENGTH, payloadLength);
  view.setUint8(at + NEXT_HEADER, header.protocol);
  view.setUint8(at + HOP_LIMIT, header.hopLimit);
  writeAddress(view, at + SOURCE, header.source);
  writeAddress(view, at + DESTINATION, header.destination);
}
