/**
 * What serves the guest of `headgate run`: the parts, put together as the options say.
 *
 * @module
 */
import type { ResolvConf } from "../dns/resolv_conf.ts";
import type { WatchedFile } from "../dns/watched_file.ts";
import type { Poller } from "../ffi/poller.ts";
import { AddressPolicy } from "../forward/policy.ts";
import { serveGuest, type ServeOptions } from "../namespace/run_guest.ts";
import type { Serve } from "../namespace/with_guest.ts";
import { FlowLog } from "../observe/flow_log.ts";
import { parseAddress } from "../text/address.ts";
import type { Capture } from "./capture.ts";
import { createGuestNames } from "./guest_names.ts";
import type { RunOptions } from "./run_options.ts";
import { say } from "./say.ts";
import { stationOf } from "./station.ts";

/** An idle connection is asked for a sign of life after two hours, as Linux does. */
const KEEP_ALIVE = { idle: 7_200_000, interval: 75_000, count: 9 };

/**
 * An acknowledgment waits for the answer of a target that is near, whose packet then has it. In
 * milliseconds, and so short that no program of the guest's is held up by it.
 */
const ACK_DELAY = 0.05;

/** A window of twice the default: the guest's kernel fills that while the target's takes the rest. */
const RECEIVE_BUFFER = 2 * 1024 * 1024;

/**
 * What serves a guest of these options, and yields its exit code.
 *
 * @param host Whom the host asks for names.
 */
export function serviceOf(
  options: RunOptions,
  host: WatchedFile<ResolvConf>,
  capture: Capture | undefined,
): Serve<number> {
  const { verbosity } = options;
  const log = new FlowLog({
    ...(verbosity === "verbose" && { detail: say }),
    ...(verbosity !== "quiet" && { denial: say }),
  });
  return async (guest, signals) => {
    const settings = settingsOf(options, host, log, capture, guest.tun.poller);
    const result = await serveGuest(guest, settings, signals);
    if (options.summary) {
      const { summarize } = await import("./summary.ts"); // a package of 2 ms
      for (const line of summarize(log.rows, result)) say(line);
    }
    return result.status;
  };
}

function settingsOf(
  options: RunOptions,
  host: WatchedFile<ResolvConf>,
  log: FlowLog,
  capture: Capture | undefined,
  poller: Poller,
): ServeOptions {
  const { networks, dns, tap, mtu, hostLoopback, verbosity } = options;
  const names = dns && createGuestNames(
    dns,
    hostLoopback ? networks.map(({ gateway }) => gateway) : [],
    host,
    poller,
  );
  const station = tap
    ? stationOf({ networks, dns: names?.addresses ?? [], mtu, configures: !options.configure })
    : undefined;
  return {
    mayBlock: true,
    forwarder: {
      policy: new AddressPolicy({
        networks: networks.map(({ gateway, prefixLength }) => (
          { gateway: parseAddress(gateway), prefixLength }
        )),
        hostLoopback,
        udp: options.udp,
        pings: options.icmp,
      }),
      observer: log,
    },
    ...(names && { names: { ...names, observer: log } }),
    stack: {
      addresses: station?.addresses ??
        networks.flatMap(({ gateway, dns }) => [gateway, dns].map(parseAddress)),
      guest: networks.map(({ guest, prefixLength }) => (
        { address: parseAddress(guest), prefixLength }
      )),
      tcp: {
        isn: options.isn,
        keepAlive: KEEP_ALIVE,
        ackDelay: ACK_DELAY,
        receiveBuffer: RECEIVE_BUFFER,
      },
      udp: { idleTimeout: options.udpTimeout },
    },
    ...(station && { ethernet: station }),
    ...(capture &&
      (tap
        ? { wrapFrames: (link) => capture.wrap(link, true) }
        : { wrapLink: (link) => capture.wrap(link, false) })),
    ...(verbosity === "verbose" && { warn: say }),
  };
}
