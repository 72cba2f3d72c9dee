/**
 * The figures as a table of Markdown, which is readable as it is.
 *
 * @module
 */
import { ratio, type Row, summarize } from "./metrics.ts";

/** Three digits that count, or all before the point. */
export function formatFigure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/**
 * A line for each row, a column for each backend: median, least and most, and behind them what
 * the first backend's figure is of theirs, as the median of the quotients of each run.
 */
export function formatTable(rows: readonly Row[], backends: readonly string[]): string {
  const [first = "", ...others] = backends;
  const header = ["", "unit", ...backends, ...others.map((other) => `${first} / ${other}`)];
  const lines = rows.map((row) => [
    row.metric.label,
    row.metric.unit,
    ...backends.map((name) => formatCell(row.values[name] ?? [])),
    ...others.map((other) => ratio(row, first, other)?.toFixed(2) ?? "-"),
  ]);
  return layOut([header, ...lines], 2);
}

function formatCell(values: readonly (number | undefined)[]): string {
  const summary = summarize(values);
  if (!summary) return "-";
  const { median, least, most } = summary;
  const spread = least === most ? "" : ` (${formatFigure(least)} to ${formatFigure(most)})`;
  return formatFigure(median) + spread;
}

/** Pads the cells; all columns but the first `left` are for numbers. */
function layOut(lines: readonly (readonly string[])[], left: number): string {
  const columns = lines[0]?.length ?? 0;
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number) => {
    const width = widths[column] ?? 0;
    return column < left ? cell.padEnd(width) : cell.padStart(width);
  };
  const rule = widths.map((width, column) =>
    column < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  const [header = [], ...rest] = lines;
  return [header.map(pad), rule, ...rest.map((line) => line.map(pad))]
    .map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
