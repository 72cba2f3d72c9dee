import { assert, assertEquals } from "@std/assert";
import { SeededRandom, systemRandom } from "./random.ts";

Deno.test("SeededRandom repeats itself for the same seed only", () => {
  const draw = (seed: number) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 8 }, () => random.nextUint32());
  };
  assertEquals(draw(1), draw(1));
  assertEquals(draw(1).some((value, i) => value === draw(2)[i]), false);
});

Deno.test("SeededRandom stays within its bounds and reaches all of them", () => {
  const random = new SeededRandom(3);
  const seen = new Set<number>();
  for (let round = 0; round < 2000; round++) {
    const value = random.below(7);
    assert(Number.isInteger(value) && value >= 0 && value < 7);
    seen.add(value);
    const fraction = random.next();
    assert(fraction >= 0 && fraction < 1);
  }
  assertEquals(seen.size, 7);
});

Deno.test("SeededRandom is as even as a coin", () => {
  const random = new SeededRandom(4);
  const ones = new Array<number>(32).fill(0);
  for (let round = 0; round < 4000; round++) {
    const value = random.nextUint32();
    for (let bit = 0; bit < 32; bit++) ones[bit]! += (value >>> bit) & 1;
  }
  for (const count of ones) assert(Math.abs(count - 2000) < 200, `${count} of 4000`);
});

Deno.test("Random sources fill all of an array", () => {
  for (const random of [systemRandom, new SeededRandom(5)]) {
    const bytes = new Uint8Array(1000);
    random.fill(bytes);
    assert(new Set(bytes).size > 200);
  }
});
