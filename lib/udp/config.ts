/**
 * Settings of UDP.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** Settings of the UDP of a stack. Times in milliseconds, sizes in bytes. */
export interface UdpOptions {
  /**
   * Flows at a time, at most; the one that was used least recently gives way.
   *
   * @default {4096}
   */
  readonly maxFlows?: number;
  /**
   * How long a flow is kept after the client has sent something; RFC 4787 §4.3 wants two minutes
   * at least. @default {180000}
   */
  readonly idleTimeout?: Millis;
  /**
   * The same for a flow to port 53 that has been answered: a query has one answer.
   *
   * @default {30000}
   */
  readonly dnsTimeout?: Millis;
  /**
   * Bytes of datagrams that wait in each direction of a flow, forty more for each of them.
   *
   * @default {1048576}
   */
  readonly flowQueue?: number;
  /**
   * Bytes that all that waits may take, apart from four kibibytes in each direction of a flow.
   *
   * @default {16777216}
   */
  readonly maxMemory?: number;
}

/** {@linkcode UdpOptions} with nothing left open. */
export type UdpConfig = Required<UdpOptions>;

const DEFAULTS: UdpConfig = {
  maxFlows: 4096,
  idleTimeout: 180_000,
  dnsTimeout: 30_000,
  flowQueue: 1 << 20,
  maxMemory: 16 << 20,
};

/** A datagram of the greatest length there is, and what is kept with it. */
const SMALLEST_QUEUE = 65_535 + 40;

/**
 * Completes and checks settings.
 *
 * @throws {RangeError} When one cannot be.
 */
export function udpConfig(options: UdpOptions = {}): UdpConfig {
  const config = { ...DEFAULTS, ...options };
  const atLeast = (name: keyof UdpConfig, least: number) => {
    if (config[name] >= least) return;
    throw new RangeError(`Cannot set ${name} to ${config[name]}: it must be ${least} at least`);
  };
  atLeast("maxFlows", 1);
  atLeast("idleTimeout", 1);
  atLeast("dnsTimeout", 1);
  atLeast("flowQueue", SMALLEST_QUEUE);
  atLeast("maxMemory", 0);
  return config;
}
