import { assert, assertEquals, assertThrows } from "@std/assert";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { formatAddress, formatEndpoint, parseAddress } from "../../lib/text/address.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { DatagramFlow } from "../../lib/udp/udp_flow.ts";
import { at, bytes, UdpGuest } from "./peer.ts";

const GUEST = at("10.0.2.100", 40_000);
const WEB = at("192.0.2.1", 443);
const RESOLVER = at("192.0.2.53", 53);

function next(guest: UdpGuest): DatagramFlow {
  const flow = guest.stack.nextDatagramFlow();
  assert(flow);
  return flow;
}

Deno.test("A datagram to elsewhere is the first of a flow, and what it brings back has the target's address (P-02, P-04)", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, WEB, bytes("hello"));
  guest.send(GUEST, WEB, bytes("again"));
  const flow = next(guest);
  assertEquals(flow.flow, { protocol: 17, client: GUEST, target: WEB });
  assertEquals(guest.stack.nextDatagramFlow(), undefined);
  const into = new Uint8Array(10);
  assertEquals(flow.nextLength, 5);
  assertEquals([flow.receive(into), flow.receive(into, 5)], [5, 5]);
  assertEquals(into, bytes("helloagain"));
  assertEquals([flow.nextLength, flow.receive(into)], [undefined, undefined]);
  assert(flow.send(WEB, bytes("answer")));
  assertEquals(guest.receive(), {
    from: "192.0.2.1:443",
    to: "10.0.2.100:40000",
    payload: bytes("answer"),
  });
  guest.send(GUEST, at("192.0.2.1", 444), bytes("x"));
  assert(next(guest) !== flow);
  assertEquals(guest.stack.datagramFlowCount, 2);
});

Deno.test("Datagrams without bytes pass both ways (P-05)", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, WEB, bytes(0));
  const flow = next(guest);
  assertEquals(flow.receive(new Uint8Array(1)), 0);
  assertEquals(flow.receive(new Uint8Array(1)), undefined);
  assert(flow.send(WEB, bytes(0)));
  assertEquals(guest.receive()?.payload, bytes(0));
});

Deno.test("The longest datagrams pass both ways; what is longer is refused, not cut (P-06)", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, WEB, bytes(65_507));
  const flow = next(guest);
  assertEquals(flow.receive(new Uint8Array(65_536)), 65_507);
  assert(flow.send(WEB, bytes(65_507)));
  assertEquals(guest.receive()?.payload.length, 65_507);
  assertEquals(flow.send(WEB, bytes(65_508)), false);
  assertEquals(guest.receive(), undefined);
});

Deno.test("A super-segment is as many datagrams as it was made of (P-06)", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, WEB, bytes("aaaabbbbcc"), 4);
  const flow = next(guest);
  const into = new Uint8Array(10);
  assertEquals([flow.receive(into), flow.receive(into, 4), flow.receive(into, 8)], [4, 4, 2]);
  assertEquals(into, bytes("aaaabbbbcc"));
});

Deno.test("A flow ends when the client has sent nothing for three minutes, whatever it gets (P-03, RFC 4787 REQ-5, REQ-6)", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, WEB, bytes("a"));
  const flow = next(guest);
  guest.pass(179_000);
  guest.send(GUEST, WEB, bytes("b"));
  assertEquals(next(guest), flow);
  guest.pass(179_000);
  assert(flow.send(WEB, bytes("c")));
  assertEquals(flow.isOver, false);
  guest.pass(1000);
  assertEquals(flow.isOver, true);
  assertEquals(next(guest), flow); // the application learns of it
  assertEquals(flow.send(WEB, bytes("d")), false);
  assertEquals(guest.stack.datagramFlowCount, 0);
  guest.pass(1000);
  assertEquals(guest.stack.nextDeadline, Infinity);
});

Deno.test("A query to port 53 is forgotten half a minute after its answer (P-03)", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, RESOLVER, bytes("query"));
  const flow = next(guest);
  guest.pass(60_000);
  assertEquals(flow.isOver, false);
  guest.send(GUEST, RESOLVER, bytes("again"));
  assert(flow.send(RESOLVER, bytes("answer")));
  guest.pass(29_000);
  assertEquals(flow.isOver, false);
  guest.pass(1000);
  assertEquals(flow.isOver, true);
});

Deno.test("One flow too many takes the place of the one that was used least recently (P-08)", () => {
  const guest = new UdpGuest({ udp: { maxFlows: 3 } });
  const flows = [1, 2, 3].map((port) => {
    guest.pass(1);
    guest.send(GUEST, at("192.0.2.1", port), bytes("a"));
    return next(guest);
  });
  guest.pass(1);
  guest.send(GUEST, at("192.0.2.1", 1), bytes("b"));
  guest.pass(1);
  guest.send(GUEST, at("192.0.2.1", 4), bytes("a"));
  assertEquals(flows.map((flow) => flow.isOver), [false, true, false]);
  assertEquals(guest.stack.datagramFlowCount, 3);
});

/** Sends from `count` ports; after each 64 the application looks, unless it sleeps. */
function scan(guest: UdpGuest, count: number, isAsleep: boolean): Set<DatagramFlow> {
  const flows = new Set<DatagramFlow>();
  for (let i = 0; i < count; i++) {
    const from = { address: GUEST.address, port: 1 + i % 60_000 };
    guest.send(from, at("192.0.2.1", 1 + Math.floor(i / 60_000)), bytes(8));
    if (isAsleep || i % 64 < 63) continue;
    for (let flow = guest.stack.nextDatagramFlow(); flow; flow = guest.stack.nextDatagramFlow()) {
      if (flow.isOver) flows.delete(flow);
      else flows.add(flow);
    }
  }
  return flows;
}

Deno.test("Ports without end take no more memory than the table has places (P-08)", () => {
  const guest = new UdpGuest({ udp: { maxFlows: 256 } });
  const flows = scan(guest, 200_000, false);
  assertEquals(guest.stack.datagramFlowCount, 256);
  assertEquals(flows.size, 256);
  assertEquals(guest.stack.drops.snapshot(), {});
});

Deno.test("Nor do they if the application never looks: it gets no more flows then (P-08)", () => {
  const guest = new UdpGuest({ udp: { maxFlows: 256 } });
  scan(guest, 2000, true);
  assertEquals(guest.stack.drops.snapshot(), { TooManyFlows: 2000 - 512 });
  scan(guest, 1, false);
  while (guest.stack.nextDatagramFlow());
  assertEquals(scan(guest, 64, false).size, 64);
});

Deno.test("What waits is bounded for each flow, and for all of them (P-08)", () => {
  const guest = new UdpGuest({ udp: { flowQueue: 100_000, maxMemory: 200_000 } });
  for (let i = 0; i < 200; i++) guest.send(GUEST, WEB, bytes(960));
  assertEquals(guest.stack.drops.snapshot(), { QueueFull: 100 });
  for (let port = 1; port <= 100; port++) {
    for (let i = 0; i < 10; i++) guest.send(GUEST, at("192.0.2.1", port), bytes(960));
  }
  assert(guest.stack.drops.snapshot()["QueueFull"]! > 500);
});

Deno.test("A datagram from port 0 passes and is not answered; one to port 0 is dropped (P-10)", () => {
  const guest = new UdpGuest();
  guest.send(at("10.0.2.100", 0), WEB, bytes("take this"));
  const flow = next(guest);
  assertEquals(flow.receive(new Uint8Array(20)), 9);
  assertEquals(flow.send(WEB, bytes("thanks")), false);
  guest.send(GUEST, at("192.0.2.1", 0), bytes("x"));
  assertEquals(guest.stack.drops.snapshot(), { InvalidDestination: 1 });
  assertEquals(guest.stack.nextDatagramFlow(), undefined);
});

Deno.test("Broadcasts and multicasts that no service takes go nowhere (P-09)", () => {
  const guest = new UdpGuest();
  for (const address of ["255.255.255.255", "224.0.0.251", "239.255.255.250", "240.0.0.1"]) {
    guest.send(GUEST, at(address, 5353), bytes("x"));
  }
  guest.send(at("fd00::100", 1), at("ff02::fb", 5353), bytes("x"));
  assertEquals(guest.stack.drops.snapshot(), { InvalidDestination: 5 });
  assertEquals(guest.stack.nextDatagramFlow(), undefined);
  assertEquals(guest.receive(), undefined);
});

Deno.test("A flow that is closed begins anew with the next datagram", () => {
  const guest = new UdpGuest();
  guest.send(GUEST, WEB, bytes("a"));
  const flow = next(guest);
  flow.close();
  flow.close();
  assertEquals([flow.isOver, flow.nextLength], [true, undefined]);
  assertEquals(guest.stack.datagramFlowCount, 0);
  guest.send(GUEST, WEB, bytes("b"));
  assert(next(guest) !== flow);
});

Deno.test("Settings of UDP that cannot be are refused", () => {
  const link = { mtu: 1500, checksumOffload: false, maxSegmentation: 0 };
  assertThrows(() => new Stack(link, { udp: { maxFlows: 0 } }), RangeError, "maxFlows to 0");
  assertThrows(() => new Stack(link, { udp: { flowQueue: 100 } }), RangeError, "65575 at least");
});

for (
  const [client, target, router, port, network] of [
    [GUEST, WEB, "10.0.2.2", [3, 3], [3, 0]],
    [at("fd00::100", 40_000), at("2001:db8::1", 443), "fd00::2", [1, 4], [1, 0]],
  ] as const
) {
  const version = router.includes(":") ? 6 : 4;
  Deno.test(`A flow tells its client by ICMP what has become of a datagram, over IPv${version} (M-03, M-06)`, () => {
    const guest = new UdpGuest({ addresses: [parseAddress(router)] });
    guest.send(client, target, bytes(100));
    const flow = next(guest);
    flow.report("port unreachable");
    flow.report("network unreachable");
    const about = { to: formatEndpoint(target), payload: bytes(8) };
    const { address } = target;
    assertEquals(guest.receive(), { ...about, from: formatAddress(address), icmp: port });
    assertEquals(guest.receive(), { ...about, from: router, icmp: network });
    assertEquals(guest.receive(), undefined);
  });
}

Deno.test("Datagrams of one size to one client are joined for a link that cuts them, and no others (P-06)", () => {
  const sizes = (lengths: readonly number[], mtu = 1500) => {
    const guest = new UdpGuest({}, { mtu, checksumOffload: true, maxDatagramSegmentation: 5000 });
    guest.send(GUEST, WEB, bytes(1));
    const flow = next(guest);
    lengths.forEach((length, i) => flow.send(WEB, new Uint8Array(length).fill(i)));
    const sent: [number, number][] = [];
    const packet = new PacketBuffer(HEADROOM + 65_536);
    while (guest.stack.transmit(packet, guest.now)) {
      sent.push([packet.length - 28, packet.segmentSize]);
    }
    return sent;
  };
  assertEquals(sizes([1000, 1000, 1000]), [[3000, 1000]]);
  assertEquals(sizes([1000, 1000, 400, 1000]), [[2400, 1000], [1000, 0]]);
  assertEquals(sizes([400, 1000]), [[400, 0], [1000, 0]]);
  assertEquals(sizes([0, 0, 5, 0, 5]), [[0, 0], [0, 0], [5, 0], [0, 0], [5, 0]]);
  assertEquals(sizes([1000, 1000, 1000, 1000, 1000, 1000]), [[5000, 1000], [1000, 0]]);
  assertEquals(sizes([1472, 1472]), [[2944, 1472]]);
  const fragments = sizes([1473, 1473]); // two of each
  assertEquals(fragments.map(([, segmentSize]) => segmentSize), [0, 0, 0, 0]);
});

Deno.test("Datagrams from two addresses to one client are not joined (P-04)", () => {
  const guest = new UdpGuest({}, { checksumOffload: true, maxDatagramSegmentation: 5000 });
  guest.send(GUEST, WEB, bytes(1));
  const flow = next(guest);
  flow.send(WEB, bytes(10));
  flow.send(at("192.0.2.1", 444), bytes(10));
  flow.send(at("192.0.2.2", 443), bytes(10));
  const packet = new PacketBuffer(HEADROOM + 65_536);
  let count = 0;
  while (guest.stack.transmit(packet, guest.now)) count++;
  assertEquals(count, 3);
});
