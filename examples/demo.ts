// deno-lint-ignore-file no-console -- a demo talks to the terminal
/**
 * The main job, shown: a guest in a network of its own fetches 256 MiB from a
 * server on the host's loopback, through the TypeScript stack.
 *
 *     guest: deno -> kernel TCP -> TUN -> headgate -> Deno.connect -> server
 *
 * Where there is no TUN device, or no right to make one, the same transfer goes
 * between two stacks in memory instead.
 *
 * @module
 */
import { summarize } from "../lib/cli/summary.ts";
import {
  AddressPolicy,
  FlowLog,
  type GuestResult,
  parseAddress,
  runGuest,
  SetupError,
} from "../mod.ts";
import { fetchInMemory } from "./demo_memory.ts";

const GATEWAY = "10.0.2.2";
const NETWORK = { address: "10.0.2.100", gateway: GATEWAY, prefixLength: 24 };
const SIZE = 256 * 1024 * 1024;

/** The server on the host, on a thread of its own. */
async function startServer(): Promise<{ port: number; sha256: string; worker: Worker }> {
  const worker = new Worker(new URL("./demo_server.ts", import.meta.url), { type: "module" });
  worker.postMessage(SIZE);
  const { data } = await new Promise<MessageEvent>((resolve) => worker.onmessage = resolve);
  return { ...data, worker };
}

const { port, sha256, worker } = await startServer();
const log = new FlowLog();
const gateway = parseAddress(GATEWAY);
const forwarder = {
  policy: new AddressPolicy({
    networks: [{ gateway, prefixLength: NETWORK.prefixLength }],
    hostLoopback: true,
  }),
  observer: log,
};

/** @returns What became of the guest: of the real one, or of the one in memory. */
async function transfer(): Promise<GuestResult> {
  const client = new URL("./demo_client.ts", import.meta.url).pathname;
  const words = [GATEWAY, String(port), String(SIZE), sha256];
  try {
    return await runGuest({
      guest: {
        command: [Deno.execPath(), "run", "--quiet", "--no-config", "-A", client, ...words],
        interfaceName: "tun0",
        mtu: 65520,
        offload: true,
        networks: [NETWORK],
      },
      forwarder,
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`demo: ${error.message}`);
    console.error("demo: so the same transfer goes between two stacks in memory, without a kernel");
    return await fetchInMemory({
      guest: NETWORK.address,
      gateway,
      port,
      forwarder,
      size: SIZE,
      sha256,
    });
  }
}

console.log(`demo: a guest fetches ${SIZE / 2 ** 20} MiB from 127.0.0.1:${port} of the host`);
const result = await transfer();
for (const line of summarize(log.rows, result)) console.log(line);
worker.terminate();
console.log(result.status === 0 ? "demo: ok" : "demo: FAILED");
Deno.exitCode = result.status;
