/**
 * The deadlines of one connection.
 *
 * A connection waits for several things at a time, but has one entry in the
 * timer heap: for the soonest of them.
 *
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";

/** What a connection can be waiting for. */
export const Wait = {
  /** For an acknowledgment of data, SYN or FIN (RFC 6298 §5). */
  Retransmit: 0,
  /** For the peer's window to open (RFC 9293 §3.8.6.1). */
  Persist: 1,
  /** Before it acknowledges (RFC 9293 §3.8.6.3). */
  DelayedAck: 2,
  /** For any sign of life (RFC 9293 §3.8.4). */
  KeepAlive: 3,
  /** For old segments to die out, in TIME-WAIT (RFC 9293 §3.6.1). */
  TimeWait: 4,
  /** Before it asks whether the end of what was sent is lost (RFC 8985 §7). */
  TailLoss: 5,
  /** For the peer to acknowledge what was written (RFC 9293 §3.10.8). */
  UserTimeout: 6,
  /** For the peer's FIN, when the application no longer does. */
  FinWait2: 7,
  /** For what may only have been overtaken (RFC 8985 §6.3). */
  Reordering: 8,
} as const;
/** One of the reasons in {@linkcode Wait}. */
export type Wait = typeof Wait[keyof typeof Wait];

const NONE: readonly Millis[] = Object.keys(Wait).map(() => NEVER);

/** A deadline for each {@linkcode Wait}. */
export class Deadlines {
  /** An array of V8's own doubles: a typed array costs 300 bytes more, in each connection. */
  readonly #at: Millis[] = NONE.slice();

  /** Sets the deadline of `wait`. */
  set(wait: Wait, deadline: Millis): void {
    this.#at[wait] = deadline;
  }

  /** Sets the deadline of `wait` to `deadline` if it has a later one. */
  hasten(wait: Wait, deadline: Millis): void {
    if (this.isSet(wait)) this.#at[wait] = Math.min(this.#at[wait]!, deadline);
  }

  /** Removes the deadline of `wait`. */
  stop(wait: Wait): void {
    this.#at[wait] = NEVER;
  }

  /** Removes all deadlines. */
  stopAll(): void {
    this.#at.fill(NEVER);
  }

  /** The deadline of `wait`, or {@linkcode NEVER}. */
  at(wait: Wait): Millis {
    return this.#at[wait]!;
  }

  /** Whether `wait` has a deadline. */
  isSet(wait: Wait): boolean {
    return this.#at[wait] !== NEVER;
  }

  /** The soonest, which is what the connection enters in the timer heap. */
  get next(): Millis {
    let next = NEVER;
    for (let wait = 0; wait < this.#at.length; wait++) next = Math.min(next, this.#at[wait]!);
    return next;
  }

  /** Whether `wait` is due at `now`; if so, its deadline is removed. */
  take(wait: Wait, now: Millis): boolean {
    if (this.#at[wait]! > now) return false;
    this.stop(wait);
    return true;
  }
}
