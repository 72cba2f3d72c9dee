/**
 * The Internet checksum.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1071 | RFC 1071}
 * @module
 */
import { ChecksumState, type PacketBuffer } from "./packet_buffer.ts";

/** Where it is in the header of UDP, which has a value for "none" (RFC 768). */
const UDP_CHECKSUM = 6;

/**
 * Adds the 16-bit words of `[start, end)` to `sum`. A range of odd length
 * counts as if a zero byte followed it, so only the last range may be odd.
 *
 * The sum is exact up to 2^53, far beyond what a packet can add up to. Reading
 * 32 bits at a time halves the cost of reading 16 (150 ns against 300 ns for
 * 1460 bytes).
 *
 * @returns An unfolded sum; pass it on as `sum`, or to {@linkcode fold}.
 */
export function addWords(view: DataView, start: number, end: number, sum = 0): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = view.getUint32(at);
    sum += (word >>> 16) + (word & 0xffff);
  }
  if (at + 2 <= end) {
    sum += view.getUint16(at);
    at += 2;
  }
  if (at < end) sum += view.getUint8(at) << 8;
  return sum;
}

/** Folds the carries of `sum` in: the 16-bit ones' complement sum. */
export function foldSum(sum: number): number {
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/** Folds the carries of `sum` in and inverts it: the value for the checksum field. */
export function fold(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}

/** Completes the transport checksum of `packet` if it is partial. */
export function completeChecksum(packet: PacketBuffer): void {
  if (packet.checksumState !== ChecksumState.Partial) return;
  const { view, checksumStart, end } = packet;
  packet.checksumState = ChecksumState.Plain;
  if (checksumStart + packet.checksumOffset + 2 > end) return; // too short to have one
  // The field holds the sum of the pseudo-header, so that adding it in completes it.
  const sum = fold(addWords(view, checksumStart, end));
  const isNone = sum === 0 && packet.checksumOffset === UDP_CHECKSUM; // which 0 would say
  view.setUint16(checksumStart + packet.checksumOffset, isNone ? 0xffff : sum);
}
