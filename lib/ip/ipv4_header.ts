/**
 * The IPv4 header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc791#section-3.1 | RFC 791 §3.1}
 * @module
 */
import { addWords, fold } from "../base/checksum.ts";
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { IpHeader } from "./header.ts";

/** Length of a header without options, in bytes; the only kind we send. */
export const IPV4_HEADER_LENGTH = 20;

/** Where in a header the length of the whole packet is. */
export const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SOURCE = 12;
const DESTINATION = 16;

const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const OFFSET = 0x1fff;
const OFFSET_UNIT = 8;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_LOOSE_ROUTE = 131;
const OPTION_STRICT_ROUTE = 137;

/**
 * Reads the header at the front of `packet` into `header` and consumes it.
 * Bytes after the datagram, such as Ethernet padding, are cut off.
 *
 * @returns Why `packet` does not hold one intact datagram or fragment.
 */
export function parseIpv4(header: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < IPV4_HEADER_LENGTH) return Drop.Truncated;
  const headerLength = (view.getUint8(start) & 0x0f) * 4;
  const totalLength = view.getUint16(start + TOTAL_LENGTH);
  if (headerLength < IPV4_HEADER_LENGTH || totalLength < headerLength) return Drop.Malformed;
  if (totalLength > length) return Drop.Truncated;
  if (fold(addWords(view, start, start + headerLength)) !== 0) return Drop.BadChecksum;
  if (headerLength > IPV4_HEADER_LENGTH) {
    const reason = checkOptions(view, start + IPV4_HEADER_LENGTH, start + headerLength);
    if (reason !== Drop.None) return reason;
  }

  takeFields(header, view, start);
  packet.end = start + totalLength;
  packet.consume(headerLength);
  return Drop.None;
}

/** How much an ICMP error quotes of what is behind the IP header, at least (RFC 792). */
const QUOTED_PAYLOAD = 8;

/**
 * Reads the header of a packet of ours that an ICMP error quotes, and consumes
 * it. The rest may be cut anywhere behind eight bytes, routers on the way have
 * changed the TTL, and some the checksum: neither is looked at.
 *
 * @returns Why `packet` does not quote the beginning of a packet, or `Drop.None`.
 */
export function parseQuotedIpv4(header: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < IPV4_HEADER_LENGTH + QUOTED_PAYLOAD) return Drop.Truncated;
  const versionAndLength = view.getUint8(start);
  const headerLength = (versionAndLength & 0x0f) * 4;
  if (versionAndLength >> 4 !== 4 || headerLength < IPV4_HEADER_LENGTH) return Drop.Malformed;
  if (headerLength + QUOTED_PAYLOAD > length) return Drop.Truncated;
  if (view.getUint16(start + FRAGMENT) & OFFSET) return Drop.Fragment;
  takeFields(header, view, start);
  packet.consume(headerLength);
  return Drop.None;
}

/** Where the payload of a packet begins, whose header is at `start`, and its protocol. */
export function findPayloadIpv4(
  view: DataView,
  start: number,
): { readonly protocol: number; readonly at: number } {
  return {
    protocol: view.getUint8(start + PROTOCOL),
    at: start + (view.getUint8(start) & 0x0f) * 4,
  };
}

function takeFields(header: IpHeader, view: DataView, start: number): void {
  const fragment = view.getUint16(start + FRAGMENT);
  header.isFragment = (fragment & MORE_FRAGMENTS_OR_OFFSET) !== 0;
  header.fragmentOffset = (fragment & OFFSET) * OFFSET_UNIT;
  header.moreFragments = (fragment & MORE_FRAGMENTS) !== 0;
  header.identification = view.getUint16(start + IDENTIFICATION);
  header.version = 4;
  header.at = start;
  header.source.assignIpv4(view.getInt32(start + SOURCE));
  header.destination.assignIpv4(view.getInt32(start + DESTINATION));
  header.protocol = view.getUint8(start + PROTOCOL);
  header.protocolAt = PROTOCOL;
  header.hopLimit = view.getUint8(start + TTL);
}

/** Options are ignored, except that a source route is refused (RFC 1122 §3.2.1.8 c). */
function checkOptions(view: DataView, start: number, end: number): Drop {
  let at = start;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    if (kind === OPTION_LOOSE_ROUTE || kind === OPTION_STRICT_ROUTE) return Drop.SourceRoute;
    const length = at + 1 < end ? view.getUint8(at + 1) : 0;
    if (length < 2 || at + length > end) return Drop.Malformed;
    at += length;
  }
  return Drop.None;
}

/** Prepends the header described by `header` to the payload in `packet`. */
export function writeIpv4(header: IpHeader, packet: PacketBuffer): void {
  const { view } = packet;
  const at = packet.prepend(IPV4_HEADER_LENGTH);
  view.setUint16(at, 0x4500); // version 4, five words, DSCP 0
  view.setUint16(at + TOTAL_LENGTH, packet.length);
  if (header.isFragment) {
    const more = header.moreFragments ? MORE_FRAGMENTS : 0;
    view.setUint16(at + IDENTIFICATION, header.identification);
    view.setUint16(at + FRAGMENT, more + header.fragmentOffset / OFFSET_UNIT);
  } else {
    view.setUint16(at + IDENTIFICATION, 0); // RFC 6864 §4.1: an atomic datagram needs no ID
    view.setUint16(at + FRAGMENT, DONT_FRAGMENT);
  }
  view.setUint8(at + TTL, header.hopLimit);
  view.setUint8(at + PROTOCOL, header.protocol);
  view.setUint16(at + CHECKSUM, 0);
  view.setInt32(at + SOURCE, header.source.w3);
  view.setInt32(at + DESTINATION, header.destination.w3);
  view.setUint16(at + CHECKSUM, fold(addWords(view, at, at + IPV4_HEADER_LENGTH)));
}

/** Makes one packet of the header of a first fragment, so many bytes, and all of the payload. */
export function joinIpv4({ view, start, length }: PacketBuffer, headerLength: number): void {
  view.setUint16(start + TOTAL_LENGTH, length);
  view.setUint16(start + FRAGMENT, 0);
  view.setUint16(start + CHECKSUM, 0);
  view.setUint16(start + CHECKSUM, fold(addWords(view, start, start + headerLength)));
}
