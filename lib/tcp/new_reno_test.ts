import { assertEquals } from "@std/assert";
import { NewReno } from "./new_reno.ts";

function newReno(initialWindow: number): NewReno {
  return new NewReno({ segment: 1000, burst: 1000, initialWindow });
}

Deno.test("Slow start grows by what is acknowledged (C-01)", () => {
  const reno = newReno(10_000);
  reno.acknowledged(3000, true);
  assertEquals(reno.window, 13_000);
  reno.acknowledged(3000, false);
  assertEquals(reno.window, 13_000); // it was not what limited: C-04
});

Deno.test("Congestion avoidance grows by a segment for each window (C-01)", () => {
  const reno = newReno(20_000);
  reno.reduce(20_000);
  reno.window = reno.slowStartThreshold;
  assertEquals([reno.window, reno.slowStartThreshold], [10_000, 10_000]);
  for (let acked = 0; acked < 9; acked++) reno.acknowledged(1000, true);
  assertEquals(reno.window, 10_000);
  reno.acknowledged(1000, true);
  assertEquals(reno.window, 11_000);
  for (let acked = 0; acked < 11; acked++) reno.acknowledged(1000, true);
  assertEquals(reno.window, 12_000);
});

Deno.test("Slow start ends at ssthresh, and what is left counts towards avoidance (C-01)", () => {
  const reno = newReno(20_000);
  reno.reduce(20_000);
  reno.window = 8000;
  reno.acknowledged(12_000, true);
  assertEquals(reno.window, 11_000);
});

Deno.test("A loss halves ssthresh, to no less than two segments (C-02)", () => {
  const reno = newReno(10_000);
  reno.reduce(10_000);
  assertEquals(reno.slowStartThreshold, 5000);
  reno.reduce(1000);
  assertEquals(reno.slowStartThreshold, 2000);
});

Deno.test("A loss that was none leaves the window as it was (X-20, RFC 4015 §3.2)", () => {
  const reno = newReno(10_000);
  reno.reduce(10_000);
  reno.window = 1000;
  reno.undo();
  assertEquals([reno.window, reno.slowStartThreshold], [10_000, Infinity]);
});
