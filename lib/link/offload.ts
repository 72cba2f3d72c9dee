/**
 * What a link does in software when its device does not: it completes
 * checksums and cuts super-segments into wire packets.
 *
 * @module
 */
import { addWords, completeChecksum, fold, foldSum } from "../base/checksum.ts";
import { ChecksumState, type PacketBuffer } from "../base/packet_buffer.ts";

const IPV4_TOTAL_LENGTH = 2;
const IPV4_PROTOCOL = 9;
const IPV4_CHECKSUM = 10;
const IPV4_ADDRESSES = 12;
const IPV4_HEADER_LENGTH = 20;
const IPV6_PAYLOAD_LENGTH = 4;
const IPV6_NEXT_HEADER = 6;
const IPV6_ADDRESSES = 8;
const IPV6_HEADER_LENGTH = 40;
const TCP_SEQUENCE = 4;
const TCP_DATA_OFFSET = 12;
const TCP_FLAGS = 13;
const TCP = 6;
const UDP = 17;
const TCP_CHECKSUM = 16;
const UDP_LENGTH = 4;
const UDP_CHECKSUM = 6;
const UDP_HEADER_LENGTH = 8;
const FIN_AND_PSH = 0x09;

/**
 * Makes the checksum of a packet partial again if somebody vouches for it: it
 * never was on a wire, so that its field may hold anything. To be called before
 * a packet that was received is shown to somebody who expects a wire packet.
 */
export function restorePartial(packet: PacketBuffer): void {
  if (packet.checksumState !== ChecksumState.Verified) return;
  const { view, start, end, length } = packet;
  if (length < IPV4_HEADER_LENGTH) return;
  const isVersion4 = view.getUint8(start) >> 4 === 4;
  const headerLength = isVersion4 ? (view.getUint8(start) & 0x0f) * 4 : IPV6_HEADER_LENGTH;
  const protocol = view.getUint8(start + (isVersion4 ? IPV4_PROTOCOL : IPV6_NEXT_HEADER));
  if (protocol !== TCP && protocol !== UDP) return;
  const checksumOffset = protocol === TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
  if (headerLength + checksumOffset + 2 > length) return; // too short to have one
  const addresses = isVersion4
    ? addWords(view, start + IPV4_ADDRESSES, start + IPV4_HEADER_LENGTH)
    : addWords(view, start + IPV6_ADDRESSES, start + IPV6_HEADER_LENGTH);
  packet.checksumState = ChecksumState.Partial;
  packet.checksumStart = start + headerLength;
  packet.checksumOffset = checksumOffset;
  const pseudo = foldSum(addresses + protocol + end - packet.checksumStart);
  view.setUint16(packet.checksumStart + packet.checksumOffset, pseudo);
}

/**
 * Calls `emit` with each wire packet of `packet`, checksums complete. Each is
 * in `wire` and valid until the next; a plain packet is emitted as it is.
 */
export function cutSegments(
  packet: PacketBuffer,
  wire: PacketBuffer,
  emit: (packet: PacketBuffer) => void,
): void {
  const { view, start, end, checksumStart: transport, segmentSize } = packet;
  const payload = payloadOf(packet);
  if (segmentSize === 0 || payload >= end) { // or it is no super-segment, whatever was said of it
    completeChecksum(packet);
    return emit(packet);
  }
  for (let at = payload; at < end; at += segmentSize) {
    const count = Math.min(segmentSize, end - at);
    wire.clear(start);
    wire.bytes.set(packet.bytes.subarray(start, payload), wire.append(payload - start));
    wire.bytes.set(packet.bytes.subarray(at, at + count), wire.append(count));
    if (packet.checksumOffset === UDP_CHECKSUM) {
      wire.view.setUint16(transport + UDP_LENGTH, wire.end - transport);
    } else {
      const sequence = view.getUint32(transport + TCP_SEQUENCE) + at - payload;
      wire.view.setUint32(transport + TCP_SEQUENCE, sequence);
      if (at + count < end) {
        const flags = view.getUint8(transport + TCP_FLAGS) & ~FIN_AND_PSH;
        wire.view.setUint8(transport + TCP_FLAGS, flags);
      }
    }
    setLengths(wire, transport, end - transport, packet.checksumOffset);
    emit(wire);
  }
}

/** Where the payload of a TCP segment or UDP datagram begins; its end if it is neither. */
function payloadOf(packet: PacketBuffer): number {
  const { view, end, checksumStart, checksumOffset } = packet;
  if (packet.checksumState !== ChecksumState.Partial) return end;
  if (checksumOffset === UDP_CHECKSUM) return checksumStart + UDP_HEADER_LENGTH;
  if (checksumOffset !== TCP_CHECKSUM || checksumStart + TCP_DATA_OFFSET >= end) return end;
  return checksumStart + (view.getUint8(checksumStart + TCP_DATA_OFFSET) >> 4) * 4;
}

/** Makes the headers of `wire` say its own length instead of that of the whole, `before`. */
function setLengths(wire: PacketBuffer, transport: number, before: number, offset: number): void {
  const { view, start, length } = wire;
  if (view.getUint8(start) >> 4 === 4) {
    view.setUint16(start + IPV4_TOTAL_LENGTH, length);
    view.setUint16(start + IPV4_CHECKSUM, 0);
    view.setUint16(start + IPV4_CHECKSUM, fold(addWords(view, start, transport)));
  } else {
    view.setUint16(start + IPV6_PAYLOAD_LENGTH, length - IPV6_HEADER_LENGTH);
  }
  // The partial checksum covers the length in the pseudo-header: take the old one out of it.
  const pseudo = view.getUint16(transport + offset) + (wire.end - transport) + (0xffff - before);
  view.setUint16(transport + offset, foldSum(pseudo));
  wire.checksumState = ChecksumState.Partial;
  wire.checksumStart = transport;
  wire.checksumOffset = offset;
  completeChecksum(wire);
}
