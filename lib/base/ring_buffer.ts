/**
 * A byte queue of bounded capacity.
 *
 *     head            head + length              head + capacity
 *      |---- queued ----|----- free, may be filled ahead -----|
 *
 * Bytes are copied in and copied out, so nobody has to know who
 * owns a chunk; copying 1460 bytes takes about 30 ns, allocating them 20 times
 * that. Three methods hand out the memory itself, for a socket to read into or
 * write from in place, and for a link to gather a packet from; they say how long
 * that stays valid.
 *
 * Memory is allocated when the first byte comes, doubles on demand, and is given
 * back when the queue has been empty for a while, so that thousands of idle
 * connections cost nothing. It counts against a {@linkcode MemoryBudget}. Growing
 * moves the contents to new memory and leaves the old as it was: whoever still
 * writes from an old span sends the right bytes.
 *
 * @module
 */

import { copy } from "./copy.ts";
import { MemoryBudget, type MemoryHolder } from "./memory_budget.ts";
import type { PacketBuffer } from "./packet_buffer.ts";

const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const SMALLEST = 4096;

/**
 * Smallest memories that were given back. A thousand new queues in a moment, such as those of a
 * flood of datagrams, would otherwise leave as many behind, which are collected late.
 */
const spare: Uint8Array<ArrayBuffer>[] = [];
const MOST_SPARE = 256;

/** A byte queue of bounded capacity; see the module's description. */
export class RingBuffer implements MemoryHolder {
  /** The most bytes the queue holds. */
  readonly capacity: number;
  readonly #guaranteed: number;
  readonly #budget: MemoryBudget;
  #bytes = NOTHING;
  #head = 0;
  #length = 0;
  /** Bytes that count against the budget. */
  #counted = 0;
  /** How far from the head on bytes have been put, queued or ahead of the queue. */
  #reach = 0;
  /** Whether a free span has been handed out and may yet be filled. */
  #isLent = false;
  /** Whether a span of the memory has been handed out, which may still be in use. */
  #isSeen = false;
  /** Whether anything was done since the last {@linkcode rest}. */
  #isUsed = false;

  /**
   * Makes an empty queue for up to `capacity` bytes.
   *
   * @param capacity The most bytes the queue holds.
   * @param budget What its memory counts against.
   * @param guaranteed For so many bytes there is memory whatever the budget says.
   */
  constructor(capacity: number, budget?: MemoryBudget, guaranteed: number = SMALLEST) {
    this.capacity = capacity;
    this.#budget = budget ?? new MemoryBudget(Infinity);
    this.#guaranteed = Math.min(capacity, Math.max(guaranteed, SMALLEST));
  }

  /** Bytes in the queue. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that still fit. */
  get free(): number {
    return this.capacity - this.#length;
  }

  /** Bytes of memory allocated at present. */
  get allocated(): number {
    return this.#bytes.length;
  }

  /** Bytes that can be promised a place: `free`, but less while memory is tight. */
  get room(): number {
    const most = this.#budget.isTight ? this.#sure : this.capacity;
    return Math.max(0, most - this.#length);
  }

  /** How many of the next `count` bytes, which were promised a place, there is memory for. */
  affordable(count: number): number {
    const size = this.#length + count;
    if (size <= this.#bytes.length) return count;
    if (this.#budget.allows(this.#grown(size) - this.#bytes.length)) return count;
    if (size <= this.#sure) return count;
    this.#budget.refusals++;
    return Math.max(0, this.#sure - this.#length);
  }

  /** Appends as much of `source[start, end)` as there is room for; returns how much that was. */
  write(source: Uint8Array, start: number, end: number): number {
    const count = this.affordable(Math.min(end - start, this.room));
    this.writeAhead(0, source, start, start + count);
    this.#length += count;
    return count;
  }

  /**
   * Copies `source[start, end)` to `offset` bytes behind the last byte queued,
   * without queueing it: see {@linkcode commit}. It must fit, and be affordable.
   */
  writeAhead(offset: number, source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (count <= 0) return;
    this.#reserve(this.#length + offset + count);
    this.#reach = Math.max(this.#reach, this.#length + offset + count);
    this.#isUsed = true;
    const at = this.#position(this.#length + offset);
    const first = Math.min(count, this.#bytes.length - at);
    copy(source, start, start + first, this.#bytes, at);
    if (count > first) copy(source, start + first, end, this.#bytes, 0);
  }

  /** Queues `count` bytes that have been put behind the last one. */
  commit(count: number): void {
    this.#length += count;
    this.#reach = Math.max(this.#reach, this.#length);
    this.#isLent = false;
    this.#isUsed = true;
  }

  /** Copies `count` bytes that begin `offset` bytes into the queue, and keeps them queued. */
  peek(offset: number, count: number, target: Uint8Array, at: number): void {
    if (count <= 0) return;
    const from = this.#position(offset);
    const first = Math.min(count, this.#bytes.length - from);
    copy(this.#bytes, from, from + first, target, at);
    if (count > first) copy(this.#bytes, 0, count - first, target, at + first);
  }

  /**
   * Lets `packet` go on with `count` bytes that begin `offset` bytes into the queue, without
   * copying them. Valid until anything else is done with the queue.
   */
  attach(offset: number, count: number, packet: PacketBuffer): void {
    packet.attach(this.#bytes, this.#position(offset), count);
  }

  /** Removes `count` bytes from the front. */
  drop(count: number): void {
    this.#head = this.#position(count);
    this.#length -= count;
    this.#reach -= count;
    this.#isUsed = true;
  }

  /**
   * Contiguous memory behind the last byte queued, at most `most` bytes and
   * less where the memory wraps; to be filled and then {@linkcode commit}ted.
   * Valid until the next call that adds bytes.
   */
  freeSpan(most: number): Uint8Array<ArrayBuffer> {
    const count = this.affordable(Math.min(most, this.room));
    if (count <= 0) return NOTHING;
    this.#isLent = true;
    this.#reserve(this.#length + count);
    this.#isSeen = true;
    const at = this.#position(this.#length);
    return this.#bytes.subarray(at, Math.min(at + count, this.#bytes.length));
  }

  /**
   * The bytes at the front as far as they are contiguous; to be used and then
   * {@linkcode drop}ped. Its contents stay as they are until then.
   */
  filledSpan(): Uint8Array<ArrayBuffer> {
    this.#isSeen = true;
    const end = Math.min(this.#head + this.#length, this.#bytes.length);
    return this.#bytes.subarray(this.#head, end);
  }

  /** Gives the memory of an empty queue back if it is of the smallest kind, which costs little. */
  trim(): void {
    if (this.#reach === 0 && this.#bytes.length === SMALLEST && !this.#isLent) this.release();
  }

  /** Empties the queue and gives its memory back. */
  release(): void {
    this.disown();
    const isSmallest = this.#bytes.length === SMALLEST;
    if (isSmallest && !this.#isSeen && spare.length < MOST_SPARE) spare.push(this.#bytes);
    this.#bytes = NOTHING;
    this.#head = 0;
    this.#length = 0;
    this.#reach = 0;
    this.#isLent = false;
  }

  /** Counts the memory no longer: nothing will be added, and who reads the rest owns it. */
  disown(): void {
    if (this.#counted > 0) this.#budget.giveBack(this, this.#counted);
    this.#counted = 0;
  }

  rest(): boolean {
    if (this.#isUsed) {
      this.#isUsed = false;
      return true;
    }
    if (this.#reach <= 0 && !this.#isLent) this.release();
    return false;
  }

  /** Bytes for which there is memory whatever others take. */
  get #sure(): number {
    return Math.max(this.#bytes.length, this.#guaranteed);
  }

  #position(offset: number): number {
    const at = this.#head + offset;
    return at < this.#bytes.length ? at : at - this.#bytes.length;
  }

  #reserve(size: number): void {
    const old = this.#bytes;
    if (size <= old.length) return;
    const grown = this.#grown(size);
    this.#budget.take(this, grown - this.#counted);
    this.#counted = grown;
    this.#bytes = (grown === SMALLEST ? spare.pop() : undefined) ?? new Uint8Array(grown);
    this.#isSeen = false;
    this.#bytes.set(old.subarray(this.#head), 0);
    this.#bytes.set(old.subarray(0, this.#head), old.length - this.#head);
    this.#head = 0;
  }

  /** What is allocated for `size` bytes. */
  #grown(size: number): number {
    let grown = Math.max(this.#bytes.length, SMALLEST);
    while (grown < size) grown *= 2;
    return Math.min(grown, this.capacity);
  }
}
