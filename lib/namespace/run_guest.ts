/**
 * The whole of it: a command in a network of its own, and its TCP going out
 * through a dialer.
 *
 * @module
 */
import { DropCounters } from "../base/drop.ts";
import { type NameCounts, NameService, type NameServiceOptions } from "../dns/name_service.ts";
import { offerNames } from "../dns/offer_names.ts";
import { Driver, systemClock } from "../driver.ts";
import type { EthernetOptions } from "../ethernet/ethernet.ts";
import { ETHERNET_HEADER_LENGTH } from "../ethernet/header.ts";
import { DatagramForwarder, type DatagramForwarderOptions } from "../forward/datagrams.ts";
import { Forwarder, type ForwarderOptions } from "../forward/forwarder.ts";
import { Services } from "../forward/services.ts";
import type { IpAddress } from "../ip/address.ts";
import { Pings } from "../forward/pings.ts";
import type { Link } from "../link/link.ts";
import { TunLink } from "../link/tun_link.ts";
import { Stack, type StackOptions } from "../stack/stack.ts";
import { affordableDatagramFlows } from "./descriptors.ts";
import type { Guest, GuestOptions } from "./guest.ts";
import type { SignalForwarding } from "./signals.ts";
import { withGuest } from "./with_guest.ts";

/** What {@linkcode runGuest} is to do. */
export interface RunGuestOptions extends ServeOptions {
  /** The command, its namespace and its link. */
  readonly guest: GuestOptions;
}

/** What a guest is served with. */
export interface ServeOptions {
  /** What the guest may reach, and how. */
  readonly forwarder: ForwarderOptions;
  /** The name service of the guest; its resolv.conf is in `guest`. @default none */
  readonly names?: GuestNames;
  /** Where datagrams go; policy and observer are the forwarder's. @default {the host's sockets} */
  readonly datagrams?: Partial<DatagramForwarderOptions>;
  /** Settings of the stack. */
  readonly stack?: StackOptions;
  /** What we are on the guest's link, if that is a TAP device. @default {no TAP device} */
  readonly ethernet?: EthernetOptions;
  /** With `ethernet`: puts something between the TAP device and what we are on it. */
  readonly wrapFrames?: (link: Link) => Link;
  /** Puts something between the TUN device and the stack, such as a recorder. */
  readonly wrapLink?: (link: Link) => Link;
  /** Is given the stack before anything moves: its figures may be looked at while it runs. */
  readonly watch?: (stack: Stack) => void;
  /**
   * Whether this process has nothing else to do: the driver may then keep the thread for some
   * milliseconds at a time. See `DriverOptions`.
   *
   * @default {false}
   */
  readonly mayBlock?: boolean;
  /** Is told what the machine did not allow, though the command runs all the same. */
  readonly warn?: (message: string) => void;
}

/** The name service of a guest. */
export interface GuestNames extends NameServiceOptions {
  /** Addresses in the guest's networks at which it is found, on port 53. */
  readonly addresses: readonly IpAddress[];
}

/** What became of a guest. */
export interface GuestResult {
  /** The command's exit status, as a shell has it. */
  readonly status: number;
  /** Packets from the guest. */
  readonly received: number;
  /** Packets to the guest. */
  readonly transmitted: number;
  /** Packets that were dropped, by reason. */
  readonly drops: Readonly<Record<string, number>>;
  /** What became of its DNS queries, if there was a name service. */
  readonly names?: Readonly<NameCounts>;
}

/**
 * After the command has ended, what it sent may still be on its way. It is
 * passed on as long as it moves; standing still for this long ends it.
 */
const DRAIN_IDLE = 5000;
const DRAIN_POLL = 5;
/** Each takes in 64 packets; the TUN device holds 20,000. */
const MOST_LAST_STEPS = 400;

/**
 * Runs a command whose only network is a TUN device that we serve, until it
 * ends. Signals that ask this process to end are the command's meanwhile.
 *
 * @throws {SetupError} When the guest cannot be set up; then nothing has run.
 */
export function runGuest({ guest, ...options }: RunGuestOptions): Promise<GuestResult> {
  const tap = options.ethernet !== undefined;
  return withGuest(
    { ...guest, tap },
    () => Promise.resolve((guest, signals) => serveGuest(guest, options, signals)),
  );
}

/** Serves a guest that is set up, until it has ended. */
export async function serveGuest(
  guest: Guest,
  options: ServeOptions,
  signals: SignalForwarding,
): Promise<GuestResult> {
  for (const warning of guest.warnings) options.warn?.(warning);
  const drops = new DropCounters();
  const below = await linkOf(guest, options, drops);
  const link = options.wrapLink?.(below) ?? below;
  const udp = { maxFlows: affordableDatagramFlows(), ...options.stack?.udp };
  const stack = new Stack(link, { ...options.stack, udp, drops });
  options.watch?.(stack);
  const driver = new Driver(stack, link, { mayBlock: options.mayBlock ?? false });
  const services = new Services(stack, driver);
  const names = options.names && new NameService(options.names);
  if (names) offerNames(services, names, options.names?.addresses ?? []);
  const forwarder = new Forwarder(stack, driver, { ...options.forwarder, services });
  const { policy, observer } = options.forwarder;
  const datagrams = new DatagramForwarder(stack, driver, {
    policy,
    ...(observer && { observer }),
    ...options.datagrams,
  });
  const pings = new Pings(stack, driver, { policy, ...(observer && { observer }) });
  const running = driver.run();
  try {
    signals.forwardTo(guest);
    guest.start();
    const status = await Promise.race([guest.exited, untilFailure(running)]);
    takeInAll(driver, stack);
    await drain([forwarder, datagrams], signals.abort);
    return {
      status,
      received: stack.received,
      transmitted: stack.transmitted,
      drops: drops.snapshot(),
      ...(names && { names: names.counts }),
    };
  } finally {
    names?.stop();
    services.stop();
    forwarder.stop();
    datagrams.stop();
    await pings.stop();
    driver.close();
    await running;
  }
}

/** The guest's link, for IP packets. */
async function linkOf(
  { tun, mtu }: Guest,
  { ethernet, wrapFrames }: ServeOptions,
  drops: DropCounters,
): Promise<Link> {
  if (!ethernet) return new TunLink(tun, mtu);
  const device = new TunLink(tun, mtu + ETHERNET_HEADER_LENGTH, ETHERNET_HEADER_LENGTH);
  const frames = wrapFrames?.(device) ?? device;
  const { EthernetLink } = await import("../link/ethernet_link.ts"); // 2 ms of each start
  return new EthernetLink(frames, { ...ethernet, clock: systemClock, drops });
}

/** Never resolves; rejects when the driver has failed: a guest without one is to end. */
async function untilFailure(running: Promise<void>): Promise<never> {
  await running;
  return await new Promise<never>(() => {});
}

/** What the command has sent before it ended, and nobody has read yet: datagrams, perhaps. */
function takeInAll(driver: Driver, stack: Stack): void {
  for (let step = 0; step < MOST_LAST_STEPS; step++) {
    const before = stack.received;
    driver.kick();
    if (stack.received === before) return;
  }
}

/** What may still have something to pass on. */
type Drained = Pick<Forwarder, "isDrained" | "bytesInProgress">;

/** Waits until what the guest has sent has been passed on, or no longer moves. */
async function drain(parts: readonly Drained[], abort: AbortSignal): Promise<void> {
  const inProgress = () => parts.reduce((sum, part) => sum + part.bytesInProgress, 0);
  let moved = inProgress();
  let movedAt = performance.now();
  while (!parts.every((part) => part.isDrained) && !abort.aborted) {
    await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL));
    const now = performance.now();
    if (inProgress() !== moved) {
      moved = inProgress();
      movedAt = now;
    } else if (now - movedAt > DRAIN_IDLE) {
      return;
    }
  }
}
