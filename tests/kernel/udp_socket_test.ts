import { assert, assertEquals, assertThrows } from "@std/assert";
import { Epoll } from "../../lib/ffi/epoll.ts";
import { SystemError } from "../../lib/ffi/system_error.ts";
import { UdpSocket } from "../../lib/ffi/udp_socket.ts";
import { EndpointField } from "../../lib/ip/flow.ts";
import { formatEndpoint } from "../../lib/text/address.ts";
import { closedDatagramPort, DatagramServer } from "../interop/datagram_host.ts";
import { at, bytes } from "../udp/peer.ts";

const into = new Uint8Array(65_536);
const from = new EndpointField();

/** A set with one socket in it; both end with the block that they are declared in. */
function openSocket(): { socket: UdpSocket; epoll: Epoll<UdpSocket> } & Disposable {
  const epoll = new Epoll<UdpSocket>();
  const socket = UdpSocket.open(4);
  epoll.add(socket.descriptor, socket);
  return {
    socket,
    epoll,
    [Symbol.dispose]: () => {
      epoll.remove(socket.descriptor);
      socket.close();
      epoll.close();
    },
  };
}

Deno.test("a UDP socket sends to anybody, and hears from whom", async () => {
  await using server = await DatagramServer.echo();
  using scene = openSocket();
  const { socket, epoll } = scene;
  const target = at("127.0.0.1", server.port);
  const readable: UdpSocket[] = [], failed: UdpSocket[] = [];
  for (const length of [0, 5, 65_507]) {
    assertEquals(socket.receive(into, from), -1);
    assertEquals(socket.send(target, new Uint8Array(65_536).fill(length), length), 0);
    await epoll.wait();
    epoll.collect(readable, failed);
    assertEquals([readable, failed], [[socket], []]);
    assertEquals([socket.receive(into, from), formatEndpoint(from)], [
      length,
      formatEndpoint(target),
    ]);
  }
  epoll.collect(readable, failed);
  assertEquals([readable, failed], [[], []]);
});

Deno.test("a UDP socket tells which datagram found a closed port, and the next is sent all the same (P-07, M-06)", async () => {
  await using server = await DatagramServer.start();
  const closed = at("127.0.0.1", await closedDatagramPort());
  using scene = openSocket();
  const { socket, epoll } = scene;
  assertEquals(socket.send(closed, bytes("x"), 1), 0);
  await epoll.wait();
  const readable: UdpSocket[] = [], failed: UdpSocket[] = [];
  epoll.collect(readable, failed);
  assertEquals(failed, [socket]);
  assertEquals(socket.send(at("127.0.0.1", server.port), bytes("y"), 1), 0);
  await server.untilCount(1);
  const failure = socket.receiveFailure();
  assert(failure?.target);
  assertEquals(failure.errno, 111); // ECONNREFUSED
  assertEquals(
    formatEndpoint({ address: failure.target, port: failure.targetPort }),
    formatEndpoint(closed),
  );
  assertEquals(socket.receiveFailure(), undefined);
});

Deno.test("what a UDP socket cannot send it says at once", () => {
  using scene = openSocket();
  const { socket } = scene;
  assertEquals(socket.send(at("127.0.0.1", 9), new Uint8Array(65_536), 65_508), 90); // EMSGSIZE
  assertEquals(socket.send(at("255.255.255.255", 9), bytes("x"), 1), 13); // EACCES: no broadcasts
});

Deno.test("wake() and close() end a wait, and what is woken is remembered", async () => {
  using scene = openSocket();
  const { epoll } = scene;
  epoll.wake();
  await epoll.wait();
  const waiting = epoll.wait();
  epoll.wake();
  await waiting;
  const closing = epoll.wait();
  epoll.close();
  await closing;
  await epoll.wait();
});

Deno.test("a descriptor that is none cannot be waited for", () => {
  const epoll = new Epoll<number>();
  assertThrows(() => epoll.add(1_000_000, 1), SystemError, "epoll_ctl answers EBADF");
  epoll.close();
});
