/**
 * Each layer alone, for everyday work: `deno task bench`.
 *
 * @module
 */
import { OPERATIONS } from "./operations.ts";

for (const [name, run] of Object.entries(OPERATIONS)) Deno.bench(name, run);
