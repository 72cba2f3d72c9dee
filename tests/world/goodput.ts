/**
 * How fast data moves when the link is bad, as a table of numbers.
 *
 *     deno run -A tests/world/goodput.ts --update
 *
 * @module
 */
import type { Millis } from "../../lib/base/clock.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import { World } from "../harness/world.ts";

/** Bytes that are sent in each transfer. */
const TOTAL = 1_000_000;
/** Transfers for each number: which packets get lost must not matter too much. */
const SEEDS = [1, 2, 3];
/** 1 Gbit/s, in bytes per millisecond: without a limit virtual time would stand still. */
const RATE = 125_000;
const LOSSES = [0, 0.001, 0.01, 0.05, 0.1];
const DELAYS: readonly Millis[] = [0, 10, 100];
const BUFFERS = [65_536, 2 ** 20];

/** Ways to run the same transfer. */
const VARIANTS = [
  { name: "MTU 1500", mtu: 1500, offload: false, tcp: {} },
  { name: "MTU 1500, offload", mtu: 1500, offload: true, tcp: {} },
  { name: "MTU 1500, no SACK", mtu: 1500, offload: false, tcp: { sack: false } },
  { name: "MTU 65520", mtu: 65_520, offload: false, tcp: {} },
] as const;

const FILE = new URL("../snapshots/goodput.txt", import.meta.url);

/** Bytes per millisecond, over all transfers. */
function measure(
  variant: typeof VARIANTS[number],
  loss: number,
  delay: Millis,
  buffer: number,
): number {
  const { mtu, offload } = variant;
  const buffers = { sendBuffer: buffer, receiveBuffer: buffer, initialReceiveBuffer: buffer };
  const tcp: TcpOptions = { ...variant.tcp, ...buffers };
  const faults = { loss, delay, rate: RATE };
  const client = { mtu, tcp, script: { total: TOTAL } };
  const server = { mtu, tcp, script: { total: 0 } };
  let elapsed = 0;
  for (const seed of SEEDS) {
    const world = new World({ seed, client, server, offload, up: faults, down: faults });
    elapsed += world.run().lastRead;
  }
  return SEEDS.length * TOTAL / elapsed;
}

/** The table. */
export function goodputTable(): string {
  const lines = [
    `Goodput of ${TOTAL / 1e6} MB in kB/s, over a link of ${RATE} kB/s with these losses each way.`,
    'Update with "deno run -A tests/world/goodput.ts --update".',
  ];
  for (const variant of VARIANTS) {
    lines.push("", variant.name, row("delay", "buffer", LOSSES.map((loss) => `${loss * 100} %`)));
    for (const delay of DELAYS) {
      for (const buffer of BUFFERS) {
        const cells = LOSSES.map((loss) => measure(variant, loss, delay, buffer).toFixed(0));
        lines.push(row(`${delay} ms`, `${buffer / 1024} KB`, cells));
      }
    }
  }
  return lines.join("\n") + "\n";
}

function row(delay: string, buffer: string, cells: readonly string[]): string {
  return delay.padStart(7) + buffer.padStart(9) + cells.map((cell) => cell.padStart(9)).join("");
}

/** The table as it was when it was last updated. */
export function recordedTable(): string {
  return Deno.readTextFileSync(FILE);
}

if (import.meta.main) {
  const table = goodputTable();
  if (Deno.args.includes("--update")) Deno.writeTextFileSync(FILE, table);
  // deno-lint-ignore no-console -- a tool talks to the terminal
  else console.log(table);
}
