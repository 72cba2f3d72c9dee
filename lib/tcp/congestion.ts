/**
 * Congestion control: how much may be in flight.
 *
 * Between us and the guest there is no shared queue, so the window starts large
 * and is rarely what limits; after a loss it works as it does everywhere.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5681 | RFC 5681}
 * @module
 */

/** An algorithm. All sizes in bytes, and whole: a segment cannot end within one. */
export interface CongestionControl {
  /** cwnd. */
  readonly window: number;
  /** ssthresh. */
  readonly slowStartThreshold: number;
  /** New data were acknowledged, outside of recovery; `limited`: cwnd was what held data back. */
  acknowledged(bytes: number, limited: boolean): void;
  /** A loss was found by duplicates or SACK, with `flight` outstanding. */
  enterRecovery(flight: number): void;
  /** One more segment has left the network during recovery; only called without SACK. */
  inflate(): void;
  /** Some but not all of what was lost has been acknowledged; only called without SACK. */
  partiallyAcknowledged(bytes: number): void;
  /** All that was outstanding when recovery began has been acknowledged. */
  leaveRecovery(flight: number): void;
  /** A retransmission timeout, with `flight` outstanding. */
  timedOut(flight: number): void;
}

/** What an algorithm has to know of a connection. All in bytes. */
export interface CongestionSizes {
  /** SMSS: the most payload in one packet. */
  readonly segment: number;
  /** The most that is sent, and lost, at once: a super-segment, or one segment. */
  readonly burst: number;
  /** cwnd at the beginning. */
  readonly initialWindow: number;
}

/** Makes a {@linkcode CongestionControl} for a connection. */
export type CongestionFactory = (sizes: CongestionSizes) => CongestionControl;
