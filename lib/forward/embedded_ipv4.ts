/**
 * IPv6 addresses that stand for IPv4 addresses.
 *
 * What is sent to one goes to that IPv4 host, where somebody translates or
 * tunnels: here, or elsewhere. So whoever may not reach the one must not reach
 * the other.
 *
 * @module
 */
import { type IpAddress, ipv4, isIpv4 } from "../ip/address.ts";

/** The IPv4 address that an IPv6 address has in it, if it is of a kind that has. */
export function embeddedIpv4(address: IpAddress): IpAddress | undefined {
  if (isIpv4(address)) return undefined;
  const { w0, w1, w2, w3 } = address;
  if (w0 === 0 && w1 === 0) {
    if (w2 === 0) return ipv4(w3); // ::a.b.c.d, compatible (RFC 4291 §2.5.5.1)
    if (w2 >>> 0 === 0xffff_0000) return ipv4(w3); // ::ffff:0:a.b.c.d, translated (RFC 2765 §2.1)
  }
  // 64:ff9b::a.b.c.d, translated (RFC 6052 §2.1); 64:ff9b:1::/48 is the same, for within a
  // network (RFC 8215 §3), and may have other forms besides.
  if (w0 === 0x0064_ff9b && (w1 >>> 16 === 1 || (w1 === 0 && w2 === 0))) return ipv4(w3);
  if (w0 >>> 16 === 0x2002) return ipv4(w0 << 16 | w1 >>> 16); // 6to4 (RFC 3056 §2)
  if (w0 === 0x2001_0000) return ipv4(~w3); // Teredo (RFC 4380 §4)
  // ISATAP: an interface identifier (RFC 5214 §6.1)
  return w2 === 0x0000_5efe || w2 === 0x0200_5efe ? ipv4(w3) : undefined;
}
