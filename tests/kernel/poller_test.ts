import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EPOLLET, EPOLLIN, EPOLLOUT, type Pollable, Poller } from "../../lib/ffi/poller.ts";
import { SystemError } from "../../lib/ffi/system_error.ts";
import { UdpSocket } from "../../lib/ffi/udp_socket.ts";
import type { DatagramPort } from "../../lib/forward/datagram_network.ts";
import { HostDatagrams } from "../../lib/forward/host_datagrams.ts";
import { EndpointField } from "../../lib/ip/flow.ts";
import { DatagramServer } from "../interop/datagram_host.ts";
import { at, bytes } from "../udp/peer.ts";

const OUT = EPOLLOUT | EPOLLET;

/** Notes what it is told. */
class Member implements Pollable {
  readonly told: number[] = [];

  ready(events: number): void {
    this.told.push(events);
  }
}

/** How many this process has. */
function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("a poller tells what is, time and again, or what changes, once", () => {
  const poller = new Poller();
  const [always, once] = [new Member(), new Member()];
  const sockets = [UdpSocket.open(4), UdpSocket.open(4)] as const;
  poller.add(sockets[0].descriptor, EPOLLOUT, always);
  poller.add(sockets[1].descriptor, OUT, once);
  for (let count = 0; count < 3; count++) assertEquals(poller.look(0), true);
  assertEquals([always.told, once.told], [[EPOLLOUT, EPOLLOUT, EPOLLOUT], [EPOLLOUT]]);
  for (const socket of sockets) socket.close();
  assertEquals(poller.look(0), false);
  poller.close();
});

Deno.test("a poller tells of other events when that is changed, and another when it is handed on", () => {
  const poller = new Poller();
  const [first, second] = [new Member(), new Member()];
  const socket = UdpSocket.open(4);
  const token = poller.add(socket.descriptor, EPOLLIN, first);
  assertEquals([poller.look(0), first.told], [false, []]);
  poller.change(token, socket.descriptor, EPOLLOUT);
  assertEquals([poller.look(0), first.told], [true, [EPOLLOUT]]);
  poller.hand(token, second);
  assertEquals([poller.look(0), first.told, second.told], [true, [EPOLLOUT], [EPOLLOUT]]);
  poller.remove(token, socket.descriptor);
  poller.remove(token, socket.descriptor);
  assertEquals([poller.look(0), second.told], [false, [EPOLLOUT]]);
  socket.close();
  poller.close();
});

Deno.test("a poller tells nobody of what it has forgotten, nor its successor on the same descriptor", () => {
  const poller = new Poller();
  const sockets = [UdpSocket.open(4), UdpSocket.open(4)] as const;
  const late: string[] = [];
  // Both events are there at once; whoever is told first ends the other and opens a new socket.
  const members = sockets.map((_, own): Pollable => ({
    ready: () => {
      late.push(`member ${own}`);
      const other = 1 - own;
      poller.forget(tokens[other] ?? 0);
      sockets[other]?.close();
      const heir = UdpSocket.open(4);
      assertEquals(heir.descriptor, sockets[other]?.descriptor);
      heirs.push(heir);
      const heirToken = poller.add(heir.descriptor, EPOLLIN, { ready: () => late.push("heir") });
      assertEquals(tokens.includes(heirToken), false);
    },
  }));
  const heirs: UdpSocket[] = [];
  const tokens = sockets.map(({ descriptor }, index) =>
    poller.add(descriptor, OUT, members[index] ?? new Member())
  );
  assertEquals(poller.look(0), true);
  assertEquals(late.length, 1);
  assertEquals([poller.look(0), late.length], [false, 1]);
  for (const socket of [...heirs, sockets[late[0] === "member 0" ? 0 : 1]]) socket?.close();
  poller.close();
});

Deno.test("a poller does not look while somebody waits, and nobody else may wait", async () => {
  const poller = new Poller();
  const waiting = poller.wait();
  assertEquals(poller.look(0), false);
  await assertRejects(() => poller.wait(), Error, "twice at a time");
  poller.wake();
  await waiting;
  assertEquals(poller.look(0), false); // the wake is used up
  poller.wake();
  assertEquals([poller.look(0), poller.look(0)], [true, false]);
  poller.close();
});

Deno.test("a poller looks and waits for as long as it is told", async () => {
  const poller = new Poller();
  const times = [performance.now()];
  assertEquals(poller.look(10), false);
  times.push(performance.now());
  await poller.wait(10);
  times.push(performance.now());
  const [start = 0, middle = 0, end = 0] = times;
  assertEquals([middle - start >= 9.9, end - middle >= 9.9], [true, true]);
  poller.look(-1); // is over at once, not for ever
  poller.close();
});

Deno.test("a poller may be closed at any time, and gives its descriptors back", async () => {
  const before = descriptors();
  const idle = new Poller();
  idle.close();
  idle.close();
  const waited = new Poller();
  const member = new Member();
  const socket = UdpSocket.open(4);
  waited.add(socket.descriptor, EPOLLIN, member);
  const waiting = waited.wait();
  waited.close();
  waited.close();
  await waiting;
  await waited.wait();
  assertEquals([waited.look(1000), member.told], [false, []]);
  waited.wake();
  const closing = new Poller();
  closing.add(socket.descriptor, OUT, { ready: () => closing.close() });
  assertEquals(closing.look(0), true);
  socket.close();
  assertEquals(descriptors(), before);
});

Deno.test("a poller that is closed takes nobody", () => {
  const poller = new Poller();
  poller.close();
  const socket = UdpSocket.open(4);
  const add = () => poller.add(socket.descriptor, EPOLLIN, new Member());
  assertThrows(add, SystemError, "Cannot wait for a socket");
  socket.close();
});

Deno.test("a poller tells of many descriptors, by and by", () => {
  const poller = new Poller();
  const sockets = Array.from({ length: 300 }, () => UdpSocket.open(4)); // more than at a time
  const members = sockets.map(({ descriptor }) => {
    const member = new Member();
    poller.add(descriptor, OUT, member);
    return member;
  });
  while (poller.look(0));
  assertEquals(members.filter(({ told }) => told.length === 1).length, 300);
  for (const socket of sockets) socket.close();
  poller.close();
});

Deno.test("sockets of datagrams wait where others do, until they are closed", async () => {
  await using server = await DatagramServer.echo();
  const target = at("127.0.0.1", server.port);
  const poller = new Poller();
  const network = new HostDatagrams(poller);
  assertEquals(network.isPolled, true);
  const [one, other] = [network.open(4), network.open(4)];
  const [readable, failed]: [DatagramPort[], DatagramPort[]] = [[], []];
  assertEquals(one.send(target, bytes("question"), 8), undefined);
  await poller.wait();
  network.collect(readable, failed);
  assertEquals([readable, failed], [[one], []]);
  assertEquals(one.receive(new Uint8Array(100), new EndpointField()), 8);
  assertEquals(poller.look(0), false);
  assertEquals(other.send(target, bytes("never read"), 10), undefined);
  await poller.wait();
  other.close();
  network.collect(readable, failed);
  assertEquals([readable, failed, poller.look(0)], [[], [], false]);
  one.close();
  network.close();
  poller.wake();
  assertEquals(poller.look(0), true); // it is not the network's to close
  poller.close();
});
