/**
 * NewReno.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5681#section-3 | RFC 5681 §3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6582#section-3.2 | RFC 6582 §3.2}
 * @module
 */
import type { CongestionControl, CongestionSizes } from "./congestion.ts";

/**
 * Slow start, congestion avoidance, and NewReno's window during recovery.
 *
 * The RFCs count segments. A super-segment is sent and lost as a whole; with
 * fewer than two of them in flight each loss would be at the tail. So it is the
 * unit, except of the window after a timeout.
 */
export class NewReno implements CongestionControl {
  readonly #segment: number;
  readonly #burst: number;
  #window: number;
  #slowStartThreshold = Infinity;
  #ackedInAvoidance = 0;

  /** Starts in slow start. */
  constructor({ segment, burst, initialWindow }: CongestionSizes) {
    this.#segment = segment;
    this.#burst = burst;
    this.#window = initialWindow;
  }

  get window(): number {
    return this.#window;
  }

  get slowStartThreshold(): number {
    return this.#slowStartThreshold;
  }

  acknowledged(bytes: number, limited: boolean): void {
    if (!limited) return; // RFC 7661 §3: a window that was not used does not grow
    if (this.#window < this.#slowStartThreshold) {
      // Super-segments are acknowledged 64 KB at a time: bytes count, as in RFC 3465 with L
      // unbounded, since nothing between the guest and us can be overrun by a burst.
      this.#window += bytes;
      return;
    }
    this.#ackedInAvoidance += bytes;
    if (this.#ackedInAvoidance < this.#window) return;
    this.#ackedInAvoidance -= this.#window;
    this.#window += this.#burst;
  }

  enterRecovery(flight: number): void {
    this.#slowStartThreshold = this.#halved(flight);
    this.#window = this.#slowStartThreshold;
  }

  inflate(): void {
    this.#window += this.#segment;
  }

  partiallyAcknowledged(bytes: number): void {
    this.#window = Math.max(this.#window - bytes, 0) + this.#segment;
  }

  leaveRecovery(flight: number): void {
    this.#window = Math.min(
      this.#slowStartThreshold,
      Math.max(flight, this.#burst) + this.#burst,
    );
    this.#ackedInAvoidance = 0;
  }

  timedOut(flight: number): void {
    this.#slowStartThreshold = this.#halved(flight);
    this.#window = this.#segment; // LW: one segment (RFC 5681 §3.1)
    this.#ackedInAvoidance = 0;
  }

  #halved(flight: number): number {
    return Math.max(Math.floor(flight / 2), 2 * this.#burst); // RFC 5681 §3.1, equation 4
  }
}
