/**
 * Deadlines, soonest first.
 *
 * A `Timed` thing has at most one entry: a connection with five deadlines
 * enters the soonest of them. The heap stores each entry's position in the
 * entry itself, so that moving a deadline is O(log n) and allocates nothing.
 *
 * @module
 */
import { type Millis, NEVER } from "./clock.ts";

/** Something with at most one deadline. Only {@linkcode TimerHeap} writes these fields. */
export interface Timed {
  /** When it is due, or `NEVER`. */
  deadline: Millis;
  /** Where in the heap it is, or -1. */
  heapIndex: number;
}

/** The entries with a deadline, soonest first. */
export class TimerHeap<T extends Timed> {
  readonly #heap: T[] = [];

  /** The soonest deadline, or `NEVER`. */
  get next(): Millis {
    return this.#heap[0]?.deadline ?? NEVER;
  }

  /** The entry with the soonest deadline. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  /** Sets, moves, or (with `NEVER`) removes the deadline of `entry`. */
  set(entry: T, deadline: Millis): void {
    if (deadline === entry.deadline) return;
    const earlier = deadline < entry.deadline;
    entry.deadline = deadline;
    if (deadline === NEVER) return this.#remove(entry);
    if (entry.heapIndex < 0) entry.heapIndex = this.#heap.push(entry) - 1;
    if (earlier) this.#siftUp(entry);
    else this.#siftDown(entry);
  }

  /** Removes and returns an entry that is due at `now`. */
  pop(now: Millis): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.deadline > now) return undefined;
    this.set(first, NEVER);
    return first;
  }

  #remove(entry: T): void {
    const index = entry.heapIndex;
    if (index < 0) return;
    entry.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last === entry) return;
    this.#place(last, index);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  #siftUp(entry: T): void {
    let index = entry.heapIndex;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1]!;
      if (parent.deadline <= entry.deadline) break;
      this.#place(parent, index);
      index = (index - 1) >> 1;
    }
    this.#place(entry, index);
  }

  #siftDown(entry: T): void {
    let index = entry.heapIndex;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      if (left === undefined) break;
      const right = this.#heap[2 * index + 2];
      const sooner = right !== undefined && right.deadline < left.deadline ? right : left;
      if (sooner.deadline >= entry.deadline) break;
      const hole = index;
      index = sooner.heapIndex;
      this.#place(sooner, hole);
    }
    this.#place(entry, index);
  }

  #place(entry: T, index: number): void {
    this.#heap[index] = entry;
    entry.heapIndex = index;
  }
}
