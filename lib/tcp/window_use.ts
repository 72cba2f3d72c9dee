/**
 * Whether cwnd is what limits the sender: one that is not used does not grow.
 *
 * The strongest sign in each round trip counts: that cwnd was filled, or else
 * how much was outstanding at the most. As Linux.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7661#section-4.3 | RFC 7661 §4.3}
 * @module
 */

/** How much of cwnd is used; positions as in the scoreboard. */
export class WindowUse {
  #isFilled = false;
  #most = 0;
  #until = 0;

  /** Something new was sent up to `next`, and now cwnd `isFilled` or not. */
  sent(una: number, next: number, isFilled: boolean): void {
    const outstanding = next - una;
    const isStronger = isFilled || (!this.#isFilled && outstanding > this.#most);
    if (una < this.#until && !isStronger) return;
    this.#isFilled = isFilled;
    this.#most = outstanding;
    this.#until = next;
  }

  /** Whether a `window` may grow; in slow start while half of it is used. */
  isLimitedBy(window: number, isSlowStart: boolean): boolean {
    return this.#isFilled || (isSlowStart && window < 2 * this.#most);
  }
}
