/**
 * The UDP header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc768 | RFC 768}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200#section-8.1 | RFC 8200 §8.1}
 * @module
 */
import { addWords, fold, foldSum } from "../base/checksum.ts";
import { Drop } from "../base/drop.ts";
import { ChecksumState, type PacketBuffer } from "../base/packet_buffer.ts";
import { type IpHeader, pseudoHeaderSum } from "../ip/header.ts";

/** Length of the header, in bytes. */
export const UDP_HEADER_LENGTH = 8;

/** The most bytes behind it in a packet of this version of IP without extension headers. */
export function longestPayload(version: 4 | 6): number {
  return version === 4 ? 65_535 - 20 - UDP_HEADER_LENGTH : 65_535 - UDP_HEADER_LENGTH;
}

const DESTINATION_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;
/** In the field: the sender has not made a checksum. */
const NO_CHECKSUM = 0;

/** The ports of a datagram. One object, reused for every datagram: nobody may keep it. */
export class Datagram {
  /** Who sends; 0: who wants no answer. */
  sourcePort = 0;
  /** Whom it is for. */
  destinationPort = 0;
}

/**
 * Reads the header at the front of `packet` into `datagram` and consumes it, so
 * that `packet` holds the payload. Bytes behind the datagram are cut off.
 *
 * @returns Why `packet` does not hold a datagram with a valid checksum. One
 * without a checksum is valid over IPv4 only.
 */
export function parseDatagram(datagram: Datagram, ip: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, length } = packet;
  if (length < UDP_HEADER_LENGTH) return Drop.Truncated;
  const total = view.getUint16(start + LENGTH);
  if (total < UDP_HEADER_LENGTH) return Drop.Malformed;
  if (total > length) return Drop.Truncated;
  const end = start + total;
  if (packet.checksumState === ChecksumState.Plain) {
    const isMissing = view.getUint16(start + CHECKSUM) === NO_CHECKSUM;
    const isValid = isMissing
      ? ip.version === 4
      : fold(addWords(view, start, end, pseudoHeaderSum(ip, total))) === 0;
    if (!isValid) return Drop.BadChecksum;
  }
  datagram.sourcePort = view.getUint16(start);
  datagram.destinationPort = view.getUint16(start + DESTINATION_PORT);
  packet.end = end;
  packet.consume(UDP_HEADER_LENGTH);
  return Drop.None;
}

/**
 * Prepends the header described by `datagram` to the payload in `packet`.
 *
 * @param offload Whether the link completes the checksum.
 */
export function writeDatagram(
  datagram: Datagram,
  ip: IpHeader,
  packet: PacketBuffer,
  offload: boolean,
): void {
  const { view, end } = packet;
  const at = packet.prepend(UDP_HEADER_LENGTH);
  view.setUint16(at, datagram.sourcePort);
  view.setUint16(at + DESTINATION_PORT, datagram.destinationPort);
  view.setUint16(at + LENGTH, packet.length);
  view.setUint16(at + CHECKSUM, 0);
  const pseudo = pseudoHeaderSum(ip, packet.length);
  if (offload) {
    view.setUint16(at + CHECKSUM, foldSum(pseudo));
    packet.checksumState = ChecksumState.Partial;
    packet.checksumStart = at;
    packet.checksumOffset = CHECKSUM;
  } else {
    const sum = fold(addWords(view, at, end, pseudo));
    view.setUint16(at + CHECKSUM, sum === NO_CHECKSUM ? 0xffff : sum); // the same number, but a checksum
  }
}

/**
 * Prepends the header of a datagram of `length` bytes whose payload is no longer there. Nobody
 * looks at its checksum, for which the payload would be needed.
 */
export function writeQuotedDatagram(
  sourcePort: number,
  destinationPort: number,
  length: number,
  packet: PacketBuffer,
): void {
  const { view } = packet;
  const at = packet.prepend(UDP_HEADER_LENGTH);
  view.setUint16(at, sourcePort);
  view.setUint16(at + DESTINATION_PORT, destinationPort);
  view.setUint16(at + LENGTH, UDP_HEADER_LENGTH + length);
  view.setUint16(at + CHECKSUM, NO_CHECKSUM);
}
