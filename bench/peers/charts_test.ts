import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { drawChart } from "./chart.ts";
import { drawCharts, replaceFigures } from "./charts.ts";
import type { Row } from "./metrics.ts";

function row(id: string, values: Row["values"]): Row {
  return { metric: { id, label: id, unit: "ms" }, values };
}

Deno.test("A chart has a bar for each backend that was measured, the longest to the most", () => {
  const rows = [["a < b", row("x", { ours: [50, 100, 75], theirs: [30], absent: [] })]] as const;
  const chart = drawChart({ title: "T & S", rows, backends: ["ours", "theirs", "absent"] });
  assertStringIncludes(chart, "T &amp; S");
  assertStringIncludes(chart, "a &lt; b");
  assertStringIncludes(chart, ">75.0 ms<");
  assertStringIncludes(chart, ">30.0 ms<");
  const bars = [...chart.matchAll(/width="([\d.]+)" height="12"/g)].map(([, width]) => width);
  assertEquals(bars, ["345", "138"]); // 460 stand for 100
});

Deno.test("Charts are drawn of what was measured only", () => {
  const rows = [row("connections/1", { ours: [1] }), row("else", { ours: [2] })];
  const charts = drawCharts(rows, ["ours"]);
  assertEquals([...charts.keys()], ["performance-connections.svg"]);
});

Deno.test("Figures go between the marks of the page", () => {
  const page = `a
<!-- figures: deno task bench:peers -->
old
<!-- end of figures -->
b
`;
  const expected = page.replace("old", "\nnew\n");
  assertEquals(replaceFigures(page, "new\n"), expected);
  assertEquals(replaceFigures(expected, "new\n"), expected);
  assertThrows(() => replaceFigures("no marks", "new\n"), SyntaxError);
});
