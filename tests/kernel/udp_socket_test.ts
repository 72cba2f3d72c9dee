import { assert, assertEquals, assertThrows } from "@std/assert";
import { EPOLLERR, EPOLLIN, type Pollable, Poller } from "../../lib/ffi/poller.ts";
import { SystemError } from "../../lib/ffi/system_error.ts";
import { UdpSocket } from "../../lib/ffi/udp_socket.ts";
import { EndpointField } from "../../lib/ip/flow.ts";
import { formatEndpoint } from "../../lib/text/address.ts";
import { closedDatagramPort, DatagramServer } from "../interop/datagram_host.ts";
import { at, bytes } from "../udp/peer.ts";

const into = new Uint8Array(65_536);
const from = new EndpointField();

/** A socket and who waits for it; both end with the block that they are declared in. */
function openSocket() {
  const poller = new Poller();
  const socket = UdpSocket.open(4);
  const told: number[] = [];
  const member: Pollable = { ready: (events) => void told.push(events) };
  const token = poller.add(socket.descriptor, EPOLLIN, member);
  return {
    socket,
    poller,
    told,
    [Symbol.dispose]: () => {
      poller.remove(token, socket.descriptor);
      socket.close();
      poller.close();
    },
  };
}

Deno.test("a UDP socket sends to anybody, and hears from whom", async () => {
  await using server = await DatagramServer.echo();
  using scene = openSocket();
  const { socket, poller, told } = scene;
  const target = at("127.0.0.1", server.port);
  for (const length of [0, 5, 65_507]) {
    assertEquals(socket.receive(into, from), -1);
    assertEquals(socket.send(target, new Uint8Array(65_536).fill(length), length), 0);
    await poller.wait();
    assertEquals(told.splice(0), [EPOLLIN]);
    assertEquals([socket.receive(into, from), formatEndpoint(from)], [
      length,
      formatEndpoint(target),
    ]);
  }
  assertEquals([poller.look(0), told], [false, []]);
});

Deno.test("a UDP socket tells which datagram found a closed port, and the next is sent all the same (P-07, M-06)", async () => {
  await using server = await DatagramServer.start();
  const closed = at("127.0.0.1", await closedDatagramPort());
  using scene = openSocket();
  const { socket, poller, told } = scene;
  assertEquals(socket.send(closed, bytes("x"), 1), 0);
  await poller.wait();
  assertEquals(told, [EPOLLERR]);
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
  const { poller } = scene;
  poller.wake();
  await poller.wait();
  const waiting = poller.wait();
  poller.wake();
  await waiting;
  const closing = poller.wait();
  poller.close();
  await closing;
  await poller.wait();
});

Deno.test("a descriptor that is none cannot be waited for", () => {
  const poller = new Poller();
  const add = () => poller.add(1_000_000, EPOLLIN, { ready: () => {} });
  assertThrows(add, SystemError, "epoll_ctl answers EBADF");
  poller.close();
});
