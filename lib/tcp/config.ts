/**
 * Settings of TCP.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { CongestionChoice } from "./congestion.ts";
import type { IsnAlgorithm } from "./isn.ts";

/** When to ask an idle peer for a sign of life (RFC 9293 §3.8.4). Times in milliseconds. */
export interface KeepAlive {
  /** Silence before the first probe. */
  readonly idle: Millis;
  /** Between probes. */
  readonly interval: Millis;
  /** Unanswered probes before the connection is given up. */
  readonly count: number;
}

/**
 * Settings of one connection. Times in milliseconds, sizes in bytes.
 *
 * What a connection does not set it has from its listener, and that from the
 * stack's {@linkcode TcpOptions}. Those under "when it opens" are settled by the
 * handshake, and no longer count when they are changed after it.
 *
 * Beside its buffers a connection holds little: at most 128 ranges of what came
 * out of order, whose bytes lie in the receive buffer, and 256 of what the peer
 * has reported so.
 */
export interface ConnectionOptions {
  /** What the connection may hold to be sent, at most; when it opens. @default {2097152} */
  readonly sendBuffer?: number;
  /** What it may hold to be read, at most: its largest window; when it opens. @default {1048576} */
  readonly receiveBuffer?: number;
  /** What of it is offered before the application has shown that it reads; when it opens. @default {262144} */
  readonly initialReceiveBuffer?: number;
  /** The shift of our windows, 0 to 14; when it opens. @default what `receiveBuffer` needs */
  readonly windowScale?: number | undefined;
  /** The largest segment, sent or announced, 48 to 65535; when it opens. @default what the MTU takes */
  readonly maxSegmentSize?: number | undefined;
  /** Retransmissions of a SYN or a SYN-ACK before giving up; when it opens. @default {5} */
  readonly synRetries?: number;
  /** Retransmissions of the same data before giving up: R2 of RFC 9293 §3.8.3. @default {15} */
  readonly retries?: number;
  /** Whether small segments wait for acknowledgments (RFC 9293 §3.7.4). @default {false} */
  readonly nagle?: boolean;
  /** Whether small segments wait until there is more, or for a timeout. @default {false} */
  readonly cork?: boolean;
  /** Nothing can be written while so much has yet to be sent. @default {Infinity} */
  readonly notSentLowWater?: number;
  /**
   * How long an acknowledgment may wait for company. With 0 one is sent at the
   * end of each batch of packets (RFC 9293 §3.8.6.3 MUST-58). At most 500.
   *
   * @default {0}
   */
  readonly ackDelay?: Millis;
  /**
   * How many acknowledgments of text are not delayed when a connection begins,
   * while the peer starts slowly; Linux has 16. @default {0}
   */
  readonly quickAcks?: number;
  /**
   * Whether the acknowledgment of a FIN that comes alone may be delayed after
   * text has come, as in Linux. RFC 9293 §3.10.7.4 has it sent. @default {false}
   */
  readonly delayFinAck?: boolean;
  /**
   * Which second segment ends that wait: the second full-sized one (RFC 9293
   * §3.8.6.3), or any, as BSD has it. @default {"full"}
   */
  readonly ackSecond?: "full" | "any";
  /** Keep-alive probes. @default {undefined}, which is none */
  readonly keepAlive?: KeepAlive | undefined;
  /**
   * How long what was written may wait for an acknowledgment before the
   * connection is given up (RFC 9293 §3.10.8). A peer that answers while its
   * window is closed is waited for. @default {Infinity}
   */
  readonly userTimeout?: Millis;
  /** 0: {@linkcode Connection.close} discards and resets; else it sends all first. @default {undefined} */
  readonly linger?: Millis | undefined;
  /** How long a closed connection may wait for the peer's FIN in FIN-WAIT-2. @default {60000} */
  readonly finWait2Timeout?: Millis;
}

/** Settings of {@linkcode Tcp}. Times in milliseconds, sizes in bytes. */
export interface TcpOptions extends ConnectionOptions {
  /** How initial sequence numbers are made. @default {"siphash"} */
  readonly isn?: IsnAlgorithm;
  /** Whether SACK is accepted when offered (RFC 2018). @default {true} */
  readonly sack?: boolean;
  /** Whether timestamps are accepted when offered (RFC 7323). @default {true} */
  readonly timestamps?: boolean;
  /** Whether window scaling is accepted when offered (RFC 7323). @default {true} */
  readonly windowScaling?: boolean;
  /** The timeout before the first measurement (RFC 6298 §2.1). @default {1000} */
  readonly initialRto?: Millis;
  /** How far the timeout exceeds SRTT at least, as in Linux (cf. RFC 6298 §2.4). @default {200} */
  readonly minRto?: Millis;
  /** The largest timeout, at least 60000 (RFC 6298 §2.5). @default {60000} */
  readonly maxRto?: Millis;
  /** 2 MSL (RFC 9293 §3.4.2). @default {60000} */
  readonly timeWait?: Millis;
  /** How long a flow may wait to be answered after its last SYN. @default {150000} */
  readonly requestTimeout?: Millis;
  /** Between two challenge ACKs of one connection (RFC 5961 §7). @default {500} */
  readonly challengeInterval?: Millis;
  /**
   * Whether a reset must have exactly the next sequence number, and a SYN never
   * ends a connection (RFC 5961 §3.2, §4.2). Without it anything in the window
   * counts, as once in RFC 793. @default {true}
   */
  readonly blindAttackProtection?: boolean;
  /**
   * How far the window of acceptable segments reaches: as far as was promised
   * (RFC 9293 §3.10.7.4), or as BSD has it, as far as the buffer, which may be
   * more than a window field can say. @default {"advertised"}
   */
  readonly acceptableWindow?: "advertised" | "buffer";
  /**
   * By how much the right edge of our window moves at least: by a segment or half
   * of the buffer (RFC 9293 §3.8.6.2.2), or by anything as long as the window is
   * not small, as BSD has it; in any case an update alone is worth it only if it
   * says much. @default {"segment"}
   */
  readonly windowStep?: "segment" | "any";
  /**
   * Whether a FIN that crosses ours is answered with ours again, as BSD does, for
   * the case that it was lost; RFC 9293 §3.6 has an acknowledgment. @default {false}
   */
  readonly repeatFin?: boolean;
  /** What a SYN with a FIN is: nothing at all, or a SYN (RFC 9293 §3.10.7.2). @default {"drop"} */
  readonly synFin?: "drop" | "accept";
  /** What may be in flight at first; at least ten segments may. @default {262144} */
  readonly initialWindow?: number;
  /**
   * What all connections may hold together; beside it only a segment for each
   * direction of a connection. Up to three quarters buffers grow, up to all of it
   * they take what they have promised. @default {536870912}
   */
  readonly maxMemory?: number;
  /** The congestion control of a connection. @default {"cubic"} */
  readonly congestion?: CongestionChoice;
  /**
   * Connections and requests at a time, at most. For a new one the oldest in
   * TIME-WAIT gives way, else the oldest in SYN-RECEIVED, else the longest idle
   * if that is more than 2 h 4 min (RFC 5382 REQ-5). @default {65536}
   */
  readonly maxConnections?: number;
  /** Connections in TIME-WAIT, at most: then the oldest ends. @default {4096} */
  readonly maxTimeWait?: number;
  /** Connections in SYN-RECEIVED, at most: then the oldest is reset. @default {1024} */
  readonly maxHalfOpen?: number;
  /**
   * Flows that wait to be answered, at most; further SYNs are dropped. A stack
   * serves one guest: this is the bound for each client, too. @default {4096}
   */
  readonly maxRequests?: number;
}

/** {@linkcode ConnectionOptions} with every default filled in. */
export type ConnectionConfig = Required<ConnectionOptions>;

/** {@linkcode TcpOptions} with every default filled in. */
export type TcpConfig = Required<TcpOptions>;

/** The defaults of {@linkcode TcpOptions}. */
export const DEFAULT_TCP_OPTIONS: TcpConfig = {
  sendBuffer: 2_097_152,
  receiveBuffer: 1_048_576,
  initialReceiveBuffer: 262_144,
  windowScale: undefined,
  maxSegmentSize: undefined,
  synRetries: 5,
  retries: 15,
  nagle: false,
  cork: false,
  notSentLowWater: Infinity,
  ackDelay: 0,
  quickAcks: 0,
  delayFinAck: false,
  ackSecond: "full",
  keepAlive: undefined,
  userTimeout: Infinity,
  linger: undefined,
  finWait2Timeout: 60_000,
  isn: "siphash",
  sack: true,
  timestamps: true,
  windowScaling: true,
  initialRto: 1000,
  minRto: 200,
  maxRto: 60_000,
  timeWait: 60_000,
  requestTimeout: 150_000,
  challengeInterval: 500,
  blindAttackProtection: true,
  acceptableWindow: "advertised",
  windowStep: "segment",
  repeatFin: false,
  synFin: "drop",
  initialWindow: 262_144,
  maxMemory: 536_870_912,
  congestion: "cubic",
  maxConnections: 65_536,
  maxTimeWait: 4096,
  maxHalfOpen: 1024,
  maxRequests: 4096,
};

const SMALLEST_BUFFER = 4096;
const LARGEST_BUFFER = 0xffff * 2 ** 14; // what a window can say (RFC 7323 §2.3)
/** What a setting of a connection may be, from and to. */
const BOUNDS = [
  ["sendBuffer", SMALLEST_BUFFER, LARGEST_BUFFER],
  ["receiveBuffer", SMALLEST_BUFFER, LARGEST_BUFFER],
  ["initialReceiveBuffer", SMALLEST_BUFFER, LARGEST_BUFFER],
  ["maxMemory", 0, Infinity],
  ["windowScale", 0, 14], // RFC 7323 §2.3
  ["maxSegmentSize", 48, 0xffff], // what we take for the smallest, and what the option can say
  ["synRetries", 0, Infinity],
  ["retries", 0, Infinity],
  ["notSentLowWater", 1, Infinity],
  ["ackDelay", 0, 500], // RFC 9293 §3.8.6.3, MUST-40
  ["quickAcks", 0, Infinity],
  ["userTimeout", 1, Infinity],
  ["linger", 0, Infinity],
  ["finWait2Timeout", 0, Infinity],
] as const;

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} When a setting cannot be.
 */
export function tcpConfig(options: TcpOptions = {}): TcpConfig {
  const config = checked({ ...DEFAULT_TCP_OPTIONS, ...options });
  if (config.minRto <= 0 || config.minRto > config.maxRto) {
    throw new RangeError(
      `Cannot use a minRto of ${config.minRto} ms: it must be above 0 and not above maxRto`,
    );
  }
  return config;
}

/**
 * The settings of a connection that has some of its own. Without any it shares
 * the `config` of the stack.
 *
 * @throws {RangeError} When a setting cannot be.
 */
export function connectionConfig(config: TcpConfig, options?: ConnectionOptions): TcpConfig {
  return options ? checked({ ...config, ...options }) : config;
}

function checked(config: TcpConfig): TcpConfig {
  for (const [name, least, most] of BOUNDS) {
    const value = config[name];
    if (value === undefined || (value >= least && value <= most)) continue;
    throw new RangeError(`Cannot use a ${name} of ${value}: it must be ${least} to ${most}`);
  }
  for (const [name, value] of Object.entries(config.keepAlive ?? {})) {
    if (value >= 1) continue; // what is asked for without a pause would be so for ever
    throw new RangeError(`Cannot use a keepAlive with ${name} ${value}: it must be at least 1`);
  }
  return config;
}
