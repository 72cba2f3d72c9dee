/**
 * Settings of TCP.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { CongestionFactory } from "./congestion.ts";
import type { IsnAlgorithm } from "./isn.ts";
import { NewReno } from "./new_reno.ts";

/** When to ask an idle peer for a sign of life (RFC 9293 §3.8.4). Times in milliseconds. */
export interface KeepAlive {
  /** Silence before the first probe. */
  readonly idle: Millis;
  /** Between probes. */
  readonly interval: Millis;
  /** Unanswered probes before the connection is given up. */
  readonly count: number;
}

/** Settings of {@linkcode Tcp}. Times in milliseconds, sizes in bytes. */
export interface TcpOptions {
  /** What a connection may hold to be sent, at most. @default {1048576} */
  readonly sendBuffer?: number;
  /** What a connection may hold to be read, at most: its largest window. @default {1048576} */
  readonly receiveBuffer?: number;
  /** How initial sequence numbers are made. @default {"siphash"} */
  readonly isn?: IsnAlgorithm;
  /** Whether SACK is accepted when offered (RFC 2018). @default {true} */
  readonly sack?: boolean;
  /** Whether timestamps are accepted when offered (RFC 7323). @default {true} */
  readonly timestamps?: boolean;
  /** Whether window scaling is accepted when offered (RFC 7323). @default {true} */
  readonly windowScaling?: boolean;
  /** Whether small segments wait for acknowledgments (RFC 9293 §3.7.4). @default {false} */
  readonly nagle?: boolean;
  /**
   * How long an acknowledgment may wait for company. With 0 one is sent at the
   * end of each batch of packets (RFC 9293 §3.8.6.3 MUST-58). At most 500.
   *
   * @default {0}
   */
  readonly ackDelay?: Millis;
  /** The timeout before the first measurement (RFC 6298 §2.1). @default {1000} */
  readonly initialRto?: Millis;
  /** The least timeout; RFC 6298 §2.4 says 1000, we follow Linux. @default {200} */
  readonly minRto?: Millis;
  /** The largest timeout, at least 60000 (RFC 6298 §2.5). @default {60000} */
  readonly maxRto?: Millis;
  /** Retransmissions of the same data before giving up: R2 of RFC 9293 §3.8.3. @default {15} */
  readonly retries?: number;
  /** Retransmissions of a SYN-ACK before giving up. @default {5} */
  readonly synRetries?: number;
  /** 2 MSL (RFC 9293 §3.4.2). @default {60000} */
  readonly timeWait?: Millis;
  /** How long a flow may wait to be answered after its last SYN. @default {150000} */
  readonly requestTimeout?: Millis;
  /** Keep-alive probes. @default {undefined}, which is none */
  readonly keepAlive?: KeepAlive | undefined;
  /** Between two challenge ACKs of one connection (RFC 5961 §7). @default {500} */
  readonly challengeInterval?: Millis;
  /** What may be in flight at first; at least ten segments may. @default {262144} */
  readonly initialWindow?: number;
  /** Makes the congestion control of a connection. @default NewReno */
  readonly congestion?: CongestionFactory;
  /** Connections at a time, at most; of those in TIME-WAIT the oldest give way. @default {65536} */
  readonly maxConnections?: number;
  /** Connections in TIME-WAIT, at most. @default {4096} */
  readonly maxTimeWait?: number;
  /** Flows that wait to be answered, at most; further SYNs are dropped. @default {4096} */
  readonly maxRequests?: number;
}

/** {@linkcode TcpOptions} with every default filled in. */
export type TcpConfig = Required<TcpOptions>;

/** The defaults of {@linkcode TcpOptions}. */
export const DEFAULT_TCP_OPTIONS: TcpConfig = {
  sendBuffer: 1_048_576,
  receiveBuffer: 1_048_576,
  isn: "siphash",
  sack: true,
  timestamps: true,
  windowScaling: true,
  nagle: false,
  ackDelay: 0,
  initialRto: 1000,
  minRto: 200,
  maxRto: 60_000,
  retries: 15,
  synRetries: 5,
  timeWait: 60_000,
  requestTimeout: 150_000,
  keepAlive: undefined,
  challengeInterval: 500,
  initialWindow: 262_144,
  congestion: (sizes) => new NewReno(sizes),
  maxConnections: 65_536,
  maxTimeWait: 4096,
  maxRequests: 4096,
};

const SMALLEST_BUFFER = 4096;
const LARGEST_BUFFER = 0xffff * 2 ** 14; // what a window can say (RFC 7323 §2.3)

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} When a setting cannot be.
 */
export function tcpConfig(options: TcpOptions = {}): TcpConfig {
  const config = { ...DEFAULT_TCP_OPTIONS, ...options };
  for (const name of ["sendBuffer", "receiveBuffer"] as const) {
    if (config[name] < SMALLEST_BUFFER || config[name] > LARGEST_BUFFER) {
      throw new RangeError(
        `Cannot use a ${name} of ${config[name]} bytes: ` +
          `it must be ${SMALLEST_BUFFER} to ${LARGEST_BUFFER}`,
      );
    }
  }
  if (config.ackDelay < 0 || config.ackDelay > 500) {
    throw new RangeError(
      `Cannot delay acknowledgments by ${config.ackDelay} ms: ackDelay must be 0 to 500`,
    );
  }
  if (config.minRto <= 0 || config.minRto > config.maxRto) {
    throw new RangeError(
      `Cannot use a minRto of ${config.minRto} ms: it must be above 0 and not above maxRto`,
    );
  }
  return config;
}
