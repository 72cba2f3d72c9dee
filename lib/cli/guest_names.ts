/**
 * Puts a guest's name service together, as options say.
 *
 * @module
 */
import { LocalNames } from "../dns/local_names.ts";
import type { ResolvConf, ResolverConfig } from "../dns/resolv_conf.ts";
import { systemExchanges, UpstreamResolver } from "../dns/upstream.ts";
import type { WatchedFile } from "../dns/watched_file.ts";
import type { Poller } from "../ffi/poller.ts";
import type { GuestNames } from "../namespace/run_guest.ts";
import { parseAddress } from "../text/address.ts";
import type { DnsOptions } from "./dns_options.ts";

/**
 * The name service of a guest.
 *
 * @param hostAddresses Where the guest reaches the host's loopback, as text; none: nowhere.
 * @param host Whom the host asks.
 * @param poller What waits for the guest's link.
 */
export function createGuestNames(
  { servers, addresses }: DnsOptions,
  hostAddresses: readonly string[],
  host: WatchedFile<ResolvConf>,
  poller: Poller,
): GuestNames {
  const config = (): ResolverConfig => {
    const current = host.current();
    return servers.length > 0 ? { ...current, servers } : current;
  };
  const upstream = new UpstreamResolver(config, systemExchanges(poller));
  return {
    addresses: addresses.map(parseAddress),
    resolver: new LocalNames(hostAddresses, upstream),
  };
}
