/**
 * The TCP header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.1 | RFC 9293 §3.1}
 * @module
 */
import { addWords, fold, foldSum } from "../base/checksum.ts";
import { Drop } from "../base/drop.ts";
import { ChecksumState, type PacketBuffer } from "../base/packet_buffer.ts";
import { type IpHeader, pseudoHeaderSum } from "../ip/header.ts";
import { optionsLength, parseOptions, TcpOptionFields, writeOptions } from "./options.ts";
import { type Seq, seqAdd, seqBits, toSeq } from "./seq.ts";

/** Length of a header without options, in bytes. */
export const TCP_HEADER_LENGTH = 20;

/** The sender has no more data. */
export const FIN = 0x01;
/** Synchronize sequence numbers. */
export const SYN = 0x02;
/** Reset the connection. */
export const RST = 0x04;
/** Push: deliver now. */
export const PSH = 0x08;
/** The acknowledgment field counts. */
export const ACK = 0x10;
/** The urgent pointer counts. */
export const URG = 0x20;

const DESTINATION_PORT = 2;
const SEQUENCE = 4;
const ACKNOWLEDGMENT = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;
const CHECKSUM = 16;

/** A segment, apart from its payload. Reused from segment to segment: nobody may keep it. */
export class Segment {
  sourcePort = 0;
  destinationPort = 0;
  /** SEG.SEQ */
  seq: Seq = toSeq(0);
  /** SEG.ACK; counts only with the flag ACK. */
  ack: Seq = toSeq(0);
  /** A set of {@linkcode FIN}, {@linkcode SYN}... */
  flags = 0;
  /** SEG.WND as on the wire, before scaling. */
  window = 0;
  /** Bytes of payload. */
  payloadLength = 0;
  /** The options. */
  readonly options: TcpOptionFields = new TcpOptionFields();

  /** SEG.LEN: the sequence space occupied, SYN and FIN included. */
  get length(): number {
    return this.payloadLength + ((this.flags & SYN) >> 1) + (this.flags & FIN);
  }

  /** The sequence number after the segment. */
  get end(): Seq {
    return seqAdd(this.seq, this.length);
  }

  /** Whether this asks for a connection; what to do about one with a FIN says `synFin`. */
  isSyn(synFin: "drop" | "accept"): boolean {
    const relevant = synFin === "accept" ? SYN | ACK | RST : SYN | ACK | RST | FIN;
    return (this.flags & relevant) === SYN;
  }

  /** Whether all of `flags` are set. */
  has(flags: number): boolean {
    return (this.flags & flags) === flags;
  }

  /** Becomes a copy of `other`. */
  copyFrom(other: Segment): void {
    this.sourcePort = other.sourcePort;
    this.destinationPort = other.destinationPort;
    this.seq = other.seq;
    this.ack = other.ack;
    this.flags = other.flags;
    this.window = other.window;
    this.payloadLength = other.payloadLength;
    this.options.copyFrom(other.options);
  }
}

/**
 * Reads the header at the front of `packet` into `segment` and consumes it,
 * so that `packet` holds the payload.
 *
 * @returns Why `packet` does not hold a segment with a valid checksum.
 */
export function parseSegment(segment: Segment, ip: IpHeader, packet: PacketBuffer): Drop {
  const { view, start, end, length } = packet;
  if (length < TCP_HEADER_LENGTH) return Drop.Truncated;
  const headerLength = (view.getUint8(start + DATA_OFFSET) >> 4) * 4;
  if (headerLength < TCP_HEADER_LENGTH) return Drop.Malformed;
  if (headerLength > length) return Drop.Truncated;
  if (
    packet.checksumState === ChecksumState.Plain &&
    fold(addWords(view, start, end, pseudoHeaderSum(ip, length))) !== 0
  ) return Drop.BadChecksum;

  segment.sourcePort = view.getUint16(start);
  segment.destinationPort = view.getUint16(start + DESTINATION_PORT);
  segment.seq = toSeq(view.getInt32(start + SEQUENCE));
  segment.ack = toSeq(view.getInt32(start + ACKNOWLEDGMENT));
  segment.flags = view.getUint8(start + FLAGS);
  segment.window = view.getUint16(start + WINDOW);
  segment.payloadLength = length - headerLength;
  parseOptions(segment.options, view, start + TCP_HEADER_LENGTH, start + headerLength);
  packet.consume(headerLength);
  return Drop.None;
}

/**
 * Prepends the header described by `segment` to the payload in `packet`.
 *
 * @param offload Whether the link completes the checksum.
 */
export function writeSegment(
  segment: Segment,
  ip: IpHeader,
  packet: PacketBuffer,
  offload: boolean,
): void {
  const { view, end } = packet;
  const headerLength = TCP_HEADER_LENGTH + optionsLength(segment.options);
  const at = packet.prepend(headerLength);
  view.setUint16(at, segment.sourcePort);
  view.setUint16(at + DESTINATION_PORT, segment.destinationPort);
  view.setInt32(at + SEQUENCE, seqBits(segment.seq));
  view.setInt32(at + ACKNOWLEDGMENT, segment.flags & ACK ? seqBits(segment.ack) : 0);
  view.setUint8(at + DATA_OFFSET, headerLength << 2);
  view.setUint8(at + FLAGS, segment.flags);
  view.setUint16(at + WINDOW, segment.window);
  view.setUint32(at + CHECKSUM, 0); // and the urgent pointer, which we never set
  writeOptions(segment.options, view, at + TCP_HEADER_LENGTH);
  const pseudo = pseudoHeaderSum(ip, packet.length);
  if (offload) {
    view.setUint16(at + CHECKSUM, foldSum(pseudo));
    packet.checksumState = ChecksumState.Partial;
    packet.checksumStart = at;
    packet.checksumOffset = CHECKSUM;
  } else {
    view.setUint16(at + CHECKSUM, fold(addWords(view, at, end, pseudo)));
  }
}
