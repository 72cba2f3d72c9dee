/**
 * What headgate is on the guest's Ethernet: a router, and the servers of its network.
 *
 * @module
 */
import type { DhcpOptions } from "../dhcp/dhcp.ts";
import type { EthernetOptions } from "../ethernet/ethernet.ts";
import { parseAddress } from "../text/address.ts";
import type { NetworkOptions } from "./network_options.ts";

/** Administered locally, and in the style of slirp4netns: it ends like the gateway's address. */
const MAC = 0x52_55_0a_00_02_02;
const LINK_LOCAL = "fe80::2";

/** More than one guest has, even if there are machines in it: each address costs memory. */
const MOST_LEASES = 100;

/** The station that serves `networks`. */
export function stationOf(networks: readonly NetworkOptions[], mtu: number): EthernetOptions {
  const hasIpv6 = networks.some(({ version }) => version === 6);
  const ipv4 = networks.find(({ version }) => version === 4);
  const addresses = networks.flatMap(({ gateway, dns }) => [gateway, dns]);
  return {
    mac: MAC,
    addresses: [...addresses, ...(hasIpv6 ? [LINK_LOCAL] : [])].map(parseAddress),
    networks: networks.map(({ gateway, prefixLength }) => (
      { address: parseAddress(gateway), prefixLength }
    )),
    ...(ipv4 && { dhcp: dhcpOf(ipv4, mtu) }),
  };
}

/** Leases of addresses from the guest's on, as many as fit before the broadcast address. */
function dhcpOf({ guest, gateway, dns, prefixLength }: NetworkOptions, mtu: number): DhcpOptions {
  const first = parseAddress(guest);
  const last = first.w3 | ~(-1 << (32 - prefixLength));
  const count = Math.min(MOST_LEASES, last - first.w3);
  return {
    server: parseAddress(gateway),
    prefixLength,
    first,
    count,
    dns: [parseAddress(dns)],
    mtu,
  };
}
