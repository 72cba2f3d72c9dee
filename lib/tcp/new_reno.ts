/**
 * NewReno's window.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5681#section-3 | RFC 5681 §3}
 * @module
 */
import type { CongestionControl, CongestionSizes } from "./congestion.ts";

/** Slow start and congestion avoidance. */
export class NewReno implements CongestionControl {
  readonly name = "newreno";
  #burst: number;
  #slowStartThreshold = Infinity;
  #ackedInAvoidance = 0;
  #priorWindow = 0;
  #priorThreshold = Infinity;
  window: number;

  /** Starts in slow start. */
  constructor({ burst, initialWindow }: CongestionSizes) {
    this.#burst = burst;
    this.window = initialWindow;
  }

  get slowStartThreshold(): number {
    return this.#slowStartThreshold;
  }

  acknowledged(bytes: number, limited: boolean): void {
    if (!limited) return; // RFC 7661 §3: a window that was not used does not grow
    if (this.window < this.#slowStartThreshold) {
      // Super-segments are acknowledged 64 KB at a time: bytes count, as in RFC 3465 with L
      // unbounded, since nothing between the guest and us can be overrun by a burst.
      const grown = Math.min(this.window + bytes, this.#slowStartThreshold);
      bytes -= grown - this.window;
      this.window = grown;
    }
    this.#ackedInAvoidance += bytes;
    if (this.#ackedInAvoidance < this.window) return;
    this.#ackedInAvoidance -= this.window;
    this.window += this.#burst;
  }

  reduce(flight: number): void {
    this.#priorWindow = this.window;
    this.#priorThreshold = this.#slowStartThreshold;
    // RFC 5681 §3.1, equation 4
    this.#slowStartThreshold = Math.max(Math.floor(flight / 2), 2 * this.#burst);
    this.#ackedInAvoidance = 0;
  }

  undo(): void {
    this.window = Math.max(this.window, this.#priorWindow);
    this.#slowStartThreshold = Math.max(this.#slowStartThreshold, this.#priorThreshold);
  }

  resize({ burst }: Pick<CongestionSizes, "burst">): void {
    this.#burst = burst;
  }
}
