import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { BytePool } from "./byte_pool.ts";

Deno.test("BytePool lends what is long enough, in powers of two", () => {
  const pool = new BytePool(0);
  for (const [length, size] of [[0, 256], [1, 256], [256, 256], [257, 512], [65_575, 131_072]]) {
    assertEquals(pool.take(length!).length, size);
  }
});

Deno.test("BytePool lends again what has come back, to one at a time", () => {
  const pool = new BytePool(4096);
  const first = pool.take(1500);
  pool.give(first);
  assertStrictEquals(pool.take(1025), first);
  assertNotStrictEquals(pool.take(1025), first);
});

Deno.test("BytePool keeps no more than it may", () => {
  const pool = new BytePool(4096);
  const lent = Array.from({ length: 3 }, () => pool.take(2048));
  for (const bytes of lent) pool.give(bytes);
  const again = Array.from({ length: 3 }, () => pool.take(2048));
  assertEquals(again.filter((bytes) => lent.includes(bytes)).length, 2);
  assert(!lent.includes(again[2]!));
});
