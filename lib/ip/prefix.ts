/**
 * Networks: all the addresses that begin with the same bits.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4632#section-3.1 | RFC 4632 §3.1}
 * @module
 */
import { type IpAddress, isIpv4 } from "./address.ts";

/** A network, IPv4 or IPv6. */
export interface Prefix {
  /** Any address of the network. */
  readonly address: IpAddress;
  /** How many bits all of its addresses share: 0 to 32, or to 128. */
  readonly prefixLength: number;
}

/** Whether `address` is in the network `prefix`, which may be of the other version of IP. */
export function isInPrefix(address: IpAddress, { address: other, prefixLength }: Prefix): boolean {
  if (isIpv4(address) !== isIpv4(other)) return false;
  const bits = prefixLength + (isIpv4(other) ? 96 : 0); // of the mapped form
  return sharesBits(address.w0, other.w0, bits) && sharesBits(address.w1, other.w1, bits - 32) &&
    sharesBits(address.w2, other.w2, bits - 64) && sharesBits(address.w3, other.w3, bits - 96);
}

/** The address of the network itself: all bits behind the prefix are zero. */
export function networkAddress({ address, prefixLength }: Prefix): IpAddress {
  const bits = prefixLength + (isIpv4(address) ? 96 : 0); // of the mapped form
  return {
    w0: keepBits(address.w0, bits),
    w1: keepBits(address.w1, bits - 32),
    w2: keepBits(address.w2, bits - 64),
    w3: keepBits(address.w3, bits - 96),
  };
}

function keepBits(word: number, bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? word : word & -1 << (32 - bits);
}

function sharesBits(a: number, b: number, bits: number): boolean {
  if (bits <= 0) return true;
  return (bits >= 32 ? a ^ b : (a ^ b) >>> (32 - bits)) === 0;
}
