/**
 * IP addresses, endpoints and flows as text.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5952 | RFC 5952}
 * @module
 */
import ipaddr from "ipaddr.js";
import { type IpAddress, ipv4, isIpv4 } from "../ip/address.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";

/**
 * The address that `text` says: four decimal numbers, or any form of RFC 4291
 * §2.2.
 *
 * @throws {SyntaxError} When it says none.
 */
export function parseAddress(text: string): IpAddress {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return ipv4(word(ipaddr.IPv4.parse(text).toByteArray(), 0));
  }
  if (!ipaddr.IPv6.isValid(text) || text.includes("%")) {
    throw new SyntaxError(`Cannot read "${text}": it is not an IP address`);
  }
  const octets = ipaddr.IPv6.parse(text).toByteArray();
  return { w0: word(octets, 0), w1: word(octets, 4), w2: word(octets, 8), w3: word(octets, 12) };
}

function word(octets: readonly number[], at: number): number {
  return octets.slice(at, at + 4).reduce((bits, octet) => (bits << 8) | octet, 0);
}

/** `address` as text. */
export function formatAddress(address: IpAddress): string {
  const { w0, w1, w2, w3 } = address;
  if (isIpv4(address)) { // without the library: a flood of flows would leave too much to collect
    return `${w3 >>> 24}.${(w3 >>> 16) & 0xff}.${(w3 >>> 8) & 0xff}.${w3 & 0xff}`;
  }
  const words = [w0, w1, w2, w3];
  const octets = words.flatMap((w) => [w >>> 24, (w >>> 16) & 0xff, (w >>> 8) & 0xff, w & 0xff]);
  return ipaddr.fromByteArray(octets).toString();
}

/** `endpoint` as text, such as `10.0.2.100:443` or `[fd00::1]:443`. */
export function formatEndpoint({ address, port }: Endpoint): string {
  const text = formatAddress(address);
  return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
}

/** `flow` as text: client, then target. */
export function formatFlow({ client, target }: Flow): string {
  return `${formatEndpoint(client)} > ${formatEndpoint(target)}`;
}
