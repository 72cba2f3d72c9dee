/**
 * A set of sequence numbers, as disjoint ranges in order.
 *
 *     --[====)------[==)--------[======)---
 *
 * Both sides of a connection have one: what has come out of order, and what the
 * peer says has reached it so. All members lie within 2^31 of each other.
 *
 * @module
 */
import { type Seq, seqBefore, seqBeforeOrAt, seqDiff, seqMax } from "./seq.ts";

/** `start <= s < end`. */
export interface SeqRange {
  /** The first sequence number in the range. */
  readonly start: Seq;
  /** The first one behind it. */
  readonly end: Seq;
}

/** Of all sets that are empty, which are nearly all there are. */
const NONE: readonly SeqRange[] = [];

/** A set of sequence numbers; see the module's description. */
export class RangeSet {
  #ranges = NONE;

  /** How many ranges there are. */
  get count(): number {
    return this.#ranges.length;
  }

  /** How many sequence numbers there are. */
  get size(): number {
    return this.#ranges.reduce((sum, { start, end }) => sum + seqDiff(end, start), 0);
  }

  /** The ranges, in order. */
  get ranges(): readonly SeqRange[] {
    return this.#ranges;
  }

  /** The first range. */
  get first(): SeqRange | undefined {
    return this.#ranges[0];
  }

  /** The last range. */
  get last(): SeqRange | undefined {
    return this.#ranges.at(-1);
  }

  /** The range that holds all of `[start, end)`. */
  covering(start: Seq, end: Seq): SeqRange | undefined {
    return this.#ranges.find((range) =>
      seqBeforeOrAt(range.start, start) && seqBeforeOrAt(end, range.end)
    );
  }

  /** Adds `[start, end)`; ranges that touch become one, which is returned. */
  add(start: Seq, end: Seq): SeqRange {
    const before = this.#ranges.filter((range) => seqBefore(range.end, start));
    const after = this.#ranges.filter((range) => seqBefore(end, range.start));
    const touched = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const first = touched[0];
    const last = touched.at(-1);
    const merged = {
      start: first && seqBefore(first.start, start) ? first.start : start,
      end: last ? seqMax(last.end, end) : end,
    };
    this.#ranges = [...before, merged, ...after];
    return merged;
  }

  /** Removes what is before `seq`. */
  removeBefore(seq: Seq): void {
    const first = this.#ranges[0];
    if (!first || seqBeforeOrAt(seq, first.start)) return;
    this.#ranges = this.#ranges
      .filter((range) => seqBefore(seq, range.end))
      .map(({ start, end }) => ({ start: seqMax(start, seq), end }));
  }

  /** Removes the last range. */
  removeLast(): void {
    this.#ranges = this.#ranges.slice(0, -1);
  }

  /** Removes everything. */
  clear(): void {
    this.#ranges = NONE;
  }

  /** The parts of `[start, end)` that are not in the set, in order. */
  gaps(start: Seq, end: Seq): SeqRange[] {
    const gaps: SeqRange[] = [];
    let at = start;
    for (const range of this.#ranges) {
      if (seqBeforeOrAt(range.end, at)) continue;
      if (seqBeforeOrAt(end, range.start)) break;
      if (seqBefore(at, range.start)) gaps.push({ start: at, end: range.start });
      at = range.end;
    }
    if (seqBefore(at, end)) gaps.push({ start: at, end });
    return gaps;
  }
}
