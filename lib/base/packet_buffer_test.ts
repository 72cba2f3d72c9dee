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
