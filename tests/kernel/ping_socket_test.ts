import { assertEquals } from "@std/assert";
import { PingSocket } from "../../lib/ffi/ping_socket.ts";
import { Poller } from "../../lib/ffi/poller.ts";
import { SystemError } from "../../lib/ffi/system_error.ts";
import { PolledPings } from "../../lib/forward/polled_pings.ts";
import { formatAddress, parseAddress } from "../../lib/text/address.ts";

const IDENTIFIER = 0x4867;
const MAX_WAIT = 5000;

for (const [version, address] of [[4, "127.0.0.1"], [6, "::1"]] as const) {
  const lacking = whyNot(version, address);
  const skipped = lacking === undefined ? "" : ` (skipped: ${lacking})`;
  const socketTest = (name: string, fn: (socket: PingSocket) => Promise<void>) =>
    Deno.test({
      name: `${name}, IPv${version}${skipped}`,
      ignore: lacking !== undefined,
      fn: async () => {
        const socket = PingSocket.open(version, IDENTIFIER);
        await fn(socket).finally(() => socket.close());
      },
    });

  socketTest("A ping socket tells whose reply to which request has come (M-02)", async (socket) => {
    for (const [sequence, size] of [[0, 0], [1, 1], [0xffff, 56], [2, 8000]] as const) {
      assertEquals(socket.send(parseAddress(address), 64, sequence, new Uint8Array(size)), 0);
      assertEquals(await socket.wait(MAX_WAIT), true);
      const reply = socket.receive();
      assertEquals(reply?.sequence, sequence);
      assertEquals(reply?.from && formatAddress(reply.from), address);
      assertEquals(socket.receive(), undefined);
    }
    assertEquals(socket.receiveFailure(), undefined);
  });

  socketTest("Waiting for a ping socket ends when it is shut down", async (socket) => {
    const waiting = socket.wait(MAX_WAIT);
    socket.shutDown();
    assertEquals(await waiting, true);
  });

  Deno.test({
    name: `A polled ping socket tells its poller's looker what has come, IPv${version}${skipped}`,
    ignore: lacking !== undefined,
    fn: async () => {
      const poller = new Poller();
      const sequences: (number | undefined)[] = [];
      const heard = () => sequences.push(pings.receive()?.sequence);
      const pings = new PolledPings(PingSocket.open(version, IDENTIFIER), poller, heard);
      for (const sequence of [7, 8]) {
        assertEquals(pings.send(parseAddress(address), 64, sequence, new Uint8Array(8)), 0);
        assertEquals(poller.look(MAX_WAIT), true);
      }
      assertEquals([sequences, pings.receive()], [[7, 8], undefined]);
      await pings.wait(1); // for nothing but the time
      const waiting = pings.wait(3_600_000);
      pings.shutDown();
      await waiting;
      await pings.wait(3_600_000);
      pings.close();
      assertEquals(poller.look(0), false);
      poller.close();
    },
  });
}

/** Why there is no ping socket that reaches `address`, if so. */
function whyNot(version: 4 | 6, address: string): string | undefined {
  try {
    const socket = PingSocket.open(version, IDENTIFIER);
    const result = socket.send(parseAddress(address), 64, 0, new Uint8Array(0));
    socket.close();
    return result === 0 ? undefined : `no ${address} here`;
  } catch (error) {
    if (error instanceof SystemError) return error.message;
    throw error;
  }
}
