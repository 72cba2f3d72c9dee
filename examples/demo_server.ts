/**
 * The demo's server: sends the same bytes to everybody who connects.
 *
 * @module
 */
import { createHash } from "node:crypto";

const BLOCK = 1024 * 1024;

/** Block `index` of what is sent: random bytes that begin with the index. */
function fillBlock(block: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
  new DataView(block.buffer).setUint32(0, index);
  return block;
}

async function send(connection: Deno.TcpConn, block: Uint8Array<ArrayBuffer>, count: number) {
  const writer = connection.writable.getWriter();
  for (let index = 0; index < count; index++) await writer.write(fillBlock(block, index));
  await writer.close();
}

/** Listens on the loopback; tells who asked where, and what will be sent. */
async function serve(size: number): Promise<void> {
  const count = size / BLOCK;
  const block = new Uint8Array(BLOCK);
  for (let at = 0; at < BLOCK; at += 65_536) {
    crypto.getRandomValues(block.subarray(at, at + 65_536));
  }
  const hash = createHash("sha256");
  for (let index = 0; index < count; index++) hash.update(fillBlock(block, index));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  self.postMessage({ port: listener.addr.port, sha256: hash.digest("hex") });
  for await (const connection of listener) await send(connection, block, count).catch(() => {});
}

interface WorkerScope {
  onmessage: ((event: MessageEvent<number>) => void) | null;
  postMessage(message: unknown): void;
}
declare const self: WorkerScope;

self.onmessage = ({ data }) => serve(data);
