/**
 * Copying bytes.
 *
 * @module
 */

/** Up to so many bytes a loop is faster than a view, and leaves nothing to be collected. */
const LITTLE = 32;

/** Copies `source[start, end)` to `target` from `at` on. They must not overlap. */
export function copy(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > LITTLE) return target.set(source.subarray(start, end), at);
  for (let from = start; from < end; from++) target[at++] = source[from]!; // within its bounds
}
