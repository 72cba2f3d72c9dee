import { assertEquals, assertStrictEquals } from "@std/assert";
import { Views } from "./views.ts";

Deno.test("views are of the memory that is asked for, and made once", () => {
  const views = new Views();
  const one = Uint8Array.from({ length: 1000 }, (_, at) => at);
  const two = new Uint8Array(600).fill(7);
  const first = views.from(one, 3);
  assertEquals([first[0], first.length, first.buffer === one.buffer], [3, 997, true]);
  assertStrictEquals(views.from(one, 3), first);
  assertEquals([views.from(two, 3)[0], views.from(two, 3).length], [7, 597]);
  assertEquals(views.from(one, 3), first);
  assertEquals([views.from(one, 999)[0], views.from(one, 999).length], [999 % 256, 1]);
  assertStrictEquals(views.from(one, 0), one);
});
