import { assertEquals } from "@std/assert";
import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, Poller } from "../../lib/ffi/poller.ts";
import { Errno } from "../../lib/ffi/system_error.ts";
import { NOT_NOW, TcpSocket } from "../../lib/ffi/tcp_socket.ts";
import { parseAddress } from "../../lib/text/address.ts";
import { SocketTarget } from "../harness/socket_target.ts";
import { bytes } from "../udp/peer.ts";

/** A connection to a target, which is waited for by nobody. */
async function connected(address = "127.0.0.1") {
  const target = new SocketTarget({ address });
  const socket = TcpSocket.open(target.address, target.port);
  const error = await connect(socket);
  assertEquals(error, 0);
  await target.until(() => target.accepted === 1);
  let isOpen = true;
  return {
    target,
    socket,
    /** Ends the socket before the block does. */
    ended: () => isOpen = false,
    [Symbol.asyncDispose]: async () => {
      if (isOpen) socket.close();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** Connects, and waits for what becomes of it. */
async function connect(socket: TcpSocket): Promise<number> {
  const error = socket.connect();
  if (error !== Errno.EINPROGRESS) return error;
  const poller = new Poller();
  let events = 0;
  poller.add(socket.descriptor, EPOLLOUT, { ready: (told) => events |= told });
  while (events === 0) await poller.wait();
  poller.close();
  return events & (EPOLLERR | EPOLLHUP) ? socket.connect() : 0;
}

/** Reads until there is something, the end, or an error. */
async function read(socket: TcpSocket, into: Uint8Array): Promise<number> {
  const poller = new Poller();
  poller.add(socket.descriptor, EPOLLIN | EPOLLET, { ready: () => {} });
  try {
    for (;;) {
      const count = socket.read(into);
      if (count !== NOT_NOW) return count;
      await poller.wait();
    }
  } finally {
    poller.close();
  }
}

for (const address of ["127.0.0.1", "::1"]) {
  Deno.test(`a TCP socket connects to ${address}, and carries text both ways`, async () => {
    await using scene = await connected(address);
    const { target, socket } = scene;
    const into = new Uint8Array(100);
    assertEquals(socket.read(into), NOT_NOW);
    assertEquals(socket.write(bytes("question")), 8);
    await target.until(() => target.taken.length === 8);
    target.say(bytes("answer"));
    assertEquals(await read(socket, into), 6);
    assertEquals(new TextDecoder().decode(into.subarray(0, 6)), "answer");
  });

  Deno.test(`a TCP socket says that ${address} refuses`, async () => {
    const target = new SocketTarget({ address });
    await target[Symbol.asyncDispose]();
    const socket = TcpSocket.open(target.address, target.port);
    assertEquals(await connect(socket), Errno.ECONNREFUSED);
    socket.close();
  });
}

Deno.test("a TCP socket says at once what it cannot reach", () => {
  const socket = TcpSocket.open(parseAddress("255.255.255.255"), 80);
  assertEquals(socket.connect(), Errno.ENETUNREACH);
  socket.close();
});

Deno.test("a TCP socket reads no more than it is asked to, and into no more", async () => {
  await using scene = await connected();
  const { target, socket } = scene;
  target.say(bytes("abcdef"));
  const into = new Uint8Array(4);
  assertEquals(await read(socket, into.subarray(0, 2)), 2);
  assertEquals(socket.read(into, 1), 1);
  assertEquals(new TextDecoder().decode(into), "cb\0\0");
  assertEquals(socket.read(into), 3);
});

Deno.test("a TCP socket half-closes, and is half-closed (F-01, F-02)", async () => {
  await using scene = await connected();
  const { target, socket } = scene;
  const into = new Uint8Array(100);
  socket.write(bytes("last"));
  socket.closeWrite();
  await target.until(() => target.isInputClosed);
  assertEquals([target.taken, target.ended], [bytes("last"), undefined]);
  target.say(bytes("then"));
  target.closeOutput();
  assertEquals(await read(socket, into), 4);
  assertEquals(await read(socket, into), 0);
  assertEquals(target.ended, "closed");
  assertEquals(socket.write(bytes("more")), -Errno.EPIPE); // and no signal
});

Deno.test("a TCP socket sees a reset, and its reset is seen (R-14, R-15)", async () => {
  await using one = await connected();
  one.target.fail();
  assertEquals(await read(one.socket, new Uint8Array(1)), -Errno.ECONNRESET);
  assertEquals(one.socket.read(new Uint8Array(1)), 0);
  await using other = await connected();
  other.socket.write(bytes("taken back"));
  other.ended();
  other.socket.reset();
  await other.target.until(() => other.target.ended === "reset");
});

Deno.test("a TCP socket takes what there is room for, and more when there is (W-17)", async () => {
  await using scene = await connected();
  const { target, socket } = scene;
  target.capacity = 0;
  const block = new Uint8Array(1 << 20);
  let sent = 0;
  for (let count = socket.write(block); count !== NOT_NOW; count = socket.write(block)) {
    sent += count;
  }
  const poller = new Poller();
  poller.add(socket.descriptor, EPOLLOUT | EPOLLET, { ready: () => {} });
  assertEquals(poller.look(0), false);
  target.makeRoom(Infinity);
  await poller.wait();
  poller.close();
  assertEquals(socket.write(block) > 0, true);
  await target.until(() => target.taken.length > sent);
});
