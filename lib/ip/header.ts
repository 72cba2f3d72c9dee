/**
 * What the upper layers need of an IP header, the same for IPv4 and IPv6.
 *
 * @module
 */
import { AddressField } from "./address.ts";

/** IP protocol numbers (IANA, "Assigned Internet Protocol Numbers"). */
export const IpProtocol = { Icmp: 1, Tcp: 6, Udp: 17, Icmpv6: 58 } as const;

/** What is wrong with a packet, in words that suit both versions of ICMP. */
export type Problem =
  | "network unreachable"
  | "host unreachable"
  | "prohibited"
  | "unknown protocol"
  | "unknown option"
  | "malformed field"
  | "reassembly timeout";

/** The fields of an IP header. One object, reused for every packet: nobody may keep it. */
export class IpHeader {
  /** 4 or 6. */
  version = 4;
  /** The protocol of the payload. */
  protocol = 0;
  /** Hops that are left: the TTL or hop limit. */
  hopLimit = 64;
  /** The sender. */
  readonly source: AddressField = new AddressField();
  /** The receiver. */
  readonly destination: AddressField = new AddressField();
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
