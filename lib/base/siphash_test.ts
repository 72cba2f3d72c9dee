import { assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "./random.ts";
import { SipHash } from "./siphash.ts";

const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);

function hash(key: SipHash, length: number): string {
  key.update(new DataView(counting(Math.max(length, 1)).buffer), length);
  return [key.high, key.low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

Deno.test("SipHash-2-4 agrees with the vectors of its authors (I-01)", () => {
  const key = new SipHash(counting(16));
  const vectors: readonly [number, string][] = [
    [0, "726fdb47dd0e0e31"],
    [1, "74f839c593dc67fd"],
    [7, "ab0200f58b01d137"],
    [8, "93f5f5799a932462"],
    [12, "751e8fbc860ee5fb"],
    [15, "a129ca6149be45e5"],
    [16, "3f2acc7f57c29bdb"],
    [20, "bed65cf21aa2ee98"],
    [36, "314dffbe0815a3b4"],
    [38, "cadcd4e59ef40c4d"],
    [63, "958a324ceb064572"],
  ];
  for (const [length, expected] of vectors) assertEquals(hash(key, length), expected);
});

Deno.test("SipHash copies its key and does not depend on what it hashed before", () => {
  const bytes = counting(16);
  const key = new SipHash(bytes);
  bytes.fill(0);
  hash(key, 63);
  assertEquals(hash(key, 0), "726fdb47dd0e0e31");
});

Deno.test("SipHash takes its key from a source of randomness", () => {
  const one = SipHash.withRandomKey(new SeededRandom(1));
  const same = SipHash.withRandomKey(new SeededRandom(1));
  const other = SipHash.withRandomKey(new SeededRandom(2));
  assertEquals(hash(one, 8), hash(same, 8));
  assertEquals(hash(one, 8) === hash(other, 8), false);
});

Deno.test("SipHash refuses a key of another length", () => {
  assertThrows(() => new SipHash(new Uint8Array(15)), RangeError, "15 bytes");
});
