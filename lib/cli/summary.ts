/**
 * The table of flows at the end.
 *
 * @module
 */
import { format as formatBytes } from "@std/fmt/bytes";
import type { NameCounts } from "../dns/name_service.ts";
import type { GuestResult } from "../namespace/run_guest.ts";
import type { TargetRow } from "../observe/flow_log.ts";

const HEADINGS = ["TARGET", "FLOWS", "UP", "DOWN", "ENDED"];

const NAME_WORDS: Readonly<Record<keyof NameCounts, string>> = {
  answered: "answered",
  failed: "without an answer",
  tooMany: "refused, too many at a time",
  malformed: "malformed",
  repeated: "repeated",
};

/** The flows of a guest and what was dropped, as lines. */
export function summarize(rows: readonly TargetRow[], result: GuestResult): string[] {
  const cells = [HEADINGS, ...rows.map(rowCells)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0))
  );
  const table = rows.length > 0 ? cells.map((row) => layOut(row, widths)) : ["no flows"];
  const drops = Object.entries(result.drops).map(([reason, count]) => `${reason} ${count}`);
  const counts = [`${result.received} packets from the guest, ${result.transmitted} to it`];
  if (drops.length > 0) counts.push(`dropped: ${drops.join(", ")}`);
  const names = Object.entries(result.names ?? {}).filter(([, count]) => count > 0);
  if (names.length > 0) {
    const words = names.map(([what, count]) => `${count} ${NAME_WORDS[what as keyof NameCounts]}`);
    counts.push(`names: ${words.join(", ")}`);
  }
  return [...table, ...counts];
}

function rowCells({ target, flows, up, down, ends, open }: TargetRow): string[] {
  const ended = [...ends].map(([end, count]) => `${end} ${count}`);
  if (open > 0) ended.push(`open ${open}`);
  return [target, String(flows), formatBytes(up), formatBytes(down), ended.join(", ")];
}

/** The first and the last column to the left, numbers to the right. */
function layOut(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1;
  return cells.map((cell, column) => {
    if (column === last) return cell;
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  }).join("  ");
}
