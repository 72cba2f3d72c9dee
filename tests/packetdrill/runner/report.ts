/**
 * What a run says about a script.
 *
 * @module
 */

/** What became of a script. */
export type Verdict =
  | { readonly kind: "pass"; /** What was not looked at. */ readonly notes: readonly string[] }
  | { readonly kind: "skip"; readonly reason: string }
  | {
    readonly kind: "fail";
    readonly reason: string;
    /** Lines of explanation. */
    readonly details: readonly string[];
  };

/** How many scripts ended in which way. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** One line for the script at `path`, and more when it has failed. */
export function formatVerdict(path: string, verdict: Verdict): string {
  switch (verdict.kind) {
    case "pass":
      return [`PASS ${path}`, ...verdict.notes.map((note) => `    ${note}`)].join("\n");
    case "skip":
      return `SKIP ${path}: ${verdict.reason}`;
    case "fail":
      return [`FAIL ${path}: ${verdict.reason}`, ...verdict.details.map((line) => `    ${line}`)]
        .join("\n");
  }
}

/** The last line of a run. */
export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
