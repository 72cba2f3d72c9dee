/**
 * CUBIC: the window is a function of the time since the last loss, so that long
 * paths recover as fast as short ones.
 *
 *      W_max - - - - - - - - -.-------.- - - - -
 *                        .                  .
 *                     .
 *      after a loss  .      K
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9438 | RFC 9438}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { CongestionControl, CongestionSizes } from "./congestion.ts";

/** How steep the curve is, in segments per second cubed (RFC 9438 §5.1). */
const C = 0.4;
/** What is left of the window after a loss: beta_cubic (§4.6). */
const BETA = 0.7;
/** How fast Reno would grow with that beta: alpha_cubic (§4.3). */
const ALPHA = 3 * (1 - BETA) / (1 + BETA);
const SECOND: Millis = 1000;

/** What a spurious reduction has to restore (§4.9). */
interface Prior {
  readonly window: number;
  readonly threshold: number;
  readonly max: number;
  readonly k: number;
  readonly origin: number;
  readonly epochStart: Millis;
  readonly estimate: number;
}

/** The curve. Where the RFC counts segments, it is bursts that count here. */
export class Cubic implements CongestionControl {
  readonly name = "cubic";
  #burst: number;
  #slowStartThreshold = Infinity;
  /** W_max: the window before the last loss, in bytes. */
  #max = 0;
  /** K: when the curve reaches {@linkcode Cubic.#origin}, after the epoch's start. */
  #k: Millis = 0;
  /** Around which window the curve is flat: W_max, unless avoidance began above that. */
  #origin = 0;
  /** When this stage of congestion avoidance began; NaN before its first acknowledgment. */
  #epochStart: Millis = NaN;
  /** W_est: what Reno would have (§4.3). */
  #estimate = 0;
  #heardAt: Millis = 0;
  /** Fractions of a byte by which the window has grown. */
  #fraction = 0;
  #prior: Prior | undefined = undefined;
  window: number;

  /** Starts in slow start. */
  constructor({ burst, initialWindow }: CongestionSizes) {
    this.#burst = burst;
    this.window = initialWindow;
  }

  get slowStartThreshold(): number {
    return this.#slowStartThreshold;
  }

  acknowledged(bytes: number, limited: boolean, now: Millis, rtt: Millis): void {
    const pause = now - this.#heardAt;
    this.#heardAt = now;
    if (!limited) {
      this.#epochStart += pause; // time in which the window was not used does not count (§5.8)
      return;
    }
    if (this.window < this.#slowStartThreshold) {
      const grown = Math.min(this.window + bytes, this.#slowStartThreshold);
      bytes -= grown - this.window;
      this.window = grown;
    }
    if (bytes > 0) this.#avoid(bytes, now, rtt);
  }

  /**
   * After a loss (§4.6) with fast convergence (§4.7). The window is what counts,
   * not what is in flight, as in Linux: it grows only while it is used.
   */
  reduce(): void {
    this.#prior = {
      window: this.window,
      threshold: this.#slowStartThreshold,
      max: this.#max,
      k: this.#k,
      origin: this.#origin,
      epochStart: this.#epochStart,
      estimate: this.#estimate,
    };
    this.#max = this.window < this.#max ? this.window * (1 + BETA) / 2 : this.window;
    this.#slowStartThreshold = Math.max(Math.floor(this.window * BETA), 2 * this.#burst);
    this.#epochStart = NaN;
  }

  undo(): void {
    const prior = this.#prior;
    if (!prior) return;
    this.window = Math.max(this.window, prior.window);
    this.#slowStartThreshold = Math.max(this.#slowStartThreshold, prior.threshold);
    this.#max = prior.max;
    this.#k = prior.k;
    this.#origin = prior.origin;
    this.#epochStart = prior.epochStart;
    this.#estimate = prior.estimate;
    this.#prior = undefined;
  }

  resize({ burst }: Pick<CongestionSizes, "burst">): void {
    this.#burst = burst;
  }

  /** Congestion avoidance (§4.2 to §4.5). */
  #avoid(bytes: number, now: Millis, rtt: Millis): void {
    if (Number.isNaN(this.#epochStart)) this.#beginEpoch(now);
    const { window } = this;
    const target = Math.min(Math.max(this.#curve(now + rtt), window), 1.5 * window);
    const alpha = this.#estimate < (this.#prior?.window ?? 0) ? ALPHA : 1;
    this.#estimate += alpha * this.#burst * bytes / window;
    let gain = (target - window) * bytes / window;
    if (this.#curve(now) < this.#estimate) gain = Math.max(this.#estimate - window, 0); // §4.3
    this.#fraction += gain;
    const whole = Math.floor(this.#fraction);
    this.window += whole;
    this.#fraction -= whole;
  }

  #beginEpoch(now: Millis): void {
    const { window } = this;
    this.#epochStart = now;
    this.#estimate = window;
    this.#fraction = 0;
    this.#origin = Math.max(this.#max, window);
    this.#k = SECOND * Math.cbrt((this.#origin - window) / this.#burst / C);
  }

  /** W_cubic (§4.2, figure 1). */
  #curve(now: Millis): number {
    const t = (now - this.#epochStart - this.#k) / SECOND;
    return C * t ** 3 * this.#burst + this.#origin;
  }
}
