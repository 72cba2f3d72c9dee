/**
 * Damage to bytes.
 *
 * @module
 */
import type { SeededRandom } from "../../lib/base/random.ts";

/** Bytes of random number, at most `most`. */
export function randomBytes(random: SeededRandom, most: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(random.below(most + 1));
  random.fill(bytes);
  return bytes;
}

/** A damaged copy of `bytes`: some bits flipped, some bytes set to extremes, cut or drawn out. */
export function mutate(random: SeededRandom, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  let copy = Uint8Array.from(bytes);
  for (let count = 1 + random.below(4); count > 0 && copy.length > 0; count--) {
    const at = random.below(copy.length);
    switch (random.below(5)) {
      case 0:
        copy[at]! ^= 1 << random.below(8);
        break;
      case 1:
        copy[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][random.below(6)]!;
        break;
      case 2:
        copy[at] = random.below(256);
        break;
      case 3:
        copy = copy.slice(0, at);
        break;
      case 4:
        copy = Uint8Array.from([...copy, ...randomBytes(random, 20)]);
    }
  }
  return copy;
}
