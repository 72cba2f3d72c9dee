/**
 * Puts a guest's name service together, as options say.
 *
 * @module
 */
import { LocalNames } from "../dns/local_names.ts";
import {
  formatResolvConf,
  parseResolvConf,
  type ResolvConf,
  type ResolverConfig,
} from "../dns/resolv_conf.ts";
import { UpstreamResolver } from "../dns/upstream.ts";
import { WatchedFile } from "../dns/watched_file.ts";
import { systemClock } from "../driver.ts";
import type { GuestNames } from "../namespace/run_guest.ts";
import { parseAddress } from "../text/address.ts";
import type { DnsOptions } from "./dns_options.ts";

/** A name service, and what the guest is told of it. */
export interface GuestNaming {
  readonly names: GuestNames;
  /** The text of the guest's /etc/resolv.conf. */
  readonly resolvConf: string;
}

/** What the host's resolver is told; looked at again while it is used. */
export function hostResolvConf(): WatchedFile<ResolvConf> {
  return new WatchedFile("/etc/resolv.conf", parseResolvConf, systemClock);
}

/**
 * The name service of a guest.
 *
 * @param hostAddresses Where the guest reaches the host's loopback, as text; none: nowhere.
 */
export function createGuestNaming(
  { servers, addresses }: DnsOptions,
  hostAddresses: readonly string[],
): GuestNaming {
  const host = hostResolvConf();
  const config = (): ResolverConfig => {
    const current = host.current();
    return servers.length > 0 ? { ...current, servers } : current;
  };
  return {
    names: {
      addresses: addresses.map(parseAddress),
      resolver: new LocalNames(hostAddresses, new UpstreamResolver(config)),
    },
    resolvConf: formatResolvConf(addresses, host.current()),
  };
}
