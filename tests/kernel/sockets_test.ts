import { assertEquals, assertRejects } from "@std/assert";
import { resetConnection } from "../../lib/ffi/sockets.ts";
import { within } from "./harness.ts";

/** Both ends of a TCP connection on the loopback interface. */
interface Pair {
  readonly ours: Deno.TcpConn;
  readonly theirs: Deno.TcpConn;
}

async function connectPair(listener: Deno.TcpListener): Promise<Pair> {
  const { hostname, port } = listener.addr;
  const [ours, theirs] = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
  return { ours, theirs };
}

async function reset({ ours, theirs }: Pair): Promise<void> {
  assertEquals(resetConnection(ours.localAddr, ours.remoteAddr), true);
  ours.close();
  await assertRejects(() => theirs.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  theirs.close();
}

for (const hostname of ["127.0.0.1", "::1"]) {
  const skipped = canListen(hostname) ? "" : ` (skipped: no ${hostname} here)`;
  Deno.test({
    name: `Resetting a connection from ${hostname} resets it for its peer${skipped}`,
    ignore: skipped !== "",
    fn: () =>
      within(
        10_000,
        (async () => {
          using listener = Deno.listen({ hostname, port: 0 });
          await reset(await connectPair(listener));
        })(),
      ),
  });
}

function canListen(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test("Resetting a connection resets no other, after many have come and gone", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let pairs: Pair[] = [];
  for (let round = 0; round < 4; round++) {
    while (pairs.length < 60) pairs.push(await connectPair(listener));
    // Some are reset and some end in an orderly way, so that their descriptors are given out again.
    for (const [index, pair] of pairs.entries()) {
      if (index % 3 === 0) await reset(pair);
      if (index % 3 === 1) {
        pair.ours.close();
        assertEquals(await pair.theirs.read(new Uint8Array(1)), null);
        pair.theirs.close();
      }
    }
    pairs = pairs.filter((_, index) => index % 3 === 2);
    for (const { ours, theirs } of pairs) {
      await ours.write(new Uint8Array([round]));
      const bytes = new Uint8Array(1);
      await theirs.read(bytes);
      assertEquals(bytes[0], round);
    }
  }
  for (const { ours, theirs } of pairs) {
    ours.close();
    theirs.close();
  }
});

Deno.test("Resetting one end of a connection within this process resets that end", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { ours, theirs } = await connectPair(listener);
  assertEquals(resetConnection(theirs.localAddr, theirs.remoteAddr), true);
  await assertRejects(() => ours.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
  ours.close();
  theirs.close();
});

Deno.test("Resetting a connection that is not ours does nothing", () => {
  const address = { transport: "tcp", hostname: "192.0.2.1", port: 9 } as const;
  assertEquals(resetConnection(address, { ...address, port: 10 }), false);
  assertEquals(resetConnection({ ...address, hostname: "no address" }, address), false);
});
