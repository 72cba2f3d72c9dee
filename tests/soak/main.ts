/**
 * Random traffic of every kind through a real guest, for as long as one likes.
 *
 *     deno task soak --minutes 30 --seed 7
 *
 * The guest works in rounds. After each of them nothing should be left: flows,
 * buffers, descriptors, heap. Says what was wrong and what has grown; then the
 * exit code is 1.
 *
 * @module
 */
import { UpstreamResolver } from "../../lib/dns/upstream.ts";
import { AddressPolicy } from "../../lib/forward/policy.ts";
import { runGuest } from "../../lib/namespace/run_guest.ts";
import type { Stack } from "../../lib/stack/stack.ts";
import { parseAddress } from "../../lib/text/address.ts";
import { eventually } from "../interop/machine.ts";
import { findGrowth, type Holdings } from "./growth.ts";

const GATEWAYS = ["10.0.2.2", "fd00::2"], NAME_SERVERS = ["10.0.2.3", "fd00::3"];
const NETWORKS = [
  { address: "10.0.2.100", prefixLength: 24, gateway: "10.0.2.2" },
  { address: "fd00::100", prefixLength: 64, gateway: "fd00::2" },
];
const MTUS = [1500, 9000, 65_520];
/** How long flows are kept after their end, so that all are over soon after a round. */
const MEMORY_OF_FLOWS = 1000;
/** How long what is left of a round may take to go, in milliseconds. */
const SETTLING = 10_000;
/** Memory is looked at behind so many collections, so far apart in milliseconds. */
const COLLECTIONS = 4, BETWEEN_COLLECTIONS = 300;
/** The guest's connection to us, which stays. */
const CONTROL_FLOWS = 1;

/** What the guest has counted. */
type Counts = Readonly<Partial<Record<"flows" | "bytes" | "datagrams" | "lost" | "wrong", number>>>;

function say(line: string): void {
  // deno-lint-ignore no-console -- a tool talks to the terminal
  console.log(line);
}

function file(name: string): string {
  return new URL(`./${name}`, import.meta.url).pathname;
}

/** Soaks for so many minutes; returns what was wrong. */
async function soak(minutes: number, seed: number): Promise<string[]> {
  const servers = new Deno.Command("/usr/bin/python3", {
    args: [file("servers.py")],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { value = "" } = await reader(servers.stdout).read();
    const ports: Record<string, number> = JSON.parse(value);
    const mtu = MTUS[seed % MTUS.length] ?? 1500;
    const seen = new Soak(listener, performance.now() + minutes * 60_000);
    const arguments_ = [seed, JSON.stringify(ports), listener.addr.port].map(String);
    const [{ status }] = await Promise.all([
      runGuest({
        mayBlock: true, // as headgate run does
        guest: {
          command: ["/usr/bin/python3", file("guest.py"), ...arguments_],
          ...{ interfaceName: "tun0", mtu, offload: true, networks: NETWORKS },
        },
        forwarder: {
          policy: new AddressPolicy({
            networks: NETWORKS.map(({ gateway, prefixLength }) => (
              { gateway: parseAddress(gateway), prefixLength }
            )),
            hostLoopback: true,
          }),
        },
        names: {
          addresses: NAME_SERVERS.map(parseAddress),
          resolver: new UpstreamResolver(() => ({
            servers: [{ address: "127.0.0.1", port: ports["names"] ?? 0 }],
            ...{ timeout: 5000, attempts: 2, rotate: false, overTcp: false },
          })),
        },
        stack: {
          addresses: [...GATEWAYS, ...NAME_SERVERS].map(parseAddress),
          tcp: { timeWait: MEMORY_OF_FLOWS },
          udp: { idleTimeout: MEMORY_OF_FLOWS },
        },
        watch: (stack) => seen.stack = stack,
      }).finally(() => listener.close()),
      seen.follow(),
    ]);
    return [
      ...(status === 0 ? [] : [`the guest ended with status ${status}`]),
      ...(seen.wrong === 0 ? [] : [`${seen.wrong} flows were wrong: see above`]),
      ...(seen.samples.length === 0 ? ["no round came to its end"] : findGrowth(seen.samples)),
    ];
  } finally {
    servers.kill("SIGKILL");
    await servers.status;
  }
}

/** Hears from the guest after each round, and looks at what is left of it. */
class Soak {
  stack: Stack | undefined;
  wrong = 0;
  readonly samples: Holdings[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #end: number;

  constructor(listener: Deno.TcpListener, end: number) {
    this.#listener = listener;
    this.#end = end;
  }

  /** Resolves when the guest has ended. */
  async follow(): Promise<void> {
    const control = await this.#listener.accept().catch(() => undefined);
    if (!control) return; // the guest has ended before it came to that
    const words = control.writable.getWriter();
    const rounds = reader(control.readable);
    for (let round = await rounds.read(); !round.done; round = await rounds.read()) {
      const counts: Counts = JSON.parse(round.value);
      this.wrong += counts.wrong ?? 0;
      const holdings = await this.#settle();
      this.samples.push(holdings);
      say(
        `${Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(", ")}; ` +
          `left: ${Object.entries(holdings).map(([what, count]) => `${what} ${count}`).join(", ")}`,
      );
      const isOver = performance.now() > this.#end;
      await words.write(new TextEncoder().encode(isOver ? "off\n" : "on\n"));
    }
  }

  /** What there is once flows have ended, or after having waited long enough for that. */
  async #settle(): Promise<Holdings> {
    await eventually(() => {
      if (this.#flows() > CONTROL_FLOWS) throw new Error("flows are left");
    }, SETTLING).catch(() => {});
    // Idle rings are given back meanwhile, and what a collection has found is freed behind it.
    for (let collection = 0; collection < COLLECTIONS; collection++) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_COLLECTIONS));
      (globalThis as { gc?: () => void }).gc?.();
    }
    const { heapUsed, external } = Deno.memoryUsage();
    return {
      flows: this.#flows(),
      buffers: this.stack?.memory.used ?? 0,
      descriptors: [...Deno.readDirSync("/proc/self/fd")].length,
      heap: heapUsed + external,
    };
  }

  #flows(): number {
    return (this.stack?.flowCount ?? 0) + (this.stack?.datagramFlowCount ?? 0);
  }
}

/** Reads lines. */
function reader(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  let rest = "";
  return stream.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, string>({
      transform(text, lines) {
        const parts = (rest + text).split("\n");
        rest = parts.pop() ?? "";
        for (const part of parts) lines.enqueue(part);
      },
    }),
  ).getReader();
}

function numberOf(flag: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${flag}`);
  const value = at < 0 ? fallback : Number(Deno.args[at + 1]);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`Cannot take "${Deno.args[at + 1]}" for --${flag}: it must be a number`);
}

if (import.meta.main) {
  const seed = Math.floor(numberOf("seed", 1));
  const faults = await soak(numberOf("minutes", 1), seed);
  say(faults.length === 0 ? `seed ${seed}: 0 wrong, nothing grew` : faults.join("\n"));
  Deno.exit(faults.length === 0 ? 0 : 1);
}
