import { assertEquals, assertThrows } from "@std/assert";
import { NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { IpHeader } from "../ip/header.ts";
import type { TransportProtocol } from "../ip/ip.ts";
import { writeIpv4 } from "../ip/ipv4_header.ts";
import { Stack } from "./stack.ts";

const LINK = { mtu: 1500, checksumOffload: false, maxSegmentation: 0 };

function packetFor(protocol: number): PacketBuffer {
  const header = new IpHeader();
  header.protocol = protocol;
  header.source.assignIpv4(0x0a000002);
  header.destination.assignIpv4(0x5db8d822);
  const packet = new PacketBuffer(256);
  packet.clear();
  packet.append(8);
  writeIpv4(header, packet);
  return packet;
}

Deno.test("A stack in which nothing happens has nothing to do", () => {
  const stack = new Stack(LINK);
  assertEquals(stack.nextDeadline, NEVER);
  assertEquals(stack.transmit(new PacketBuffer(2000), 0), false);
  assertEquals(stack.nextRequest(), undefined);
  assertEquals(stack.nextConnection(), undefined);
  assertEquals([stack.received, stack.transmitted, stack.flowCount], [0, 0, 0]);
});

Deno.test("A stack counts what it drops, by reason (Z-04)", () => {
  const stack = new Stack(LINK);
  const packet = new PacketBuffer(256);
  packet.clear();
  stack.receive(packet, 0);
  stack.receive(packetFor(99), 0);
  stack.receive(packetFor(6), 0);
  assertEquals(stack.received, 3);
  assertEquals(stack.drops.snapshot(), { Truncated: 2, UnknownProtocol: 1 });
});

Deno.test("A user of the library can add a transport", () => {
  const stack = new Stack(LINK);
  let received = 0;
  const echo: TransportProtocol = {
    protocol: 132,
    nextDeadline: 77,
    receive: (header, packet) => {
      assertEquals([header.protocol, packet.length], [132, 8]);
      received++;
      return Drop.None;
    },
    advance: () => {},
    transmit: () => false,
  };
  stack.registerTransport(echo);
  stack.receive(packetFor(132), 0);
  assertEquals([received, stack.nextDeadline], [1, 77]);
  assertThrows(() => stack.registerTransport(echo), RangeError, "132 is taken");
});
