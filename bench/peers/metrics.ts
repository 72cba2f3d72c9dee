/**
 * The figures of the benchmark: what they are called, and what has been measured of each.
 *
 * @module
 */

/** What a figure is. */
export interface Metric {
  /** A short name without spaces, such as `bulk/up/1/65520/4`. */
  readonly id: string;
  /** What it is called in tables. */
  readonly label: string;
  readonly unit: string;
}

/** Something measured of one backend in one run. */
export interface Sample {
  readonly metric: Metric;
  readonly backend: string;
  /** Runs count from 0. */
  readonly run: number;
  readonly value: number;
}

/** A metric with all that has been measured of it. */
export interface Row {
  readonly metric: Metric;
  /** Values by backend and run; undefined where nothing could be measured. */
  readonly values: Readonly<Record<string, readonly (number | undefined)[]>>;
}

/** Sorts samples into rows, in the order in which their metrics first came. */
export function rowsOf(samples: readonly Sample[]): Row[] {
  const rows = new Map<
    string,
    { metric: Metric; values: Record<string, (number | undefined)[]> }
  >();
  for (const { metric, backend, run, value } of samples) {
    const row = rows.get(metric.id) ?? { metric, values: {} };
    rows.set(metric.id, row);
    (row.values[backend] ??= [])[run] = value;
  }
  return [...rows.values()];
}

/** What several values come to. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Median and spread of the values that are there; undefined if none is. */
export function summarize(values: readonly (number | undefined)[]): Summary | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) return undefined;
  const below = sorted[(sorted.length - 1) >> 1] ?? least;
  const above = sorted[sorted.length >> 1] ?? most;
  return { median: (below + above) / 2, least, most };
}

/** The median of `one`'s values divided by `other`'s of the same run. */
export function ratio(row: Row, one: string, other: string): number | undefined {
  const others = row.values[other] ?? [];
  const quotients = (row.values[one] ?? []).map((value, run) => {
    const divisor = others[run];
    return value === undefined || !divisor ? undefined : value / divisor;
  });
  return summarize(quotients)?.median;
}
