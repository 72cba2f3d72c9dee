// deno-lint-ignore-file no-console -- a demo talks to the terminal
/**
 * Reads everything, with a progress bar on a terminal, and checks the hash.
 *
 * @module
 */
import { createHash } from "node:crypto";

const WIDTH = 40;
const REDRAW = 100; // milliseconds

/**
 * Reads until the end.
 *
 * @returns Whether what came has this size and this SHA-256.
 */
export async function receive(
  read: (into: Uint8Array<ArrayBuffer>) => Promise<number | null>,
  size: number,
  sha256: string,
): Promise<boolean> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(262_144);
  const startedAt = performance.now();
  let drawnAt = startedAt;
  let received = 0;
  for (let count = await read(buffer); count !== null; count = await read(buffer)) {
    hash.update(buffer.subarray(0, count));
    received += count;
    const now = performance.now();
    if (now - drawnAt < REDRAW && received < size) continue;
    drawnAt = now;
    draw(received, size, rate(received, now - startedAt));
  }
  const elapsed = performance.now() - startedAt;
  const isIntact = received === size && hash.digest("hex") === sha256;
  console.log(
    `demo: ${received} bytes in ${(elapsed / 1000).toFixed(2)} s: ${rate(received, elapsed)}; ` +
      `SHA-256 ${isIntact ? "agrees" : "DIFFERS"}`,
  );
  return isIntact;
}

function rate(bytes: number, elapsed: number): string {
  return `${(bytes * 8 / 1e6 / elapsed).toFixed(2)} Gbit/s`;
}

function draw(received: number, size: number, speed: string): void {
  if (!Deno.stderr.isTerminal()) return;
  const done = Math.round(received / size * WIDTH);
  const bar = "=".repeat(done).padEnd(WIDTH);
  const end = received < size ? "" : "\n";
  Deno.stderr.writeSync(new TextEncoder().encode(`\r[${bar}] ${speed} ${end}`));
}
