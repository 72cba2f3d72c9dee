/**
 * What each layer allocates: bytes of JavaScript's heap for each operation.
 *
 * Wants `--expose-gc`, and a young generation so large that nothing is collected meanwhile.
 *
 * @module
 */
import { OPERATIONS } from "./operations.ts";

/** So many that code is compiled, and so many that one allocation in a hundred is seen. */
const WARM_UP = 2000, REPEATS = 1000;

const { gc } = globalThis as { gc?: () => void };
if (!gc) throw new Error("Cannot count allocations without --v8-flags=--expose-gc");
for (const [name, run] of Object.entries(OPERATIONS)) {
  for (let at = 0; at < WARM_UP; at++) run();
  gc();
  const before = Deno.memoryUsage().heapUsed;
  for (let at = 0; at < REPEATS; at++) run();
  const bytes = (Deno.memoryUsage().heapUsed - before) / REPEATS;
  // deno-lint-ignore no-console -- this is what was asked for
  console.log(`${name.padEnd(56)} ${bytes.toFixed(1).padStart(10)} B`);
}
