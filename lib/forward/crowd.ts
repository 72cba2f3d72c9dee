/**
 * Whether so many come that they are better taken several at a time.
 *
 * A driver that is woken, or spins, for each datagram of a fast sender takes the
 * processor from who receives them, whose socket holds less than a hundred of
 * them: at 86,000 a second on two cores 1 % was lost, by way of the event loop,
 * which takes 40 us, 0.1 to 0.5 %.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";

/** How often the count is looked at. */
const INTERVAL: Millis = 10;
/** How many a millisecond are a crowd. */
const MANY = 40;

/** Counts those who come; see the module's description. */
export class Crowd {
  /** How many have come since the count was last looked at. */
  count = 0;
  /** Whether they were many then. */
  isThere = false;
  readonly #clock: Clock;
  #lookedAt: Millis;

  /** Begins to count. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedAt = clock.now();
  }

  /** Looks at the count, if it is time to. */
  look(): void {
    const now = this.#clock.now();
    const elapsed = now - this.#lookedAt;
    if (elapsed < INTERVAL) return;
    this.isThere = this.count >= MANY * elapsed;
    this.count = 0;
    this.#lookedAt = now;
  }
}
