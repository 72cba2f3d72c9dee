/**
 * Runs cases, and says how far it has come.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { kindOf, KINDS, runCase } from "./cases.ts";

/** Which cases to run: those from `first` to before `end`, as many as `seconds` allow. */
export interface Task {
  readonly seed: number;
  readonly first: number;
  readonly end: number;
  readonly seconds: number;
}

/** How far it has come; `cases` and `packets` by kind. */
export interface Progress {
  readonly next: number;
  readonly cases: readonly number[];
  readonly packets: readonly number[];
  readonly failed: number;
  readonly isOver: boolean;
}

/** Between two messages, in milliseconds. */
const INTERVAL = 500;
/** Failures after which one has seen enough. */
const MOST_FAILED = 20;

/** Runs `task`, and calls `tell` now and then. */
function runTask(task: Task, tell: (progress: Progress) => void): void {
  const { seed, first, end, seconds } = task;
  const cases = KINDS.map(() => 0);
  const packets = KINDS.map(() => 0);
  const startedAt = performance.now();
  let failed = 0;
  let toldAt = startedAt;
  let next = first;
  while (next < end && failed < MOST_FAILED) {
    const now = performance.now();
    if (now - startedAt > seconds * 1000) break;
    if (now - toldAt > INTERVAL) {
      toldAt = now;
      tell({ next, cases, packets, failed, isOver: false });
    }
    const kind = KINDS.indexOf(kindOf(next));
    cases[kind]!++;
    try {
      packets[kind]! += runCase(seed, next);
    } catch (error) {
      failed++;
      // deno-lint-ignore no-console -- a tool talks to the terminal
      console.error(error);
    }
    next++;
  }
  tell({ next, cases, packets, failed, isOver: true });
}

const task: Task = workerData;
runTask(task, (progress) => parentPort?.postMessage(progress));
