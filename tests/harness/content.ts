/**
 * What the applications of a test say to each other: an endless sequence of
 * bytes that anybody can check from any place on.
 *
 * @module
 */
import { SeededRandom } from "../../lib/base/random.ts";

/** A prime, so that bytes moved by any power of two do not look right. */
const PERIOD = 65_521;
const TABLE = makeTable();

function makeTable(): Uint8Array<ArrayBuffer> {
  const once = new Uint8Array(PERIOD);
  new SeededRandom(1).fill(once);
  const table = new Uint8Array(2 * PERIOD);
  table.set(once);
  table.set(once, PERIOD);
  return table;
}

/** An endless sequence of bytes, another for each `seed`. */
export class Content {
  readonly #shift: number;

  constructor(seed: number) {
    this.#shift = (seed >>> 0) % PERIOD;
  }

  /** Up to `most` bytes from `position` on, at least one and at most 65521; not to be changed. */
  at(position: number, most: number): Uint8Array<ArrayBuffer> {
    const start = (this.#shift + position) % PERIOD;
    return TABLE.subarray(start, start + Math.min(most, PERIOD));
  }

  /** Where in `bytes[start, end)`, which should be those from `position` on, is the first wrong one; -1: nowhere. */
  firstWrong(position: number, bytes: Uint8Array, start: number, end: number): number {
    let expected = (this.#shift + position) % PERIOD;
    for (let at = start; at < end; at++) {
      if (bytes[at] !== TABLE[expected]) return at - start;
      if (++expected === PERIOD) expected = 0;
    }
    return -1;
  }
}
