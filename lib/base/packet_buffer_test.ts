import { assertEquals } from "@std/assert";
import { ChecksumState, HEADROOM, PacketBuffer } from "./packet_buffer.ts";

Deno.test("PacketBuffer grows at both ends and is read from the front", () => {
  const packet = new PacketBuffer(1000);
  packet.clear();
  assertEquals([packet.start, packet.length], [HEADROOM, 0]);
  assertEquals(packet.append(10), HEADROOM);
  assertEquals(packet.prepend(20), HEADROOM - 20);
  assertEquals(packet.length, 30);
  assertEquals(packet.consume(20), HEADROOM - 20);
  assertEquals([packet.start, packet.length], [HEADROOM, 10]);
});

Deno.test("PacketBuffer.clear() forgets the offload fields", () => {
  const packet = new PacketBuffer(1000);
  packet.checksumState = ChecksumState.Partial;
  packet.segmentSize = 1460;
  packet.clear(64);
  assertEquals([packet.checksumState, packet.segmentSize, packet.start], [0, 0, 64]);
});

Deno.test("PacketBuffer.copyFrom() copies contents, cursors and offload fields", () => {
  const packet = new PacketBuffer(1000);
  packet.clear(100);
  packet.bytes.set([1, 2, 3], packet.append(3));
  packet.checksumState = ChecksumState.Partial;
  packet.checksumStart = 101;
  packet.checksumOffset = 16;
  packet.segmentSize = 5;
  const copy = new PacketBuffer(1000);
  copy.copyFrom(packet);
  packet.bytes.fill(0);
  assertEquals([...copy.bytes.subarray(copy.start, copy.end)], [1, 2, 3]);
  const { checksumState, checksumStart, checksumOffset, segmentSize } = copy;
  assertEquals([checksumState, checksumStart, checksumOffset, segmentSize], [2, 101, 16, 5]);
});

/** Five bytes, and five more in memory of somebody else's, at its end and its beginning. */
function withTail(): PacketBuffer {
  const packet = new PacketBuffer(1000);
  packet.clear(100);
  packet.bytes.set([1, 2, 3], packet.append(3));
  packet.attach(Uint8Array.of(6, 7, 8, 9, 4, 5), 4, 5);
  packet.prepend(2);
  return packet;
}

Deno.test("PacketBuffer goes on in its tail until it is made whole", () => {
  const packet = withTail();
  assertEquals([packet.length, packet.end], [10, 103]);
  const { tail } = packet;
  packet.makeWhole();
  tail.fill(0xff);
  assertEquals([packet.length, packet.tailLength, packet.tail.length], [10, 0, 0]);
  assertEquals([...packet.bytes.subarray(98, packet.end)], [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  packet.makeWhole();
  assertEquals(packet.length, 10);
});

Deno.test("PacketBuffer.copyFrom() makes a whole copy, and leaves the tail where it is", () => {
  const packet = withTail();
  const copy = withTail();
  copy.copyFrom(packet);
  assertEquals([copy.tailLength, packet.tailLength], [0, 5]);
  assertEquals([...copy.bytes.subarray(copy.start, copy.end)], [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("PacketBuffer.clear() forgets the tail", () => {
  const packet = withTail();
  packet.clear();
  assertEquals([packet.length, packet.tail.length], [0, 0]);
});
