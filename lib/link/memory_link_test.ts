import { assertEquals, assertThrows } from "@std/assert";
import { ChecksumState, HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { Driver } from "../driver.ts";
import { ipv4 } from "../ip/address.ts";
import { Stack } from "../stack/stack.ts";
import { Event } from "../tcp/control_block.ts";
import { SendResult } from "./link.ts";
import { MemoryLink } from "./memory_link.ts";

function packetOf(length: number, fill: number): PacketBuffer {
  const packet = new PacketBuffer(HEADROOM + 65_536);
  packet.clear();
  packet.append(length);
  packet.bytes.fill(fill, packet.start, packet.end);
  return packet;
}

function contents(packet: PacketBuffer): Uint8Array {
  return packet.bytes.slice(packet.start, packet.end);
}

Deno.test("MemoryLink delivers packets to the other end, in order and as copies", () => {
  const [left, right] = MemoryLink.pair();
  const sent = packetOf(40, 1);
  assertEquals(left.send(sent), SendResult.Sent);
  sent.bytes.fill(9);
  assertEquals(left.send(packetOf(50, 2)), SendResult.Sent);
  assertEquals(right.send(packetOf(60, 3)), SendResult.Sent);
  const received = packetOf(0, 0);
  assertEquals(right.receive(received), true);
  assertEquals(contents(received), new Uint8Array(40).fill(1));
  assertEquals(right.receive(received), true);
  assertEquals(contents(received), new Uint8Array(50).fill(2));
  assertEquals(right.receive(received), false);
  assertEquals(left.receive(received), true);
  assertEquals(contents(received), new Uint8Array(60).fill(3));
});

Deno.test("MemoryLink keeps the order of more packets than it has buffers for at first", () => {
  const [left, right] = MemoryLink.pair({ capacity: 1000 });
  const packet = packetOf(0, 0);
  for (let i = 0; i < 40; i++) {
    left.send(packetOf(20, 200));
    right.receive(packet);
  }
  for (let i = 0; i < 200; i++) left.send(packetOf(20, i));
  for (let i = 0; i < 200; i++) {
    right.receive(packet);
    assertEquals(packet.bytes[packet.start], i);
  }
});

Deno.test("MemoryLink is full at its capacity, and takes packets again when one has left", () => {
  const [left, right] = MemoryLink.pair({ capacity: 2 });
  const packet = packetOf(20, 0);
  assertEquals(left.send(packet), SendResult.Sent);
  assertEquals(left.send(packet), SendResult.Sent);
  assertEquals(left.send(packet), SendResult.Full);
  right.receive(packet);
  assertEquals(left.send(packet), SendResult.Sent);
});

Deno.test("MemoryLink refuses packets beyond its MTU", () => {
  const [left] = MemoryLink.pair({ mtu: 1500 });
  assertEquals(left.send(packetOf(1500, 0)), SendResult.Sent);
  assertEquals(left.send(packetOf(1501, 0)), SendResult.Refused);
});

Deno.test("MemoryLink does not take super-segments without partial checksums", () => {
  assertThrows(() => MemoryLink.pair({ maxSegmentation: 65_000 }), RangeError, "checksumOffload");
});

Deno.test("MemoryLink hands super-segments over whole when it is told not to cut", () => {
  const [left, right] = MemoryLink.pair({
    checksumOffload: true,
    maxSegmentation: 65e3,
    cut: false,
  });
  const packet = packetOf(40_000, 7);
  packet.checksumState = ChecksumState.Partial;
  packet.segmentSize = 1400;
  assertEquals(left.send(packet), SendResult.Sent);
  const received = packetOf(0, 0);
  right.receive(received);
  assertEquals(received.length, 40_000);
  assertEquals(received.segmentSize, 1400);
  assertEquals(received.checksumState, ChecksumState.Verified);
});

Deno.test("MemoryLink ends a wait when a packet comes", async () => {
  const [left, right] = MemoryLink.pair();
  const waiting = right.wait(Infinity, false);
  left.send(packetOf(20, 0));
  await waiting;
});

Deno.test("MemoryLink ends a wait for room when the other end has received", async () => {
  const [left, right] = MemoryLink.pair({ capacity: 1 });
  const packet = packetOf(20, 0);
  left.send(packet);
  const waiting = left.wait(Infinity, true);
  right.receive(packet);
  await waiting;
  assertEquals(left.send(packet), SendResult.Sent);
});

Deno.test("MemoryLink ends a wait upon wake, before it or during it", async () => {
  const [left] = MemoryLink.pair();
  left.wake();
  await left.wait(Infinity, false);
  const waiting = left.wait(Infinity, false);
  left.wake();
  await waiting;
});

Deno.test("MemoryLink ends a wait after its timeout", async () => {
  const [left] = MemoryLink.pair();
  await left.wait(0, false);
  await left.wait(0.5, false);
});

Deno.test("MemoryLink is closed for both ends, after what was sent has been received", async () => {
  const [left, right] = MemoryLink.pair();
  const packet = packetOf(20, 0);
  const waiting = right.wait(Infinity, false);
  left.send(packet);
  left.close();
  await waiting;
  assertEquals([left.isClosed, right.isClosed], [true, false]);
  assertEquals(right.receive(packet), true);
  assertEquals(right.isClosed, true);
  assertEquals(right.send(packet), SendResult.Refused);
  assertEquals(left.receive(packet), false);
  await right.wait(Infinity, false);
});

Deno.test("MemoryLink carries a conversation of two drivers in real time", async () => {
  for (const cut of [true, false]) {
    const pair = MemoryLink.pair({ checksumOffload: true, maxSegmentation: 65_000, cut });
    const total = 3_000_000;
    const [left, right] = pair.map((link) => new Stack(link));
    const client = left!.connect({ address: ipv4(0x0a000001), port: 1 }, {
      address: ipv4(0x0a000002),
      port: 2,
    });
    const chunk = new Uint8Array(100_000).fill(1);
    let written = 0;
    let read = 0;
    const drivers = [new Driver(left!, pair[0]), new Driver(right!, pair[1])];
    drivers[0]!.attach({
      pump: () => {
        if (!((left!.nextConnection()?.takeEvents() ?? 0) & Event.Writable)) return;
        while (written < total && client.writable > 0) {
          written += client.write(chunk.subarray(0, total - written));
        }
        if (written === total) client.closeWrite();
      },
    });
    drivers[1]!.attach({
      pump: () => {
        right!.nextRequest()?.accept();
        const connection = right!.nextConnection();
        if (!connection) return;
        connection.takeEvents();
        for (let count = 1; count > 0;) read += count = connection.read(new Uint8Array(65_536));
        if (connection.isAtEnd) drivers.forEach((driver) => driver.close());
      },
    });
    await Promise.all(drivers.map((driver) => driver.run()));
    assertEquals(read, total);
  }
});
