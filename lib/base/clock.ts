/**
 * Time, as the stack sees it.
 *
 * Nothing below the driver reads a clock: every entry point takes `now`. One
 * packet, one timer sweep or one transmission thus happens at one instant, and
 * tests decide what that instant is.
 *
 * @module
 */

/** Monotonic milliseconds since an arbitrary origin; may have a fraction. */
export type Millis = number;

/** The deadline of something that is not going to happen. */
export const NEVER: Millis = Infinity;

/** A source of monotonic time. Only drivers and tests hold one. */
export interface Clock {
  /** The present instant. */
  now(): Millis;
}
