/**
 * Ranges of addresses that are not for hosts, by what the registries of special addresses say.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6890 | RFC 6890}
 * @module
 */
import type { IpAddress } from "../ip/address.ts";
import { isInPrefix, type Prefix } from "../ip/prefix.ts";
import { parseAddress } from "../text/address.ts";

/** By their names; those that private networks have are not among them. */
const RANGES: readonly (readonly [name: string, ...networks: string[]])[] = [
  ["unspecified", "0.0.0.0/8", "::/128"],
  ["loopback", "127.0.0.0/8", "::1/128"],
  ["link local", "169.254.0.0/16", "fe80::/10"],
  ["deprecated site local", "fec0::/10"],
  ["multicast", "224.0.0.0/4", "ff00::/8"],
  ["discard", "100::/64"], // RFC 6666
  ["benchmarking", "198.18.0.0/15", "2001:2::/48"], // RFC 2544, RFC 5180
  ["documentation", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"], // RFC 5737
  ["documentation", "2001:db8::/32", "3fff::/20"], // RFC 3849, RFC 9637
  ["translated IPv4", "64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96"], // RFC 6052, RFC 8215
  ["6to4", "192.88.99.0/24", "2002::/16"], // RFC 7526, RFC 3056
  ["teredo", "2001::/32"], // RFC 4380
  ["amt", "192.52.193.0/24", "2001:3::/32"], // RFC 7450
  ["as112", "192.175.48.0/24", "192.31.196.0/24", "2001:4:112::/48", "2620:4f:8000::/48"],
  ["segment routing", "5f00::/16"], // RFC 9602
  ["reserved", "192.0.0.0/24", "240.0.0.0/4", "2001::/23"], // RFC 6890, RFC 1112, RFC 2928
];

/** The name of the special range that `address` is in, if it is in one. */
export function specialRange(address: IpAddress): string | undefined {
  return RANGES.find(([, ...networks]) =>
    networks.some((network) => isInPrefix(address, parsePrefix(network)))
  )?.[0];
}

function parsePrefix(text: string): Prefix {
  const [address = "", prefixLength = ""] = text.split("/");
  return { address: parseAddress(address), prefixLength: Number(prefixLength) };
}
