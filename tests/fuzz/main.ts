/**
 * Looks for trouble for as long as one likes.
 *
 *     deno task fuzz --seconds 600 --seed 7
 *     deno task fuzz --seed 7 --case 4711
 *
 * The cases run in a worker, so that one that does not end is found out, too.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { KINDS } from "./cases.ts";
import type { Progress, Task } from "./worker.ts";

/** Between two reports, in milliseconds. */
const REPORT_INTERVAL = 10_000;
/** A case that takes longer does not end. */
const LONGEST_CASE = 60_000;

function report(seed: number, { cases, packets, failed }: Progress): void {
  const kinds = KINDS.map(({ name }, i) => `${name} ${cases[i]} (${packets[i]} packets)`);
  // deno-lint-ignore no-console -- a tool talks to the terminal
  console.log(`seed ${seed}: ${kinds.join(", ")}; ${failed} failed`);
}

/** Runs `task`; returns whether all cases have passed. */
async function fuzz(task: Task): Promise<boolean> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: task });
  const { promise, resolve, reject } = Promise.withResolvers<Progress>();
  let progress: Progress = { next: task.first, cases: [], packets: [], failed: 0, isOver: false };
  let heardAt = performance.now();
  let reportedAt = heardAt;
  worker.on("message", (data: Progress) => {
    progress = data;
    heardAt = performance.now();
    if (progress.isOver) return resolve(progress);
    if (heardAt - reportedAt < REPORT_INTERVAL) return;
    reportedAt = heardAt;
    report(task.seed, progress);
  });
  worker.on("error", reject);
  const watchdog = setInterval(() => {
    if (performance.now() - heardAt < LONGEST_CASE) return;
    reject(new Error(`a case of seed ${task.seed} from ${progress.next} on does not end`));
  }, 1000);
  try {
    report(task.seed, await promise);
    return progress.failed === 0;
  } finally {
    clearInterval(watchdog);
    await worker.terminate();
  }
}

function numberOf(flag: string): number | undefined {
  const at = Deno.args.indexOf(`--${flag}`);
  if (at < 0) return undefined;
  const value = Number(Deno.args[at + 1]);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot take "${Deno.args[at + 1]}" for --${flag}: it must be a number`);
  }
  return value;
}

if (import.meta.main) {
  const only = numberOf("case");
  const seed = numberOf("seed") ?? 1;
  const seconds = numberOf("seconds") ?? 60;
  const allPassed = await fuzz(
    only === undefined
      ? { seed, first: 0, end: Infinity, seconds }
      : { seed, first: only, end: only + 1, seconds: Infinity },
  );
  Deno.exitCode = allPassed ? 0 : 1;
}
