import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Metric, ratio, rowsOf, type Sample, summarize } from "./metrics.ts";

const RATE: Metric = { id: "rate", label: "rate", unit: "1/s" };
const TIME: Metric = { id: "time", label: "time", unit: "ms" };

function sample(metric: Metric, backend: string, run: number, value: number): Sample {
  return { metric, backend, run, value };
}

Deno.test("summarize has the median and the spread of the values that are there", () => {
  assertEquals(summarize([3, 1, 2]), { median: 2, least: 1, most: 3 });
  assertEquals(summarize([10, undefined, 2, 9, 4]), { median: 6.5, least: 2, most: 10 });
  assertEquals(summarize([7]), { median: 7, least: 7, most: 7 });
  assertEquals(summarize([]), undefined);
  assertEquals(summarize([undefined]), undefined);
});

Deno.test("Rows are in the order of their metrics, with a place for each run", () => {
  const rows = rowsOf([
    sample(RATE, "one", 0, 5),
    sample(TIME, "one", 0, 8),
    sample(RATE, "other", 1, 4),
    sample(RATE, "one", 1, 6),
  ]);
  assertEquals(rows.map(({ metric }) => metric.id), ["rate", "time"]);
  assertEquals(rows[0]?.values["one"], [5, 6]);
  assertEquals(rows[0]?.values["other"]?.[0], undefined);
  assertEquals(rows[0]?.values["other"]?.[1], 4);
});

Deno.test("A ratio is the median of those in the same run", () => {
  const values = { one: [10, 30, 90], other: [5, 10, 100], third: [undefined, 10, 0] };
  const row = { metric: RATE, values };
  assertAlmostEquals(ratio(row, "one", "other") ?? NaN, 2);
  assertAlmostEquals(ratio(row, "one", "third") ?? NaN, 3);
  assertEquals(ratio(row, "one", "nobody"), undefined);
});
