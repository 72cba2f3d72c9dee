import { assertEquals } from "@std/assert";
import { PingSocket } from "../../lib/ffi/ping_socket.ts";
import { SystemError } from "../../lib/ffi/system_error.ts";
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
