/**
 * DHCP options: a code, a length, and so many bytes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2132 | RFC 2132}
 * @module
 */
import type { PacketBuffer } from "../base/packet_buffer.ts";

/** Codes of the options that we read or write. */
export const OptionCode = {
  SubnetMask: 1,
  Router: 3,
  DomainNameServer: 6,
  InterfaceMtu: 26,
  BroadcastAddress: 28,
  RequestedAddress: 50,
  LeaseTime: 51,
  Overload: 52,
  MessageType: 53,
  ServerId: 54,
  RenewalTime: 58,
  RebindingTime: 59,
  ClientId: 61,
} as const;

/** An option: its code, and its at most 255 bytes. */
export type DhcpOption = readonly [code: number, value: Uint8Array];

const PAD = 0;
const END = 255;

/**
 * Copies the options in `bytes` to `options`: up to the end marker, or without
 * one to the end, since there are clients that forget it. Of an option that
 * comes twice the pieces are joined (RFC 3396 §7).
 *
 * @returns Whether no option is longer than what is left.
 */
export function readOptions(options: Map<number, Uint8Array>, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    const code = bytes[at++]!; // it is below the length
    if (code === END) break;
    if (code === PAD) continue;
    const length = bytes[at++];
    if (length === undefined || at + length > bytes.length) return false;
    const value = bytes.subarray(at, at + length);
    options.set(code, Uint8Array.from([...options.get(code) ?? [], ...value]));
    at += length;
  }
  return true;
}

/** Appends `options` and an end marker to `packet`. */
export function appendOptions(options: readonly DhcpOption[], packet: PacketBuffer): void {
  for (const [code, value] of options) {
    const at = packet.append(2 + value.length);
    packet.bytes[at] = code;
    packet.bytes[at + 1] = value.length;
    packet.bytes.set(value, at + 2);
  }
  packet.bytes[packet.append(1)] = END;
}

/** The bytes of 32-bit numbers: addresses, or times in seconds. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => view.setUint32(4 * index, value));
  return bytes;
}

/** The bytes of a 16-bit number. */
export function shorts(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value);
}
