import { assertEquals } from "@std/assert";
import { Drop } from "../base/drop.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { VNET_HEADER_LENGTH, WriteResult } from "../ffi_tun.ts";
import { Stack } from "../stack/stack.ts";
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
    wait: () => Promise.resolve(),
    wake: () => {},
    close: () => {},
  };
}

Deno.test("TunLink takes the longest packet there is, whole (G-07)", () => {
  const link = new TunLink(deviceWith(65_535), 65_520);
  const packet = new PacketBuffer(HEADROOM + 65_536);
  assertEquals([link.receive(packet), packet.length], [true, 65_535]);
});

Deno.test("a packet that its buffer has cut off is dropped and counted (G-07, Z-04)", () => {
  const link = new TunLink(deviceWith(1500), 1500);
  const stack = new Stack(link);
  const packet = new PacketBuffer(HEADROOM + 1499);
  assertEquals(link.receive(packet), true);
  stack.receive(packet, 0);
  assertEquals([stack.received, stack.drops.of(Drop.Truncated)], [1, 1]);
});
