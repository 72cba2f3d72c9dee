/**
 * What `headgate run` does: puts the parts together as its options say.
 *
 * @module
 */
import type { EthernetOptions } from "../ethernet/ethernet.ts";
import { AddressPolicy } from "../forward/policy.ts";
import { SetupError } from "../namespace/guest.ts";
import { hasIpv6 } from "../namespace/init.ts";
import { findResolvConf } from "../namespace/resolv_conf_mount.ts";
import { type GuestNames, runGuest } from "../namespace/run_guest.ts";
import { FlowLog } from "../observe/flow_log.ts";
import { parseAddress } from "../text/address.ts";
import type { Capture } from "./capture.ts";
import type { DnsOptions } from "./dns_options.ts";
import { createGuestNaming } from "./guest_names.ts";
import type { NetworkOptions } from "./network_options.ts";
import type { RunOptions } from "./run_options.ts";
import { stationOf } from "./station.ts";
import { summarize } from "./summary.ts";

/** An idle connection is asked for a sign of life after two hours, as Linux does. */
const KEEP_ALIVE = { idle: 7_200_000, interval: 75_000, count: 9 };

/**
 * Runs the command behind the stack.
 *
 * @returns Its exit code.
 * @throws {SetupError} When that is not possible; then nothing has run.
 */
export async function run(options: RunOptions): Promise<number> {
  const capture = options.pcap === undefined ? undefined : await startCapture(options.pcap);
  try {
    return await runWith(options, capture);
  } finally {
    capture?.close();
  }
}

/** What only a capture needs is loaded when there is one. */
async function startCapture(path: string): Promise<Capture> {
  const { openCapture } = await import("./capture.ts");
  return openCapture(path, say);
}

async function runWith(options: RunOptions, capture: Capture | undefined): Promise<number> {
  const { verbosity } = options;
  const networks = options.networks.filter(({ version }) => version === 4 || hasIpv6());
  if (networks.length === 0) throw new SetupError("Cannot use IPv6 only: this kernel has none");
  const log = new FlowLog({
    ...(verbosity === "verbose" && { detail: say }),
    ...(verbosity !== "quiet" && { denial: say }),
  });
  const naming = options.dns && createNaming(options.dns, options, networks);
  const station = options.tap ? createStation(options, networks, naming?.names) : undefined;
  const result = await runGuest({
    guest: {
      command: options.command,
      interfaceName: options.interfaceName,
      mtu: options.mtu,
      offload: options.offload,
      ...(naming?.resolvConf !== undefined && { resolvConf: naming.resolvConf }),
      autoconfigure: !options.configure && networks.some(({ version }) => version === 6),
      networks: !options.configure ? [] : networks.map(({ guest, prefixLength, gateway }) => (
        { address: guest, prefixLength, gateway }
      )),
    },
    forwarder: {
      policy: new AddressPolicy({
        networks: networks.map(({ gateway, prefixLength }) => (
          { gateway: parseAddress(gateway), prefixLength }
        )),
        hostLoopback: options.hostLoopback,
        udp: options.udp,
        pings: options.icmp,
      }),
      observer: log,
    },
    ...(naming && { names: { ...naming.names, observer: log } }),
    stack: {
      addresses: station?.addresses ??
        networks.flatMap(({ gateway, dns }) => [gateway, dns].map(parseAddress)),
      guest: networks.map(({ guest, prefixLength }) => (
        { address: parseAddress(guest), prefixLength }
      )),
      tcp: { isn: options.isn, keepAlive: KEEP_ALIVE },
      udp: { idleTimeout: options.udpTimeout },
    },
    ...(station && { ethernet: station }),
    ...(capture &&
      (options.tap
        ? { wrapFrames: (link) => capture.wrap(link, true) }
        : { wrapLink: (link) => capture.wrap(link, false) })),
    ...(verbosity === "verbose" && { warn: say }),
  });
  if (options.summary) { for (const line of summarize(log.rows, result)) say(line); }
  return result.status;
}

/** What we are on the Ethernet of a guest that is in these networks. */
function createStation(
  { mtu, configure }: RunOptions,
  networks: readonly NetworkOptions[],
  names: GuestNames | undefined,
): EthernetOptions {
  return stationOf({ networks, dns: names?.addresses ?? [], mtu, configures: !configure });
}

/** The name service of a guest that is in these networks, and its resolv.conf if it can have one. */
function createNaming(
  { servers, addresses }: DnsOptions,
  { hostLoopback, verbosity }: RunOptions,
  networks: readonly NetworkOptions[],
): { readonly names: GuestNames; readonly resolvConf?: string } {
  const hasNetwork = (address: string) =>
    networks.some(({ version }) => version === (address.includes(":") ? 6 : 4));
  const { names, resolvConf } = createGuestNaming(
    { servers, addresses: addresses.filter(hasNetwork) },
    hostLoopback ? networks.map(({ gateway }) => gateway) : [],
  );
  if (findResolvConf()) return { names, resolvConf };
  if (verbosity !== "quiet") say(NO_RESOLV_CONF);
  return { names };
}

const NO_RESOLV_CONF =
  "the guest finds no names: this machine has no /etc/resolv.conf that could " +
  "be hidden behind the guest's own; make an empty one";

/** Says something to the user, apart from what the command says. */
function say(line: string): void {
  // deno-lint-ignore no-console -- standard error is where headgate speaks
  console.error(`headgate: ${line}`);
}
