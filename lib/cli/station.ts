/**
 * What headgate is on the guest's Ethernet: a router, and the servers of its network.
 *
 * @module
 */
import type { DhcpOptions } from "../dhcp/dhcp.ts";
import type { EthernetOptions } from "../ethernet/ethernet.ts";
import { type IpAddress, isIpv4 } from "../ip/address.ts";
import type { Prefix } from "../ip/prefix.ts";
import { parseAddress } from "../text/address.ts";
import type { NetworkOptions } from "./network_options.ts";

/** Administered locally, and in the style of slirp4netns: it ends like the gateway's address. */
const MAC = 0x52_55_0a_00_02_02;
const LINK_LOCAL = "fe80::2";

/** More than one guest has, even if there are machines in it: each address costs memory. */
const MOST_LEASES = 100;

/** What there is to be served. */
export interface Served {
  readonly networks: readonly NetworkOptions[];
  /** Where name servers of ours are. */
  readonly dns: readonly IpAddress[];
  /** The longest IP packet on the link, in bytes. */
  readonly mtu: number;
  /** Whether the guest configures itself: IPv6 guests are told how. */
  readonly configures: boolean;
}

/** The station that serves a guest. */
export function stationOf({ networks, dns, mtu, configures }: Served): EthernetOptions {
  const ipv4 = networks.find(({ version }) => version === 4);
  const ipv6 = networks.find(({ version }) => version === 6);
  const gateways = networks.map(({ gateway }) => parseAddress(gateway));
  const dns6 = dns.filter((address) => !isIpv4(address));
  return {
    mac: MAC,
    addresses: [...gateways, ...dns, ...(ipv6 ? [parseAddress(LINK_LOCAL)] : [])],
    networks: networks.map(prefixOf),
    ...(ipv4 && { dhcp: { ...leasesOf(ipv4), dns: dns.filter(isIpv4), mtu } }),
    ...(ipv6 && configures && {
      router: { prefix: prefixOf(ipv6), dns: dns6, mtu, hasOther: true },
      dhcpv6: { dns: dns6 },
    }),
  };
}

function prefixOf({ gateway, prefixLength }: NetworkOptions): Prefix {
  return { address: parseAddress(gateway), prefixLength };
}

/** Addresses from the guest's on, as many as fit before the broadcast address. */
function leasesOf(
  { guest, gateway, prefixLength }: NetworkOptions,
): Pick<DhcpOptions, "server" | "prefixLength" | "first" | "count"> {
  const first = parseAddress(guest);
  const last = first.w3 | ~(-1 << (32 - prefixLength));
  const count = Math.min(MOST_LEASES, last - first.w3);
  return { server: parseAddress(gateway), prefixLength, first, count };
}
