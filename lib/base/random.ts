/**
 * Randomness: unguessable for keys, repeatable for tests.
 *
 * @module
 */

/** A source of random bits. */
export interface Random {
  /** Fills `target` with random bytes. */
  fill(target: Uint8Array<ArrayBuffer>): void;
}

/** The system's cryptographic source. */
export const systemRandom: Random = {
  fill: (target) => {
    crypto.getRandomValues(target);
  },
};

/**
 * A repeatable sequence for tests and fault injection; never for keys. The
 * generator is "mulberry32": 32 bits of state, good enough to shuffle with.
 */
export class SeededRandom implements Random {
  #state: number;

  /** Two generators with the same `seed` yield the same sequence. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next number in `[0, 2^32)`. */
  nextUint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** The next number in `[0, 1)`. */
  next(): number {
    return this.nextUint32() / 0x1_0000_0000;
  }

  /** The next whole number in `[0, bound)`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Fills `target` with the low bytes of the sequence. */
  fill(target: Uint8Array<ArrayBuffer>): void {
    for (let i = 0; i < target.length; i++) target[i] = this.nextUint32();
  }
}
