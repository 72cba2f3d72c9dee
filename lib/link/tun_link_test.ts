import { assertEquals } from "@std/assert";
import { Drop } from "../base/drop.ts";
import { ChecksumState, HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { VNET_HEADER_LENGTH, WriteResult } from "../ffi_tun.ts";
import { Stack } from "../stack/stack.ts";
import { SendResult } from "./link.ts";
import { type FrameDevice, TunLink } from "./tun_link.ts";

/** A device with one frame to read: an IPv4 packet of `length` bytes, UDP. */
function deviceWith(length: number): FrameDevice {
  const frame = new Uint8Array(VNET_HEADER_LENGTH + length);
  const view = new DataView(frame.buffer, VNET_HEADER_LENGTH);
  view.setUint16(0, 0x4500);
  view.setUint16(2, length);
  return {
    offload: true,
    datagramOffload: true,
    read: (bytes) => { // as the kernel: what does not fit is lost
      const count = Math.min(bytes.length, frame.length);
      bytes.set(frame.subarray(0, count));
      return count;
    },
    write: () => WriteResult.Taken,
    gather: () => WriteResult.Taken,
    wait: () => Promise.resolve(),
    look: () => false,
    wake: () => {},
    close: () => {},
  };
}

Deno.test("TunLink takes the longest packet there is, whole (G-07)", () => {
  const link = new TunLink(deviceWith(65_535), 65_520);
  const packet = new PacketBuffer(HEADROOM + 65_536);
  assertEquals([link.receive(packet), packet.length], [true, 65_535]);
});

Deno.test("TunLink takes the longest packet there is in a frame, whole (G-07)", () => {
  const link = new TunLink(deviceWith(14 + 65_535), 65_534, 14);
  const packet = new PacketBuffer(HEADROOM + 65_536);
  assertEquals([link.receive(packet), packet.length], [true, 14 + 65_535]);
  assertEquals(packet.start, HEADROOM - 14);
});

Deno.test("TunLink says where headers are in a frame, not in the packet in it (G-05)", () => {
  const written: Uint8Array[] = [];
  const device: FrameDevice = {
    ...deviceWith(20),
    write: (bytes) => {
      written.push(bytes.slice(0, VNET_HEADER_LENGTH));
      return WriteResult.Taken;
    },
  };
  const packet = new PacketBuffer(HEADROOM + 3000);
  packet.clear();
  packet.append(20 + 32 + 2000);
  packet.view.setUint8(packet.start, 0x45);
  packet.view.setUint8(packet.start + 20 + 12, 0x80); // 32 bytes of TCP header
  packet.checksumState = ChecksumState.Partial;
  packet.checksumStart = packet.start + 20;
  packet.checksumOffset = 16;
  packet.segmentSize = 1000;
  packet.bytes.fill(0x66, packet.prepend(14), packet.start + 14);
  new TunLink(device, 1514, 14).send(packet);
  const view = new DataView(written[0]!.buffer);
  const [flags, type, ...rest] = [0, 1].map((at) => view.getUint8(at))
    .concat([2, 4, 6, 8].map((at) => view.getUint16(at, true)));
  assertEquals([flags, type, ...rest], [1, 1, 14 + 20 + 32, 1000, 14 + 20, 16]);
});

Deno.test("a packet that its buffer has cut off is dropped and counted (G-07, Z-04)", () => {
  const link = new TunLink(deviceWith(1500), 1500);
  const stack = new Stack(link);
  const packet = new PacketBuffer(HEADROOM + 1499);
  assertEquals(link.receive(packet), true);
  stack.receive(packet, 0);
  assertEquals([stack.received, stack.drops.of(Drop.Truncated)], [1, 1]);
});

Deno.test("TunLink writes a packet with a tail in parts, and does not change it", () => {
  const written: [Uint8Array, Uint8Array, number, number][] = [];
  const device: FrameDevice = {
    ...deviceWith(20),
    gather: (head, ...tail) => {
      written.push([head.slice(VNET_HEADER_LENGTH), ...tail]);
      return WriteResult.Full;
    },
  };
  const packet = new PacketBuffer(HEADROOM + 3000);
  packet.clear();
  packet.bytes.set([1, 2, 3], packet.append(3));
  const memory = Uint8Array.of(6, 7, 4, 5);
  packet.attach(memory, 2, 3);
  assertEquals(new TunLink(device, 1500).send(packet), SendResult.Full);
  assertEquals(written, [[Uint8Array.of(1, 2, 3), memory, 2, 3]]);
  assertEquals([packet.length, packet.tailLength], [6, 3]);
});

Deno.test("TunLink gathers if the device completes checksums", () => {
  const gathers = (offload: boolean) => new TunLink({ ...deviceWith(20), offload }, 1500).gathers;
  assertEquals([gathers(true), gathers(false)], [true, false]);
});
