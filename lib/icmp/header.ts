/**
 * ICMP for IPv4: the messages that report an error.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc792 | RFC 792}
 * @module
 */
import { addWords, fold } from "../base/checksum.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";

/** Bytes in front of the packet that is quoted. */
export const ICMP_HEADER_LENGTH = 8;

/** Type 3. */
export const DESTINATION_UNREACHABLE = 3;
/** Type 11. */
export const TIME_EXCEEDED = 11;
/** Type 12. */
export const PARAMETER_PROBLEM = 12;

/** Codes of type 3 (RFC 792; RFC 1812 §5.2.7.1 for the last). */
export const UnreachableCode = { Network: 0, Host: 1, Prohibited: 13 } as const;
/** One of the codes in {@linkcode UnreachableCode}. */
export type UnreachableCode = typeof UnreachableCode[keyof typeof UnreachableCode];

/** Prepends the header of an error message to the quotation in `packet`. */
export function writeIcmpError(packet: PacketBuffer, type: number, code: number): void {
  const { view, end } = packet;
  const at = packet.prepend(ICMP_HEADER_LENGTH);
  view.setUint8(at, type);
  view.setUint8(at + 1, code);
  view.setUint16(at + 2, 0);
  view.setUint32(at + 4, 0);
  view.setUint16(at + 2, fold(addWords(view, at, end)));
}
