import { assert, assertEquals, assertThrows } from "@std/assert";
import { at, bytes, UdpGuest } from "./peer.ts";

const GUEST = at("10.0.2.100", 40_000);
const DNS = at("10.0.2.3", 53);

for (
  const [client, service] of [[GUEST, DNS], [at("fd00::100", 40_000), at("fd00::3", 53)]] as const
) {
  Deno.test(`UDP hands datagrams to a service of the stack's own, and takes its answers, over IPv${service.address.w2 ? 4 : 6} (P-01)`, () => {
    const guest = new UdpGuest();
    const socket = guest.stack.bind(service);
    assertEquals(guest.stack.nextDatagramSocket(), undefined);
    guest.send(client, service, bytes("question"));
    guest.send(client, service, bytes(0));
    assertEquals(guest.stack.nextDatagramSocket(), socket);
    assertEquals(guest.stack.nextDatagramSocket(), undefined);
    const into = new Uint8Array(100);
    assertEquals(socket.receive(into), { from: client, to: service, length: 8 });
    assertEquals(into.subarray(0, 8), bytes("question"));
    assertEquals(socket.receive(into)?.length, 0);
    assertEquals(socket.receive(into), undefined);
    assert(socket.send(service.address, client, bytes("answer")));
    const answer = guest.receive();
    assert(answer);
    assertEquals(answer.payload, bytes("answer"));
    assert(answer.from.endsWith(":53") && answer.to.endsWith(":40000"));
    assertEquals(guest.receive(), undefined);
    assertEquals(guest.stack.datagramFlowCount, 0);
  });
}

Deno.test("A service at an address comes before one at any; a place is taken once", () => {
  const guest = new UdpGuest();
  const any = guest.stack.bind({ port: 53 });
  const one = guest.stack.bind(DNS);
  assertThrows(() => guest.stack.bind(DNS), RangeError, "port 53: it is taken");
  assertThrows(() => guest.stack.bind({ port: 53 }), RangeError, "it is taken");
  assertThrows(() => guest.stack.bind({ port: 0 }), RangeError, "1 to 65535");
  guest.send(GUEST, DNS, bytes("a"));
  assertEquals(guest.stack.nextDatagramSocket(), one);
  guest.send(GUEST, at("10.0.2.2", 53), bytes("b"));
  assertEquals(guest.stack.nextDatagramSocket(), any);
  guest.send(GUEST, at("255.255.255.255", 53), bytes("b"));
  assertEquals(guest.stack.nextDatagramSocket(), any);
  one.close();
  one.close();
  guest.send(GUEST, DNS, bytes("c"));
  assertEquals(guest.stack.nextDatagramSocket(), any);
  assertEquals(one.send(DNS.address, GUEST, bytes("late")), false);
  any.close();
  guest.send(GUEST, DNS, bytes("d"));
  assertEquals(guest.stack.nextDatagramSocket(), undefined);
});

Deno.test("A service's queues are bounded in bytes, even for datagrams without any", () => {
  const guest = new UdpGuest();
  const socket = guest.stack.bind(DNS, { queueBytes: 4000 });
  for (let i = 0; i < 1000; i++) guest.send(GUEST, DNS, bytes(0));
  assertEquals(guest.stack.drops.snapshot(), { QueueFull: 900 });
  let sent = 0;
  while (socket.send(DNS.address, GUEST, bytes(60))) sent++;
  assertEquals(sent, 40);
  while (guest.receive()) sent--;
  assertEquals(sent, 0);
  assert(socket.send(DNS.address, GUEST, bytes(60)));
});

Deno.test("A service cannot send what no packet can carry (P-06, P-10)", () => {
  const guest = new UdpGuest();
  const socket = guest.stack.bind(DNS);
  const send = (to: typeof GUEST, length: number) =>
    socket.send(DNS.address, to, new Uint8Array(length));
  assertThrows(() => send(GUEST, 65_508), RangeError, "65507 at most");
  assertThrows(() => send(at("10.0.2.100", 0), 1), RangeError, "to port 0");
  assertThrows(() => send(at("fd00::100", 1), 1), RangeError, "different versions");
  assert(send(GUEST, 65_507));
  assertEquals(guest.receive()?.payload.length, 65_507);
});
