/**
 * Text that has come out of order.
 *
 * The bytes themselves lie in the receive ring, ahead of what is queued there,
 * at the place where they belong; here is only which of them have come. Memory
 * is bounded by the ring, and the number of ranges by `MAX_RANGES`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2018#section-4 | RFC 2018 §4}
 * @see {@link https://www.rfc-editor.org/rfc/rfc2883#section-4 | RFC 2883 §4}
 * @module
 */
import { RangeSet, type SeqRange } from "./range_set.ts";
import { type Seq, seqBefore, seqBeforeOrAt, seqDiff } from "./seq.ts";

/** The most ranges out of order that are kept; beyond them the highest is forgotten. */
export const MAX_RANGES = 128;

/** Of all connections in which everything comes in order. */
const NONE: readonly Seq[] = [];

/** What has come out of order; see the module's description. */
export class Reassembly {
  readonly #ranges = new RangeSet();
  /** The starts of the ranges that changed, latest first (RFC 2018 §4). */
  #recent = NONE;
  #duplicate: SeqRange | undefined;

  /** Whether nothing is missing. */
  get isEmpty(): boolean {
    return this.#ranges.count === 0;
  }

  /** Whether anything has come that lies behind `seq`. */
  reaches(seq: Seq): boolean {
    const { last } = this.#ranges;
    return last !== undefined && seqBefore(seq, last.end);
  }

  /** The parts of `[start, end)` that have not come yet. Bytes that came first win. */
  missing(start: Seq, end: Seq): SeqRange[] {
    return this.#ranges.gaps(start, end);
  }

  /**
   * Notes that `[start, end)` has come.
   *
   * @returns Whether it is kept: it is not when it lies above too many others.
   */
  add(start: Seq, end: Seq): boolean {
    const merged = this.#ranges.add(start, end);
    this.#recent = [merged.start, ...this.#recent.filter((at) => this.#isStart(at, merged))];
    if (this.#ranges.count <= MAX_RANGES) return true;
    const highest = this.#ranges.last;
    this.#ranges.removeLast();
    this.#recent = this.#recent.filter((at) => at !== highest?.start);
    return highest !== merged;
  }

  /**
   * Takes out the range that begins at or before `next`.
   *
   * @returns How many bytes from `next` on it has.
   */
  take(next: Seq): number {
    const first = this.#ranges.first;
    if (!first || seqBefore(next, first.start)) return 0;
    this.#ranges.removeBefore(first.end);
    this.#recent = this.#recent.filter((at) => at !== first.start);
    return Math.max(0, seqDiff(first.end, next));
  }

  /** Notes that `[start, end)` came again, for the next acknowledgment (RFC 2883 §4). */
  noteDuplicate(start: Seq, end: Seq): void {
    this.#duplicate = { start, end };
  }

  /**
   * Notes what of `[start, end)` came again: all but the `gaps`. There is room
   * for one block: the first (RFC 2883 §4.2.2, §4.2.3).
   */
  noteRepeated(start: Seq, end: Seq, gaps: readonly SeqRange[]): void {
    const [first, second] = gaps;
    if (!first) this.noteDuplicate(start, end);
    else if (seqBefore(start, first.start)) this.noteDuplicate(start, first.start);
    else if (seqBefore(first.end, end)) this.noteDuplicate(first.end, second?.start ?? end);
  }

  /** Calls `report` with the blocks for the next acknowledgment, at most `most`. */
  reportBlocks(most: number, report: (start: Seq, end: Seq) => void): void {
    let left = most;
    if (this.#duplicate) {
      report(this.#duplicate.start, this.#duplicate.end);
      this.#duplicate = undefined;
      left--;
    }
    for (const at of this.#recent.slice(0, left)) {
      const range = this.#ranges.ranges.find(({ start }) => start === at);
      if (range) report(range.start, range.end);
    }
  }

  /** How many blocks {@linkcode reportBlocks} has to report. */
  get blockCount(): number {
    return this.#recent.length + (this.#duplicate ? 1 : 0);
  }

  /** Whether `at` still begins a range, now that `merged` has taken in its neighbours. */
  #isStart(at: Seq, merged: SeqRange): boolean {
    return !(seqBeforeOrAt(merged.start, at) && seqBefore(at, merged.end));
  }
}
