/**
 * What the upper layers need of an IP header, the same for IPv4 and IPv6.
 *
 * @module
 */
import type { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { AddressField } from "./address.ts";

/** IP protocol numbers (IANA, "Assigned Internet Protocol Numbers"). */
export const IpProtocol = { Icmp: 1, Tcp: 6, Udp: 17, Icmpv6: 58 } as const;

/** What is wrong with a packet, in words that suit both versions of ICMP. */
export type Problem =
  | "network unreachable"
  | "host unreachable"
  | "prohibited"
  | "protocol unreachable"
  | "port unreachable"
  | "too big"
  | "time exceeded"
  | "reassembly timeout"
  | "malformed field"
  | "unknown option"
  | "incomplete header chain";

/**
 * Owes the sender of a packet that has come in an error about it, if there may be one.
 *
 * @param header The header of the packet, as it was read.
 * @param packet The packet; how much of it has been consumed does not matter.
 * @param problem What is wrong.
 * @param value With "too big": the longest IP packet that fits, in bytes. With a "malformed field",
 * "unknown option" or, for IPv6, "protocol unreachable": where that is, from the packet's beginning.
 * @returns `Drop.TooManyReplies` when it will not be sent for want of room.
 */
export type Report = (
  header: IpHeader,
  packet: PacketBuffer,
  problem: Problem,
  value?: number,
) => Drop;

/** The fields of an IP header. One object, reused for every packet: nobody may keep it. */
export class IpHeader {
  /** Where in the memory of its packet it begins. */
  at = 0;
  /** 4 or 6. */
  version = 4;
  /** The protocol of the payload. */
  protocol = 0;
  /** Where that is said, from the beginning of the header. */
  protocolAt = 0;
  /** Hops that are left: the TTL or hop limit. */
  hopLimit = 64;
  /** The sender. */
  readonly source: AddressField = new AddressField();
  /** The receiver. */
  readonly destination: AddressField = new AddressField();
  /** Whether the packet is a part of a datagram only. */
  isFragment = false;
  /** Of a fragment: where in the datagram's payload it belongs, in bytes. */
  fragmentOffset = 0;
  /** Of a fragment: whether there are others behind it. */
  moreFragments = false;
  /** Of a fragment: what all those of one datagram have in common, 16 or 32 bits. */
  identification = 0;
  /** Whether the packet has come in fragments, or, over IPv6, as if it had. */
  wasFragmented = false;
  /** Whether the receiver is more than one host: a multicast or broadcast address. */
  isMulticast = false;
  /** What the sender is to be told if the header could not be read. */
  problem: Problem | undefined = undefined;
  /** Where the problem is, from the beginning of the header. */
  problemAt = 0;

  /** Forgets the packet before; the next one begins at `at`. */
  begin(at: number): void {
    this.at = at;
    this.isFragment = this.wasFragmented = false;
    this.fragmentOffset = 0;
    this.problem = undefined;
  }

  /** Takes what a header of ours says from `other`. */
  assign(other: IpHeader): void {
    this.version = other.version;
    this.protocol = other.protocol;
    this.hopLimit = other.hopLimit;
    this.source.assign(other.source);
    this.destination.assign(other.destination);
  }

  /** Notes what the sender is to be told, and where that is; returns `reason`. */
  refuse(reason: Drop, problem: Problem, at: number): Drop {
    this.problem = problem;
    this.problemAt = at;
    return reason;
  }
}

/**
 * Sum of the pseudo-header of a TCP segment or UDP datagram of `length` bytes
 * (RFC 9293 §3.1; RFC 8200 §8.1), not folded.
 *
 * One formula for both versions: the mapped form adds only 0xffff, twice, and
 * that is zero in ones' complement.
 */
export function pseudoHeaderSum(header: IpHeader, length: number): number {
  const { source: s, destination: d } = header;
  return halves(s.w0) + halves(s.w1) + halves(s.w2) + halves(s.w3) +
    halves(d.w0) + halves(d.w1) + halves(d.w2) + halves(d.w3) +
    header.protocol + length;
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
