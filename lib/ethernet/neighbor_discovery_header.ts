/**
 * The messages of Neighbor Discovery: ICMPv6 of the types 133 to 137, whose
 * body is a target or nothing, and options.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4861#section-4 | RFC 4861 §4}
 * @module
 */
import { Drop } from "../base/drop.ts";
import { ChecksumState, type PacketBuffer } from "../base/packet_buffer.ts";
import { ICMP_HEADER_LENGTH, icmpChecksum } from "../icmp/header.ts";
import {
  AddressField,
  AddressKind,
  addressKind,
  type IpAddress,
  isIpv4,
  readAddress,
  writeAddress,
} from "../ip/address.ts";
import type { IpHeader } from "../ip/header.ts";
import { type MacAddress, readMac, writeMac } from "./header.ts";

/** Types of messages. */
export const NdType = {
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighborSolicitation: 135,
  NeighborAdvertisement: 136,
  Redirect: 137,
} as const;

/** Types of options (RFC 4861 §4.6; RFC 8106 §5.1). */
export const NdOption = {
  SourceMac: 1,
  TargetMac: 2,
  Prefix: 3,
  Mtu: 5,
  RecursiveDns: 25,
} as const;

/** Flags of a Neighbor Advertisement, in the word behind the checksum. */
export const NaFlag = {
  Router: 0x8000_0000,
  Solicited: 0x4000_0000,
  Override: 0x2000_0000,
} as const;

/** No router passes it on: whoever sends it is on the link (RFC 4861 §3.1). */
export const ND_HOP_LIMIT = 255;

/** In units of eight bytes, as lengths of options are. */
const OPTION_UNIT = 8;
const ADDRESS_LENGTH = 16;
const CODE = 1;
const REST = 4;
const TARGET = ICMP_HEADER_LENGTH;

/** A message. One object, reused: nobody may keep it. */
export class NdMessage {
  /** One of {@linkcode NdType}. */
  type = 0;
  /** The word behind the checksum: flags. */
  flags = 0;
  /** Who is meant; means nothing where there is no target. */
  readonly target: AddressField = new AddressField();
  /** Where the sender is, if it says so. */
  sourceMac: MacAddress | undefined;
  /** Where the target is, if it is said. */
  targetMac: MacAddress | undefined;
}

/**
 * Reads the message that is all of `packet`, behind the header `ip`. Advertisements
 * and redirections of routers are none for us, and are not read to the end.
 *
 * @returns Why `packet` holds no valid message (RFC 4861 §6.1.1, §7.1), or `Drop.None`.
 */
export function parseNd(message: NdMessage, ip: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < ICMP_HEADER_LENGTH) return Drop.Truncated;
  if (packet.checksumState === ChecksumState.Plain && icmpChecksum(ip, packet) !== 0) {
    return Drop.BadChecksum;
  }
  if (ip.hopLimit !== ND_HOP_LIMIT) return Drop.InvalidSource;
  if (view.getUint8(start + CODE) !== 0) return Drop.Malformed;
  message.type = view.getUint8(start);
  message.flags = view.getUint32(start + REST);
  switch (message.type) {
    case NdType.RouterSolicitation:
      return readOptions(message, packet, ICMP_HEADER_LENGTH) || checkSource(message, ip);
    case NdType.NeighborSolicitation:
      return readTarget(message, packet) || checkSource(message, ip);
    case NdType.NeighborAdvertisement:
      return readTarget(message, packet);
    default:
      return Drop.IgnoredMessage;
  }
}

function readTarget(message: NdMessage, packet: PacketBuffer): Drop {
  if (packet.length < TARGET + ADDRESS_LENGTH) return Drop.Truncated;
  const { target } = message;
  readAddress(target, packet.view, packet.start + TARGET);
  if (isIpv4(target) || addressKind(target) === AddressKind.Multicast) return Drop.Malformed;
  return readOptions(message, packet, TARGET + ADDRESS_LENGTH);
}

function readOptions(message: NdMessage, { view, start, end }: PacketBuffer, from: number): Drop {
  message.sourceMac = message.targetMac = undefined;
  for (let at = start + from; at < end;) {
    if (at + OPTION_UNIT > end) return Drop.Truncated;
    const size = view.getUint8(at + 1) * OPTION_UNIT;
    if (size === 0) return Drop.Malformed;
    if (at + size > end) return Drop.Truncated;
    const kind = view.getUint8(at);
    if (kind === NdOption.SourceMac) message.sourceMac = readMac(view, at + 2);
    if (kind === NdOption.TargetMac) message.targetMac = readMac(view, at + 2);
    at += size;
  }
  return Drop.None;
}

/** Who has no address yet cannot say where it is (RFC 4861 §6.1.1, §7.1.1). */
function checkSource({ sourceMac }: NdMessage, { source }: IpHeader): Drop {
  const isUnspecified = addressKind(source) === AddressKind.Unspecified;
  return isUnspecified && sourceMac !== undefined ? Drop.Malformed : Drop.None;
}

/** Appends `address` to `packet`. */
export function appendAddress(packet: PacketBuffer, address: IpAddress): void {
  writeAddress(packet.view, packet.append(ADDRESS_LENGTH), address);
}

/** Appends an option that says where somebody is. */
export function appendMac(packet: PacketBuffer, kind: number, mac: MacAddress): void {
  const at = appendOption(packet, kind, 1);
  writeMac(packet.view, at + 2, mac);
}

/** Appends an option of so many units of eight bytes, all zero; returns where it begins. */
export function appendOption(packet: PacketBuffer, kind: number, units: number): number {
  const at = packet.append(OPTION_UNIT * units);
  packet.bytes.fill(0, at, packet.end);
  packet.view.setUint8(at, kind);
  packet.view.setUint8(at + 1, units);
  return at;
}
