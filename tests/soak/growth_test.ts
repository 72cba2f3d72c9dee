import { assertEquals } from "@std/assert";
import { findGrowth, type Holdings } from "./growth.ts";

const IDLE: Holdings = { flows: 1, buffers: 0, descriptors: 20, heap: 10 << 20 };

Deno.test("findGrowth finds what is more at the end, and says so", () => {
  const grown = { ...IDLE, descriptors: 21 };
  assertEquals(findGrowth([IDLE, IDLE, IDLE, grown, grown, grown]), [
    "descriptors grew from 20 to 21",
  ]);
});

Deno.test("findGrowth does not mind a sample that came too soon, nor the heap's noise", () => {
  const busy = { ...IDLE, flows: 9, buffers: 4096 };
  const noisy = { ...IDLE, heap: 13 << 20 };
  assertEquals(findGrowth([IDLE, IDLE, IDLE, noisy, noisy, busy]), []);
  const leaking = { ...IDLE, heap: 15 << 20 };
  assertEquals(findGrowth([IDLE, IDLE, IDLE, leaking, leaking, leaking]), [
    "heap grew from 10485760 to 15728640",
  ]);
});
