/**
 * The round-trip time and the retransmission timeout that follows from it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6298 | RFC 6298}
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** Bounds of the retransmission timeout, in milliseconds. */
export interface RtoLimits {
  /** Before the first measurement (RFC 6298 §2.1). */
  readonly initialRto: Millis;
  /** What is added to SRTT at least; RFC 6298 §2.4 wants 1000 in all, Linux and we 200. */
  readonly minRto: Millis;
  /** The most (RFC 6298 §2.5). */
  readonly maxRto: Millis;
}

const GRANULARITY: Millis = 1;
/** For so long the least round trip counts; a path may become longer. As Linux. */
const LEAST_LIFETIME: Millis = 300_000;
/** After the timer has expired for a SYN (§5.7). */
const RTO_AFTER_SYN: Millis = 3000;

/** SRTT, RTTVAR and RTO. */
export class RttEstimator {
  readonly #limits: RtoLimits;
  #backoffs = 0;
  #base: Millis;
  /** SRTT: the smoothed round-trip time; 0 before the first measurement. */
  smoothed: Millis = 0;
  /** RTTVAR: how much it varies. */
  variation: Millis = 0;
  /** The least of the recent round trips (RFC 8985 §6.2, step 1: RACK.min_RTT). */
  least: Millis = Infinity;
  #leastAt: Millis = 0;

  /** Starts without a measurement. */
  constructor(limits: RtoLimits) {
    this.#limits = limits;
    this.#base = limits.initialRto;
  }

  /** RTO: how long to wait for an acknowledgment. */
  get timeout(): Millis {
    return Math.min(this.#base * 2 ** this.#backoffs, this.#limits.maxRto);
  }

  /** How often the timeout has doubled since the last measurement. */
  get backoffs(): number {
    return this.#backoffs;
  }

  /**
   * Takes in a measurement (§2.2, §2.3), which also ends the backing off (§5.7).
   *
   * The bound from below holds for the variation, as in Linux, not for the
   * timeout: on a long path it would otherwise be without effect, and a timeout
   * come just when an acknowledgment is a little late.
   */
  sample(rtt: Millis, now: Millis): void {
    if (rtt <= this.least || now - this.#leastAt > LEAST_LIFETIME) {
      this.least = rtt;
      this.#leastAt = now;
    }
    if (this.smoothed === 0) {
      this.smoothed = rtt;
      this.variation = rtt / 2;
    } else {
      this.variation += (Math.abs(this.smoothed - rtt) - this.variation) / 4;
      this.smoothed += (rtt - this.smoothed) / 8;
    }
    const { minRto, maxRto } = this.#limits;
    const timeout = this.smoothed + Math.max(GRANULARITY, minRto, 4 * this.variation);
    this.#base = Math.min(timeout, maxRto);
    this.#backoffs = 0;
  }

  /** Takes the doublings back: the timeout was spurious. */
  endBackoff(): void {
    this.#backoffs = 0;
  }

  /** Doubles the timeout (§5.5). */
  backOff(): void {
    if (this.timeout < this.#limits.maxRto) this.#backoffs++;
  }

  /**
   * Starts with 3 s for the text when there is no measurement because the SYN was sent more than
   * once (§5.7).
   */
  forgetSynBackoff(): void {
    if (this.#backoffs === 0) return;
    this.#base = Math.min(RTO_AFTER_SYN, this.#limits.maxRto);
    this.#backoffs = 0;
  }
}
