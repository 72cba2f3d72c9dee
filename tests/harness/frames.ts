/**
 * Ethernet frames as bytes, written and read without the code under test.
 *
 * @module
 */
import ipaddr from "ipaddr.js";

/** A station of the guest's. */
export const GUEST_MAC = "02:00:00:00:00:64";
/** What headgate is on the link. */
export const OUR_MAC = "52:55:0a:00:02:02";
/** Everybody. */
export const EVERYBODY = "ff:ff:ff:ff:ff:ff";

/** Bytes, and what has them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Joins bytes: numbers are single ones. */
export function join(...parts: readonly (number | readonly number[] | Uint8Array)[]): Bytes {
  return Uint8Array.from(parts.flatMap((part) => typeof part === "number" ? part : [...part]));
}

/** The bytes of a MAC address, six of them as a rule, or of any hexadecimal text. */
export function mac(text: string): number[] {
  return text.split(":").map((octet) => parseInt(octet, 16));
}

/** The bytes of an IP address. */
export function ip(text: string): number[] {
  return ipaddr.parse(text).toByteArray();
}

/** The bytes of a 16-bit number. */
export function u16(value: number): number[] {
  return [value >> 8 & 0xff, value & 0xff];
}

/** The bytes of a 32-bit number. */
export function u32(value: number): number[] {
  return [...u16(value >>> 16), ...u16(value & 0xffff)];
}

/** A frame. */
export function frame(
  { from = GUEST_MAC, to = OUR_MAC, type, data }: {
    readonly from?: string;
    readonly to?: string;
    readonly type: number;
    readonly data: Uint8Array;
  },
): Bytes {
  return join(mac(to), mac(from), u16(type), data);
}

/** An ARP message in a frame; the sender's MAC address is that of the frame. */
export function arp(
  { operation = 1, from = GUEST_MAC, to = EVERYBODY, sender, target, senderMac = from }: {
    readonly operation?: number;
    readonly from?: string;
    readonly to?: string;
    readonly sender: string;
    readonly target: string;
    readonly senderMac?: string;
  },
): Bytes {
  const targetMac = operation === 1 ? "0:0:0:0:0:0" : to;
  const addresses = [...mac(senderMac), ...ip(sender), ...mac(targetMac), ...ip(target)];
  const data = join(u16(1), u16(0x800), 6, 4, u16(operation), addresses);
  return frame({ from, to, type: 0x0806, data });
}

/** A UDP datagram in IP. */
export function udp(
  { source, destination, ports, data }: {
    readonly source: string;
    readonly destination: string;
    readonly ports: readonly [number, number];
    readonly data: Uint8Array;
  },
): Bytes {
  const rest = join(u16(ports[0]), u16(ports[1]), u16(8 + data.length), u16(0), data);
  return packet({ source, destination, protocol: 17, data: rest, checksumAt: 6 });
}

/** An IP packet; its upper checksum, whose field holds 0, is put in. */
export function packet(
  { source, destination, protocol, data, checksumAt, hopLimit = 64 }: {
    readonly source: string;
    readonly destination: string;
    readonly protocol: number;
    readonly data: Uint8Array;
    readonly checksumAt: number;
    readonly hopLimit?: number;
  },
): Bytes {
  const addresses = [...ip(source), ...ip(destination)];
  const body = join(data);
  const pseudo = join(addresses, u32(body.length), u32(protocol));
  body.set(u16(~sum(join(pseudo, body)) & 0xffff || 0xffff), checksumAt);
  if (addresses.length === 32) {
    return join(0x60, 0, 0, 0, u16(body.length), protocol, hopLimit, addresses, body);
  }
  const head = (checksum: number) =>
    join(0x45, 0, u16(20 + body.length), u32(0), hopLimit, protocol, u16(checksum), addresses);
  return join(head(~sum(head(0)) & 0xffff), body);
}

/** The ones' complement sum of 16-bit words. */
export function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += bytes[at]! * 256 + (bytes[at + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** Hexadecimal text for a MAC address. */
export function macText(bytes: Uint8Array): string {
  return [...bytes].map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

/** Text for the bytes of an IP address. */
export function ipText(bytes: Uint8Array): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}
