/**
 * The charts that the documentation shows, and the figures in its page.
 *
 * @module
 */
import { type Chart, drawChart } from "./chart.ts";
import type { Row } from "./metrics.ts";

/** Charts by the names of their files: a title, and rows by what they are called there. */
const CHARTS: Readonly<Record<string, readonly [string, Readonly<Record<string, string>>]>> = {
  "bulk": ["Bulk data, one stream, IPv4: more is better", {
    "bulk/up/1/65520/4": "up, MTU 65520",
    "bulk/down/1/65520/4": "down, MTU 65520",
    "bulk/up/1/16384/4": "up, MTU 16384",
    "bulk/down/1/16384/4": "down, MTU 16384",
    "bulk/up/1/1500/4": "up, MTU 1500",
    "bulk/down/1/1500/4": "down, MTU 1500",
  }],
  "latency": ["Request and answer of one byte, median: less is better", {
    "ping/nothing/p50": "alone",
    "ping/up/p50": "beside bulk up",
    "ping/down/p50": "beside bulk down",
  }],
  "connections": ["Connections: more is better", {
    "connections/1": "one after the other",
    "connections/32": "32 at once",
  }],
  "cpu": ["CPU time for bulk data, one stream, IPv4: less is better", {
    "cpu/up/1/65520/4": "up, MTU 65520",
    "cpu/down/1/65520/4": "down, MTU 65520",
    "cpu/up/1/1500/4": "up, MTU 1500",
    "cpu/down/1/1500/4": "down, MTU 1500",
  }],
  "memory": ["Memory: less is better", {
    "memory/0": "no connections",
    "memory/1000": "1,000 idle connections",
    "memory/10000": "10,000 idle connections",
  }],
};

/** The charts that can be drawn of these rows: contents by the names of their files. */
export function drawCharts(
  rows: readonly Row[],
  backends: readonly string[],
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [name, [title, labels]] of Object.entries(CHARTS)) {
    const chart: Chart = {
      title,
      rows: rows.flatMap((row) => {
        const label = labels[row.metric.id];
        return label === undefined ? [] : [[label, row] as const];
      }),
      backends,
    };
    if (chart.rows.length > 0) files.set(`performance-${name}.svg`, drawChart(chart));
  }
  return files;
}

const BEGIN = "<!-- figures: deno task bench:peers -->\n";
const END = "<!-- end of figures -->\n";

/**
 * `page` with `figures` between its marks.
 *
 * @throws {SyntaxError} If it has none.
 */
export function replaceFigures(page: string, figures: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new SyntaxError("Cannot show figures: the page has no marks");
  return `${page.slice(0, begin)}${BEGIN}\n${figures}\n${page.slice(end)}`;
}
