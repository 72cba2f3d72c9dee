/**
 * Two stacks alone, joined in memory: what can be done with them, and what is measured.
 *
 * @module
 */
import { type Metric, summarize } from "../metrics.ts";

/** What an operation returns: nothing, or a promise if the stack works in promises. */
export type Done = void | Promise<void>;

/** Two stacks with a connection between them that is kept. */
export interface JoinedStacks {
  /** Sends `data` over the connection that is kept, and reads as much into `into`. */
  pass(data: Uint8Array<ArrayBuffer>, into: Uint8Array<ArrayBuffer>): Done;
  /** Sends a byte over the connection that is kept, and another one back. */
  ask(): Done;
  /** Opens a connection, sends a byte, and ends it from both sides. */
  connect(): Done;
}

/** Packets of 1500 bytes, or the largest that a stack can have. */
export type PacketSize = "1500" | "largest";

/** Joins two stacks by a link. */
export type Join = (size: PacketSize) => JoinedStacks | Promise<JoinedStacks>;

/** Something to be measured of stacks. */
export interface StackMeasure {
  readonly metric: Metric;
  /** Measures for so many milliseconds. */
  run(join: Join, milliseconds: number): Promise<number>;
}

/** Bytes that are sent at once as bulk data. */
const BLOCK = 262_144;

/** All that is measured. */
export const STACK_MEASURES: readonly StackMeasure[] = [
  bulk("1500", "MTU 1500"),
  bulk("largest", "its largest packets"),
  {
    metric: {
      id: "memory-stack/ping/p50",
      label: "over memory: request and answer, 1 byte, p50",
      unit: "us",
    },
    async run(join, milliseconds) {
      const stacks = await join("1500");
      const times = await repeat(() => stacks.ask(), milliseconds);
      return 1000 * (summarize(times)?.median ?? NaN);
    },
  },
  {
    metric: {
      id: "memory-stack/connections",
      label: "over memory: connections, one after the other",
      unit: "1/s",
    },
    async run(join, milliseconds) {
      const stacks = await join("1500");
      const times = await repeat(() => stacks.connect(), milliseconds);
      return 1000 * times.length / total(times);
    },
  },
];

function bulk(size: PacketSize, packets: string): StackMeasure {
  return {
    metric: {
      id: `memory-stack/bulk/${size}`,
      label: `over memory: bulk, ${packets}`,
      unit: "Gbit/s",
    },
    async run(join, milliseconds) {
      const stacks = await join(size);
      // 251 is prime: no two segments are alike.
      const data = Uint8Array.from({ length: BLOCK }, (_, at) => at % 251);
      const into = new Uint8Array(BLOCK);
      const times = await repeat(() => stacks.pass(data, into), milliseconds);
      if (into.some((byte, at) => byte !== data[at])) throw new Error("what arrives is different");
      return times.length * BLOCK * 8 / 1e6 / total(times);
    },
  };
}

/**
 * Does something again and again; returns how long each took, in milliseconds. As long as it
 * measures it does so before, while code is compiled.
 */
async function repeat(operation: () => Done, milliseconds: number): Promise<number[]> {
  const start = performance.now() + milliseconds;
  const end = start + milliseconds;
  const times: number[] = [];
  for (let before = performance.now(); before < end || times.length === 0;) {
    const done = operation();
    if (done) await done; // a stack that needs no promises does not pay for one
    const after = performance.now();
    if (before >= start) times.push(after - before);
    before = after;
  }
  return times;
}

function total(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0);
}
