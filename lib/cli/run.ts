/**
 * What `headgate run` does: has a guest set up and served as its options say.
 *
 * What is not needed to begin with the set-up is loaded meanwhile.
 *
 * @module
 */
import type { WatchedFile } from "../dns/watched_file.ts";
import { formatResolvConf, type ResolvConf } from "../dns/resolv_conf.ts";
import { type GuestOptions, SetupError } from "../namespace/guest.ts";
import { hasIpv6 } from "../namespace/init.ts";
import { findResolvConf } from "../namespace/resolv_conf_mount.ts";
import { withGuest } from "../namespace/with_guest.ts";
import type { Capture } from "./capture.ts";
import { hostResolvConf } from "./host_resolv_conf.ts";
import type { NetworkOptions } from "./network_options.ts";
import type { RunOptions } from "./run_options.ts";
import { say } from "./say.ts";

/**
 * Runs the command behind the stack.
 *
 * @returns Its exit code.
 * @throws {SetupError} When that is not possible; then nothing has run.
 */
export async function run(options: RunOptions): Promise<number> {
  const capture = options.pcap === undefined ? undefined : await startCapture(options.pcap);
  try {
    return await runWith(withoutMissing(options), capture);
  } finally {
    capture?.close();
  }
}

/** What only a capture needs is loaded when there is one. */
async function startCapture(path: string): Promise<Capture> {
  const { openCapture } = await import("./capture.ts");
  return openCapture(path, say);
}

/** The options without what this kernel does not have, and addresses in networks left out so. */
function withoutMissing(options: RunOptions): RunOptions {
  const networks = options.networks.filter(({ version }) => version === 4 || hasIpv6());
  if (networks.length === 0) throw new SetupError("Cannot use IPv6 only: this kernel has none");
  const { dns } = options;
  const hasNetwork = (address: string) =>
    networks.some(({ version }) => version === (address.includes(":") ? 6 : 4));
  const addresses = dns?.addresses.filter(hasNetwork) ?? [];
  return { ...options, networks, ...(dns && { dns: { ...dns, addresses } }) };
}

function runWith(options: RunOptions, capture: Capture | undefined): Promise<number> {
  const host = hostResolvConf();
  return withGuest(guestOf(options, host), async () => {
    await import("../stack/stack.ts"); // the larger half
    await new Promise((resolve) => setTimeout(resolve, 0)); // the set-up goes on: saves 8 ms
    const { serviceOf } = await import("./service.ts");
    return serviceOf(options, host, capture);
  });
}

/** The guest, as it is to be set up. */
function guestOf(options: RunOptions, host: WatchedFile<ResolvConf>): GuestOptions {
  const { networks, configure } = options;
  const resolvConf = options.dns && placedResolvConf(options.dns.addresses, options, host);
  return {
    command: options.command,
    interfaceName: options.interfaceName,
    mtu: options.mtu,
    offload: options.offload,
    tap: options.tap,
    ...(resolvConf !== undefined && { resolvConf }),
    autoconfigure: !configure && networks.some(({ version }) => version === 6),
    networks: configure ? networks.map(linkNetworkOf) : [],
  };
}

function linkNetworkOf({ guest, prefixLength, gateway }: NetworkOptions) {
  return { address: guest, prefixLength, gateway };
}

/** The text of the guest's resolv.conf, if it can have one. */
function placedResolvConf(
  servers: readonly string[],
  { verbosity }: RunOptions,
  host: WatchedFile<ResolvConf>,
): string | undefined {
  if (findResolvConf()) return formatResolvConf(servers, host.current());
  if (verbosity !== "quiet") say(NO_RESOLV_CONF);
  return undefined;
}

const NO_RESOLV_CONF =
  "the guest finds no names: this machine has no /etc/resolv.conf that could " +
  "be hidden behind the guest's own; make an empty one";
