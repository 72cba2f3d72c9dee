/**
 * The header of an Ethernet II frame.
 *
 *     +-------------+--------+------+-----------+
 *     | destination | source | type | payload...|
 *     +-------------+--------+------+-----------+
 *        6 bytes       6        2
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc894 | RFC 894}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";

/** A MAC address: its 48 bits as a number, first byte highest. */
export type MacAddress = number;

/** Everybody on the link. */
export const BROADCAST: MacAddress = 0xffff_ffff_ffff;

/** Length of the header, in bytes. */
export const ETHERNET_HEADER_LENGTH = 14;

/** What a frame carries (IANA, "IEEE 802 Numbers"). */
export const EtherType = { Ipv4: 0x0800, Arp: 0x0806, Ipv6: 0x86dd } as const;

/** Smaller values of the type field are a length, in frames of IEEE 802.3. */
const SMALLEST_TYPE = 0x0600;

const SOURCE = 6;
const TYPE = 12;

/** The fields of the header. One object, reused for every frame: nobody may keep it. */
export class EthernetHeader {
  /** Who is to take the frame. */
  destination: MacAddress = 0;
  /** Who has sent it. */
  source: MacAddress = 0;
  /** One of {@linkcode EtherType}, or another. */
  type = 0;
}

/**
 * Reads the header at the front of `packet` into `header` and consumes it.
 *
 * @returns Why `packet` does not hold an Ethernet II frame, or `Drop.None`.
 */
export function parseEthernet(header: EthernetHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < ETHERNET_HEADER_LENGTH) return Drop.Truncated;
  const type = view.getUint16(start + TYPE);
  if (type < SMALLEST_TYPE) return Drop.Malformed;
  header.destination = readMac(view, start);
  header.source = readMac(view, start + SOURCE);
  header.type = type;
  packet.consume(ETHERNET_HEADER_LENGTH);
  return Drop.None;
}

/** Prepends the header described by `header` to the payload in `packet`. */
export function writeEthernet(header: EthernetHeader, packet: PacketBuffer): void {
  const at = packet.prepend(ETHERNET_HEADER_LENGTH);
  writeMac(packet.view, at, header.destination);
  writeMac(packet.view, at + SOURCE, header.source);
  packet.view.setUint16(at + TYPE, header.type);
}

/** Whether `address` is that of a group: several take the frame. */
export function isGroupAddress(address: MacAddress): boolean {
  return Math.floor(address / 2 ** 40) % 2 === 1;
}

/** Reads the six bytes of an address. */
export function readMac(view: DataView, at: number): MacAddress {
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

/** Writes the six bytes of an address. */
export function writeMac(view: DataView, at: number, address: MacAddress): void {
  view.setUint16(at, Math.floor(address / 2 ** 32));
  view.setUint32(at + 2, address % 2 ** 32);
}
