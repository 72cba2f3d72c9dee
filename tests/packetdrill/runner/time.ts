/**
 * When the events of a script are to happen.
 *
 *     time  := '*' | ['+'] seconds ['~' ['+'] seconds]
 *
 * Whole microseconds, since sums of decimal fractions would not meet.
 *
 * @module
 */
import type { Scanner } from "../../harness/scanner.ts";

/** Microseconds. */
export type Micros = number;

/** When something may happen. */
export interface EventTime {
  /** Whether `from` and `to` count from the event before, or else from the start. */
  readonly isRelative: boolean;
  readonly from: Micros;
  /** Greater than `from` when the script gives a range, and endless for `*`. */
  readonly to: Micros;
}

// The digits before "..." end before its first dot.
const SECONDS = /\d+(?:\.(?!\.)\d*)?|\.\d+/y;

/** Reads the time of an event. */
export function parseTime(scanner: Scanner): EventTime {
  if (scanner.accept(/\*/y)) return { isRelative: true, from: 0, to: Infinity };
  const isRelative = scanner.accept(/\+/y) !== undefined;
  const from = parseSeconds(scanner);
  if (!scanner.accept(/~/y)) return { isRelative, from, to: from };
  scanner.accept(/\+/y);
  return { isRelative, from, to: parseSeconds(scanner) };
}

/** Reads a number of seconds. */
export function parseSeconds(scanner: Scanner): Micros {
  return Math.round(Number(scanner.expect(SECONDS, "a time")[0]) * 1e6);
}

/** `time` in seconds, as in a script. */
export function formatTime(time: Micros): string {
  return (time / 1e6).toFixed(6);
}
