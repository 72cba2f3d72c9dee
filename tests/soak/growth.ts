/**
 * What should be the same whenever nothing is going on.
 *
 * @module
 */

/** What there is of everything that can leak. */
export interface Holdings {
  /** TCP connections and flows of datagrams. */
  readonly flows: number;
  /** Bytes in the buffers of connections. */
  readonly buffers: number;
  readonly descriptors: number;
  /** Bytes of JavaScript's heap, and of memory outside that it holds, after a collection. */
  readonly heap: number;
}

/** Code is compiled and tables grow for a while; a leak of each flow shows up far beyond this. */
const HEAP_TOLERANCE = 4 << 20;
/** Of so many samples at the beginning and at the end the least counts. */
const WINDOW = 3;

/** What has grown between the first samples and the last, a line each; the first is warm already. */
export function findGrowth(samples: readonly Holdings[]): string[] {
  const least = (part: readonly Holdings[], what: keyof Holdings) =>
    Math.min(...part.map((sample) => sample[what]));
  const tolerances = { flows: 0, buffers: 0, descriptors: 0, heap: HEAP_TOLERANCE };
  return (Object.keys(tolerances) as (keyof Holdings)[]).flatMap((what) => {
    const before = least(samples.slice(0, WINDOW), what);
    const after = least(samples.slice(-WINDOW), what);
    return after > before + tolerances[what] ? [`${what} grew from ${before} to ${after}`] : [];
  });
}
