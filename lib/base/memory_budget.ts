/**
 * How much memory the queues of a stack may take together.
 *
 *     0                 3/4 tight                limit
 *     |--- queues grow ---|--- promises are kept ---|--- nothing grows ---> slack
 *
 * When memory is tight, nothing new is promised: windows do not open further,
 * and writers wait. What was promised before is kept until the limit is reached;
 * beyond it each queue has only what it is guaranteed, so that everybody makes
 * progress. That is the slack: the guarantee of each queue with bytes in it.
 *
 * Memory that nobody has used for a second or two is given back: see {@linkcode advance}.
 *
 * @module
 */

import { type Millis, NEVER } from "./clock.ts";

/** Tight from this part of the limit on: the rest is for what has been promised. */
const TIGHT = 0.75;

/** How often to look for what is idle, which is then what was so for as long. */
const SWEEP_INTERVAL: Millis = 1000;

/** What holds memory of a {@linkcode MemoryBudget}. */
export interface MemoryHolder {
  /**
   * Gives the memory back if it has not been of use since the last call.
   *
   * @returns Whether it has: then another call may find it idle.
   */
  rest(): boolean;
}

/** A common limit; see the module's description. */
export class MemoryBudget {
  /** The most bytes, guarantees apart. */
  readonly limit: number;
  /** How often a queue could not grow. */
  refusals = 0;
  /** When {@linkcode advance} has something to do. */
  nextDeadline: Millis = NEVER;
  readonly #holders = new Set<MemoryHolder>();
  #used = 0;
  #most = 0;

  /** Makes a budget of `limit` bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes taken at present. */
  get used(): number {
    return this.#used;
  }

  /** The most bytes that were taken at a time. */
  get most(): number {
    return this.#most;
  }

  /** Whether nothing new may be promised. */
  get isTight(): boolean {
    return this.#used >= this.limit * TIGHT;
  }

  /** Whether `bytes` more fit below the limit. */
  allows(bytes: number): boolean {
    return this.#used + bytes <= this.limit;
  }

  /** Notes that `holder` has taken `bytes` more; fewer, when negative. */
  take(holder: MemoryHolder, bytes: number): void {
    this.#used += bytes;
    this.#most = Math.max(this.#most, this.#used);
    this.#holders.add(holder);
  }

  /** Notes that `holder` has given back its last `bytes`. */
  giveBack(holder: MemoryHolder, bytes: number): void {
    this.#used -= bytes;
    this.#holders.delete(holder);
  }

  /** Notes that there is traffic: what is idle has to be looked for soon. */
  stir(now: Millis): void {
    if (this.nextDeadline === NEVER && this.#used > 0) this.nextDeadline = now + SWEEP_INTERVAL;
  }

  /** Has memory given back that has not been of use since the last time, if that is due. */
  advance(now: Millis): void {
    if (now < this.nextDeadline) return;
    let isInUse = false;
    for (const holder of this.#holders) isInUse = holder.rest() || isInUse;
    this.nextDeadline = isInUse ? now + SWEEP_INTERVAL : NEVER;
  }
}
