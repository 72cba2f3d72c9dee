/**
 * A byte queue of bounded capacity.
 *
 *     head            head + length              head + capacity
 *      |---- queued ----|----- free, may be filled ahead -----|
 *
 * Bytes are copied in and copied out and never lent, so nobody has to know who
 * owns a chunk; copying 1460 bytes takes about 30 ns, allocating them 20 times
 * that. Two methods hand out spans of the memory itself, for a socket to read
 * into or write from in place; they say how long a span stays valid.
 *
 * Memory is allocated when the first byte comes and doubles on demand, so that
 * thousands of idle connections cost nothing. Growing moves the contents to new
 * memory and leaves the old as it was: whoever still writes from an old span
 * sends the right bytes.
 *
 * @module
 */

const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const SMALLEST = 4096;

/** A byte queue of bounded capacity; see the module's description. */
export class RingBuffer {
  /** The most bytes the queue holds. */
  readonly capacity: number;
  #bytes = NOTHING;
  #head = 0;
  #length = 0;

  /** Makes an empty queue for up to `capacity` bytes. */
  constructor(capacity: number) {
    this.capacity = capacity;
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

  /** Appends as much of `source[start, end)` as fits; returns how much that was. */
  write(source: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.free);
    this.writeAhead(0, source, start, start + count);
    this.#length += count;
    return count;
  }

  /**
   * Copies `source[start, end)` to `offset` bytes behind the last byte queued,
   * without queueing it: see {@linkcode commit}. It must fit.
   */
  writeAhead(offset: number, source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    if (count <= 0) return;
    this.#reserve(this.#length + offset + count);
    const at = this.#position(this.#length + offset);
    const first = Math.min(count, this.#bytes.length - at);
    this.#bytes.set(source.subarray(start, start + first), at);
    if (count > first) this.#bytes.set(source.subarray(start + first, end), 0);
  }

  /** Queues `count` bytes that have been put behind the last one. */
  commit(count: number): void {
    this.#length += count;
  }

  /** Copies `count` bytes that begin `offset` bytes into the queue, and keeps them queued. */
  peek(offset: number, count: number, target: Uint8Array, at: number): void {
    if (count <= 0) return;
    const from = this.#position(offset);
    const first = Math.min(count, this.#bytes.length - from);
    target.set(this.#bytes.subarray(from, from + first), at);
    if (count > first) target.set(this.#bytes.subarray(0, count - first), at + first);
  }

  /** Removes `count` bytes from the front. */
  drop(count: number): void {
    this.#head = this.#position(count);
    this.#length -= count;
  }

  /**
   * Contiguous memory behind the last byte queued, at most `most` bytes and
   * less where the memory wraps; to be filled and then {@linkcode commit}ted.
   * Valid until the next call that adds bytes.
   */
  freeSpan(most: number): Uint8Array<ArrayBuffer> {
    const count = Math.min(most, this.free);
    if (count <= 0) return NOTHING;
    this.#reserve(this.#length + count);
    const at = this.#position(this.#length);
    return this.#bytes.subarray(at, Math.min(at + count, this.#bytes.length));
  }

  /**
   * The bytes at the front as far as they are contiguous; to be used and then
   * {@linkcode drop}ped. Its contents stay as they are until then.
   */
  filledSpan(): Uint8Array<ArrayBuffer> {
    const end = Math.min(this.#head + this.#length, this.#bytes.length);
    return this.#bytes.subarray(this.#head, end);
  }

  /** Empties the queue and gives its memory back. */
  release(): void {
    this.#bytes = NOTHING;
    this.#head = 0;
    this.#length = 0;
  }

  #position(offset: number): number {
    const at = this.#head + offset;
    return at < this.#bytes.length ? at : at - this.#bytes.length;
  }

  #reserve(size: number): void {
    const old = this.#bytes;
    if (size <= old.length) return;
    let grown = Math.max(old.length, SMALLEST);
    while (grown < size) grown *= 2;
    this.#bytes = new Uint8Array(Math.min(grown, this.capacity));
    this.#bytes.set(old.subarray(this.#head), 0);
    this.#bytes.set(old.subarray(0, this.#head), old.length - this.#head);
    this.#head = 0;
  }
}
