/**
 * Memory that is used again.
 *
 * A flood makes and drops a thousand small arrays in a moment, which the
 * collector finds late: what a pool has given out comes back instead. Sizes are
 * powers of two.
 *
 * @module
 */

const SMALLEST = 256;

/** Lends arrays of bytes; see the module's description. */
export class BytePool {
  /** Free ones, by the logarithm of their size. */
  readonly #free: Uint8Array<ArrayBuffer>[][] = [];
  readonly #mostFree: number;
  #bytesFree = 0;

  /** Makes a pool that keeps at most `mostFree` bytes for later. */
  constructor(mostFree: number) {
    this.#mostFree = mostFree;
  }

  /** Lends an array of at least `length` bytes, and whatever they are. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const size = sizeFor(length);
    const free = this.#free[Math.log2(size)]?.pop();
    if (!free) return new Uint8Array(size);
    this.#bytesFree -= size;
    return free;
  }

  /** Takes back an array that it has lent. */
  give(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#bytesFree + bytes.length > this.#mostFree) return;
    (this.#free[Math.log2(bytes.length)] ??= []).push(bytes);
    this.#bytesFree += bytes.length;
  }
}

/** The least power of two that is no less than `length`, and no less than the smallest. */
function sizeFor(length: number): number {
  return 2 ** (32 - Math.clz32(Math.max(SMALLEST, length) - 1));
}
