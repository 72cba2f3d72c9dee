/**
 * How Deno runs headgate for its users.
 *
 * @module
 */

/**
 * What is between Deno's name and that of headgate's file, as in `./headgate`. Of two halves of its
 * young generation V8 makes each 32 MiB when much comes at once, be it connections or a flood; with
 * 4 MiB 10,000 idle connections take 40 MB less, and nothing is slower.
 */
export const DENO_RUN: readonly string[] = [
  ...["run", "--quiet", "--allow-all", "--v8-flags=--max-semi-space-size=4"],
];
