/**
 * The memory of the {@link ./scoreboard.ts | scoreboard}: records of what was
 * sent, one after the other in one array of numbers.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** What is known of a record; a set of bits. */
export const Mark = {
  /** The peer has reported it, and holds back everything else it says about it. */
  Sacked: 1,
  /** It is taken for lost. */
  Lost: 2,
  /** It has been sent again, and that copy is taken to be on its way. */
  Again: 4,
  /** It has been sent more than once, whatever became of the copies (Karn). */
  Repeated: 8,
} as const;

/** At least 2: room for more is never asked for at once. */
const FIRST_CAPACITY = 4;

/** The fields of a record. */
export const END = 0;
export const SENT_AT = 1;
export const SERIAL = 2;
export const SEGMENTS = 3;
export const MARKS = 4;
export const STRIDE = 5;

const NOTHING = new Float64Array(0);

/**
 * Arrays of the first capacity that were given back. A connection that waits for nothing has none,
 * since a typed array costs some 400 bytes beside its contents; one that sends takes one of these.
 */
const spare: Float64Array<ArrayBuffer>[] = [];
const MOST_SPARE = 256;

/** Records in the order of the stream. They are named by their index, valid until a change. */
export class SentRecords {
  protected fields: Float64Array<ArrayBuffer> = NOTHING;
  protected head = 0;
  protected tail = 0;
  /** Before this nothing that was sent once waits to be judged by its age. */
  protected firstUnjudged = 0;
  /** Before this nothing lost waits to be sent again. */
  protected firstMaybeUnrepaired = 0;
  #segmentSize = 1;
  /** The position of SND.UNA. */
  una = 0;
  /** Wire segments that the peer has reported. */
  sackedSegments = 0;

  /** How many records there are. */
  get count(): number {
    return this.tail - this.head;
  }

  /** The most payload of a wire segment from now on: in this the counts are. */
  set segmentSize(size: number) {
    this.#segmentSize = size;
  }

  /** Where `index` begins. */
  startOf(index: number): number {
    return index <= this.head ? this.una : this.endOf(index - 1);
  }

  /** Where `index` ends. */
  endOf(index: number): number {
    return this.fields[index * STRIDE + END]!;
  }

  /** When `index` was last sent. */
  sentAt(index: number): Millis {
    return this.fields[index * STRIDE + SENT_AT]!;
  }

  protected lengthOf(index: number): number {
    return this.endOf(index) - this.startOf(index);
  }

  protected segmentsIn(index: number): number {
    return this.fields[index * STRIDE + SEGMENTS]!;
  }

  protected marksOf(index: number): number {
    return this.fields[index * STRIDE + MARKS]!;
  }

  protected set(index: number, field: number, value: number): void {
    this.fields[index * STRIDE + field] = value;
  }

  protected segmentsFor(length: number): number {
    return Math.max(1, Math.ceil(length / this.#segmentSize));
  }

  protected serialOf(index: number): number {
    return this.fields[index * STRIDE + SERIAL]!;
  }

  /** The record in which `position` lies. */
  protected find(position: number): number {
    let [low, high] = [this.head, this.tail];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.endOf(middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes a record begin at `position`, and returns its index; there must be room. */
  protected split(position: number): number {
    const index = this.find(position);
    const start = this.startOf(index);
    if (index === this.tail || start === position) return index;
    const wasSacked = this.marksOf(index) & Mark.Sacked ? this.segmentsIn(index) : 0;
    const fields = this.fields;
    fields.copyWithin((index + 1) * STRIDE, index * STRIDE, this.tail * STRIDE);
    this.tail++;
    this.set(index, END, position);
    this.set(index, SEGMENTS, this.segmentsFor(position - start));
    this.set(index + 1, SEGMENTS, this.segmentsFor(this.endOf(index + 1) - position));
    if (wasSacked > 0) {
      this.sackedSegments += this.segmentsIn(index) + this.segmentsIn(index + 1) - wasSacked;
    }
    if (this.firstUnjudged > index) this.firstUnjudged++;
    if (this.firstMaybeUnrepaired > index) this.firstMaybeUnrepaired++;
    return index + 1;
  }

  /** Makes one record of `[first, last)`, all of which has been reported. */
  protected join(first: number, last: number): void {
    const gone = last - first - 1;
    if (gone <= 0) return;
    let segments = 0;
    for (let index = first; index < last; index++) segments += this.segmentsIn(index);
    this.set(first, END, this.endOf(last - 1));
    this.set(first, SEGMENTS, segments);
    const fields = this.fields;
    fields.copyWithin((first + 1) * STRIDE, last * STRIDE, this.tail * STRIDE);
    this.tail -= gone;
    this.firstUnjudged = cursorAfter(this.firstUnjudged, first, last);
    this.firstMaybeUnrepaired = cursorAfter(this.firstMaybeUnrepaired, first, last);
  }

  /** Forgets all records, and gives their memory back. */
  protected clear(): void {
    const isFirst = this.fields.length === FIRST_CAPACITY * STRIDE;
    if (isFirst && spare.length < MOST_SPARE) spare.push(this.fields);
    this.fields = NOTHING;
    this.head = 0;
    this.tail = 0;
    this.firstUnjudged = 0;
    this.firstMaybeUnrepaired = 0;
  }

  /** Makes room for `more` records; the others may move. */
  protected reserve(more: number): void {
    const capacity = this.fields.length / STRIDE;
    if (this.tail + more <= capacity) return;
    if (capacity === 0) {
      this.fields = spare.pop() ?? new Float64Array(FIRST_CAPACITY * STRIDE);
      return;
    }
    const head = this.head;
    let fields = this.fields;
    if (2 * head < capacity) fields = new Float64Array(2 * capacity * STRIDE);
    // In place, at least half of the array is free again: moves cost no more than what was added.
    fields.set(this.fields.subarray(head * STRIDE, this.tail * STRIDE));
    this.fields = fields;
    this.head = 0;
    this.tail -= head;
    this.firstUnjudged -= head;
    this.firstMaybeUnrepaired -= head;
  }
}

function cursorAfter(cursor: number, first: number, last: number): number {
  if (cursor >= last) return cursor - (last - first - 1);
  return Math.min(cursor, first);
}
