import { assert, assertEquals } from "@std/assert";
import { Cubic } from "./cubic.ts";

const SEGMENT = 1000;
const RTT = 100;

function cubic(initialWindow: number): Cubic {
  return new Cubic({ segment: SEGMENT, burst: SEGMENT, initialWindow });
}

/** Acknowledges a window for each round trip; returns the windows, in segments. */
function roundTrips(control: Cubic, count: number, start: number): number[] {
  const windows = [];
  for (let trip = 0; trip < count; trip++) {
    const now = start + trip * RTT;
    for (let left = control.window; left > 0; left -= SEGMENT) {
      control.acknowledged(Math.min(SEGMENT, left), true, now, RTT);
    }
    windows.push(control.window / SEGMENT);
  }
  return windows;
}

Deno.test("CUBIC begins with slow start (C-01, C-07)", () => {
  const control = cubic(10 * SEGMENT);
  assertEquals(roundTrips(control, 2, 0), [20, 40]);
});

Deno.test("CUBIC leaves seven tenths of the window after a loss (C-07, RFC 9438 §4.6)", () => {
  const control = cubic(100 * SEGMENT);
  control.reduce();
  assertEquals(control.slowStartThreshold, 70 * SEGMENT);
  control.window = SEGMENT;
  control.reduce();
  assertEquals(control.slowStartThreshold, 2 * SEGMENT);
});

Deno.test("CUBIC is back at W_max after K, and flat there (C-07, RFC 9438 §4.2)", () => {
  const control = cubic(1000 * SEGMENT);
  control.reduce();
  control.window = control.slowStartThreshold;
  const k = Math.cbrt(300 / 0.4); // 9.09 s
  const windows = roundTrips(control, 160, 0);
  const at = (seconds: number) => windows[Math.round(seconds * 1000 / RTT)]!;
  assert(Math.abs(at(k) - 1000) < 3, `${at(k)}`);
  assert(at(k / 2) > 950, `${at(k / 2)}`); // 7/8 of the way in half of the time
  assert(at(k + 2) - at(k - 2) < 12, `${at(k + 2)} after ${at(k - 2)}`);
  assert(at(k + 6) > 1060, `${at(k + 6)}`); // and then it looks for more
});

Deno.test("CUBIC is no slower than Reno on a short path (C-07, RFC 9438 §4.3)", () => {
  const control = cubic(20 * SEGMENT);
  control.reduce();
  control.window = control.slowStartThreshold;
  for (let trip = 0; trip < 40; trip++) {
    for (let left = control.window; left > 0; left -= SEGMENT) {
      control.acknowledged(SEGMENT, true, trip, 1);
    }
  }
  assert(control.window >= 32 * SEGMENT, `${control.window}`); // 14 + 12 at 0.53, then one each
});

Deno.test("CUBIC makes room for others when the window has shrunk (C-07, RFC 9438 §4.7)", () => {
  const control = cubic(1000 * SEGMENT);
  control.reduce();
  control.window = control.slowStartThreshold; // 700
  control.reduce(); // W_max is 85 % of that, less than it was
  control.window = control.slowStartThreshold; // 490
  const windows = roundTrips(control, 70, 0);
  const k = Math.cbrt((595 - 490) / 0.4); // 6.4 s
  assert(Math.abs(windows[Math.round(k * 1000 / RTT)]! - 595) < 3, `${windows}`);
});

Deno.test("CUBIC does not count time in which the window is not used (C-04, C-07)", () => {
  const control = cubic(100 * SEGMENT);
  control.reduce();
  control.window = control.slowStartThreshold;
  roundTrips(control, 5, 0);
  const before = control.window;
  control.acknowledged(SEGMENT, false, 60_000, RTT);
  assertEquals(control.window, before);
  const [after] = roundTrips(control, 1, 60_000 + RTT);
  assert(after! * SEGMENT - before < 5 * SEGMENT, `${after}`);
});

Deno.test("CUBIC forgets a loss that was none (X-20, RFC 9438 §4.9)", () => {
  const control = cubic(100 * SEGMENT);
  control.reduce();
  control.window = SEGMENT;
  control.undo();
  assertEquals([control.window, control.slowStartThreshold], [100 * SEGMENT, Infinity]);
});
