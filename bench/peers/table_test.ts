import { assertEquals } from "@std/assert";
import { formatFigure, formatTable } from "./table.ts";

Deno.test("Figures have three digits, or all before the point", () => {
  const figures = [0.01234, 1.5, 99.94, 99.96, 12345.6];
  assertEquals(figures.map(formatFigure), ["0.0123", "1.50", "99.9", "100", "12346"]);
});

Deno.test("A table has a line for each metric, and ratios to the first backend", () => {
  const metric = { id: "rate", label: "rate", unit: "1/s" };
  const values = { ours: [20, 40], theirs: [10, 10], absent: [] };
  assertEquals(
    formatTable([{ metric, values }], ["ours", "theirs", "absent"]),
    `\
|      | unit |                ours | theirs | absent | ours / theirs | ours / absent |
| ---- | ---- | ------------------: | -----: | -----: | ------------: | ------------: |
| rate | 1/s  | 30.0 (20.0 to 40.0) |   10.0 |      - |          3.00 |             - |
`,
  );
});
