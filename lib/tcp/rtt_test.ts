import { assertEquals } from "@std/assert";
import { RttEstimator } from "./rtt.ts";

const LIMITS = { initialRto: 1000, minRto: 200, maxRto: 60_000 };

Deno.test("The least round trip is forgotten after five minutes (X-19, RFC 8985 §6.2)", () => {
  const rtt = new RttEstimator(LIMITS);
  rtt.sample(10, 0);
  rtt.sample(20, 300_000);
  assertEquals(rtt.least, 10);
  rtt.sample(20, 300_001);
  assertEquals(rtt.least, 20);
});

Deno.test("The RTO is 1 s before the first measurement (X-01, RFC 6298 §2.1)", () => {
  assertEquals(new RttEstimator(LIMITS).timeout, 1000);
});

Deno.test("The RTO follows from SRTT and RTTVAR (X-01, RFC 6298 §2.2, §2.3)", () => {
  const rtt = new RttEstimator(LIMITS);
  rtt.sample(200, 0);
  assertEquals([rtt.smoothed, rtt.variation, rtt.timeout], [200, 100, 600]);
  rtt.sample(400, 0);
  // RTTVAR from the old SRTT: 3/4 * 100 + 1/4 * |200 - 400|; SRTT: 7/8 * 200 + 1/8 * 400.
  assertEquals([rtt.smoothed, rtt.variation, rtt.timeout], [225, 125, 725]);
  rtt.sample(225, 0);
  assertEquals([rtt.smoothed, rtt.variation, rtt.timeout], [225, 93.75, 600]);
});

Deno.test("The variation counts for at least the granularity of the clock (X-01)", () => {
  const rtt = new RttEstimator({ ...LIMITS, minRto: 1 });
  rtt.sample(500, 0);
  for (let i = 0; i < 100; i++) rtt.sample(500, 0);
  assertEquals(rtt.timeout, 501);
});

Deno.test("The RTO stays within its bounds (X-02)", () => {
  const rtt = new RttEstimator(LIMITS);
  rtt.sample(1, 0);
  assertEquals(rtt.timeout, 201); // SRTT and the least of what it varies, as Linux
  rtt.sample(1e6, 0);
  assertEquals(rtt.timeout, 60_000);
  for (let i = 0; i < 2000; i++) rtt.backOff();
  assertEquals(rtt.timeout, 60_000);
});

Deno.test("The RTO doubles until there is a measurement (X-05, RFC 6298 §5.5)", () => {
  const rtt = new RttEstimator(LIMITS);
  rtt.sample(100, 0); // RTO 300
  const timeouts = [];
  for (let i = 0; i < 9; i++) {
    rtt.backOff();
    timeouts.push(rtt.timeout);
  }
  assertEquals(timeouts, [600, 1200, 2400, 4800, 9600, 19_200, 38_400, 60_000, 60_000]);
  rtt.sample(100, 0);
  assertEquals(rtt.backoffs, 0);
  assertEquals(rtt.timeout, 300); // 4 * 37.5 is less than the 200 that are added at least
});

Deno.test("A SYN that was sent twice leaves 3 s (RFC 6298 §5.7)", () => {
  const rtt = new RttEstimator(LIMITS);
  rtt.forgetSynBackoff();
  assertEquals(rtt.timeout, 1000); // sent once
  rtt.backOff();
  rtt.forgetSynBackoff();
  assertEquals(rtt.timeout, 3000);
});
