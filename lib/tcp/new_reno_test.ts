import { assertEquals } from "@std/assert";
import { NewReno } from "./new_reno.ts";

Deno.test("Slow start grows by what is acknowledged (C-01)", () => {
  const reno = new NewReno({ segment: 1000, burst: 1000, initialWindow: 10_000 });
  reno.acknowledged(3000, true);
  assertEquals(reno.window, 13_000);
  reno.acknowledged(3000, false);
  assertEquals(reno.window, 13_000); // it was not what limited: C-04
});

Deno.test("Congestion avoidance grows by a segment for each window (C-01)", () => {
  const reno = new NewReno({ segment: 1000, burst: 1000, initialWindow: 20_000 });
  reno.enterRecovery(20_000);
  reno.leaveRecovery(10_000);
  assertEquals([reno.window, reno.slowStartThreshold], [10_000, 10_000]);
  for (let acked = 0; acked < 9; acked++) reno.acknowledged(1000, true);
  assertEquals(reno.window, 10_000);
  reno.acknowledged(1000, true);
  assertEquals(reno.window, 11_000);
  for (let acked = 0; acked < 11; acked++) reno.acknowledged(1000, true);
  assertEquals(reno.window, 12_000);
});

Deno.test("A loss halves the window, to no less than two segments (C-02)", () => {
  const reno = new NewReno({ segment: 1000, burst: 1000, initialWindow: 10_000 });
  reno.enterRecovery(10_000);
  assertEquals([reno.window, reno.slowStartThreshold], [5000, 5000]);
  reno.enterRecovery(1000);
  assertEquals([reno.window, reno.slowStartThreshold], [2000, 2000]);
});

Deno.test("A timeout leaves one segment (C-02)", () => {
  const reno = new NewReno({ segment: 1000, burst: 1000, initialWindow: 10_000 });
  reno.timedOut(8000);
  assertEquals([reno.window, reno.slowStartThreshold], [1000, 4000]);
  reno.acknowledged(1000, true);
  assertEquals(reno.window, 2000); // slow start again
});

Deno.test("Recovery inflates and deflates the window (C-03, RFC 6582 §3.2)", () => {
  const reno = new NewReno({ segment: 1000, burst: 1000, initialWindow: 10_000 });
  reno.enterRecovery(10_000);
  for (let duplicate = 0; duplicate < 3; duplicate++) reno.inflate();
  assertEquals(reno.window, 8000);
  reno.partiallyAcknowledged(3000);
  assertEquals(reno.window, 6000); // less what was acknowledged, and one segment more
  reno.partiallyAcknowledged(100_000);
  assertEquals(reno.window, 1000);
  reno.leaveRecovery(2000);
  assertEquals(reno.window, 3000); // min(ssthresh, max(FlightSize, SMSS) + SMSS)
  reno.leaveRecovery(50_000);
  assertEquals(reno.window, 5000);
});
