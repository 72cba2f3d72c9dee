/**
 * How many errors may leave: a token bucket, one for both versions of ICMP.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-2.4 | RFC 4443 §2.4 f}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1812#section-4.3.2.8 | RFC 1812 §4.3.2.8}
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** As gVisor: a thousand a second, fifty at once. */
const RATE = 1; // a millisecond
const BURST = 50;

/** A token bucket, full at first. */
export class RateLimit {
  #tokens = BURST;
  #filledAt: Millis = 0;

  /** When the next one may leave; may be in the past. */
  get nextAt(): Millis {
    return this.#filledAt + Math.max(0, 1 - this.#tokens) / RATE;
  }

  /** Whether one may leave now, which then counts as gone. */
  take(now: Millis): boolean {
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#filledAt) * RATE);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
