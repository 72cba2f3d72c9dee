/**
 * Bars for figures, as SVG that needs nothing else and is readable on light and dark pages.
 *
 * @module
 */
import { type Row, summarize } from "./metrics.ts";
import { formatFigure } from "./table.ts";

/** A chart: a group of bars for each row, a bar for each backend. */
export interface Chart {
  readonly title: string;
  /** Its rows, with what they are called here. */
  readonly rows: readonly (readonly [label: string, row: Row])[];
  /** In the order of the bars. */
  readonly backends: readonly string[];
}

const COLORS = ["#d9480f", "#1c7ed6", "#2b8a3e", "#7048e8", "#868e96"];
const WIDTH = 760, LABELS = 190, FIGURES = 110, BAR = 14, GAP = 14, TOP = 62;

/** Draws a chart. Bars begin at zero; a thin line goes from the least to the most. */
export function drawChart({ title, rows, backends }: Chart): string {
  const shown = rows.map(([label, row]) => ({
    label,
    unit: row.metric.unit,
    bars: backends.flatMap((name, at) => {
      const summary = summarize(row.values[name] ?? []);
      return summary ? [{ name, color: COLORS[at % COLORS.length], ...summary }] : [];
    }),
  })).filter(({ bars }) => bars.length > 0);
  const longest = Math.max(...shown.flatMap(({ bars }) => bars.map(({ most }) => most)));
  const scale = (WIDTH - LABELS - FIGURES) / (longest || 1);
  const parts: string[] = [text(0, 20, title, 'font-size="16" font-weight="bold"')];
  backends.forEach((name, at) => {
    const x = LABELS + at * 105;
    parts.push(rectangle(x, 34, 10, 10, COLORS[at % COLORS.length] ?? ""), text(x + 15, 43, name));
  });
  let y = TOP;
  for (const { label, unit, bars } of shown) {
    const middle = y + bars.length * BAR / 2;
    parts.push(text(LABELS - 10, middle + 4, label, 'text-anchor="end"'));
    for (const { median, least, most, color } of bars) {
      const center = y + BAR / 2;
      const [left, right] = [LABELS + least * scale, LABELS + most * scale];
      parts.push(rectangle(LABELS, y + 1, median * scale, BAR - 2, color ?? ""));
      parts.push(
        `<line x1="${round(left)}" x2="${round(right)}" y1="${center}" y2="${center}" ` +
          `stroke="#495057" stroke-opacity="0.7"/>`,
      );
      parts.push(text(right + 6, y + BAR - 3, `${formatFigure(median)} ${unit}`));
      y += BAR;
    }
    y += GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" ` +
    `font-family="sans-serif" font-size="12" fill="#868e96">\n${parts.join("\n")}\n</svg>\n`;
}

function rectangle(x: number, y: number, width: number, height: number, color: string): string {
  return `<rect x="${x}" y="${y}" width="${round(width)}" height="${height}" fill="${color}"/>`;
}

function text(x: number, y: number, content: string, style = ""): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${round(x)}" y="${round(y)}"${style && ` ${style}`}>${escaped}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
