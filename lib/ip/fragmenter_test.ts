import { assertEquals } from "@std/assert";
import { ChecksumState, PacketBuffer } from "../base/packet_buffer.ts";
import { Fragmenter } from "./fragmenter.ts";
import { IpHeader } from "./header.ts";

/** What becomes of 3000 bytes with a partial checksum, of which `lent` are in a tail. */
function fragmentsOf(lent: number): number[][] {
  const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i * 3);
  const packet = new PacketBuffer(4000);
  packet.clear();
  packet.checksumState = ChecksumState.Partial;
  packet.checksumStart = packet.start;
  packet.checksumOffset = 16;
  packet.bytes.set(bytes.subarray(0, 3000 - lent), packet.append(3000 - lent));
  packet.attach(bytes, 3000 - lent, lent);
  const fragmenter = new Fragmenter(1500, 1);
  fragmenter.begin(new IpHeader(), packet);
  const fragments: number[][] = [];
  while (fragmenter.isBusy) {
    fragmenter.next(packet, 20);
    fragments.push([...packet.bytes.subarray(packet.start, packet.end)]);
  }
  return fragments;
}

Deno.test("Fragmenter cuts a packet with a tail as it cuts a whole one", () => {
  assertEquals(fragmentsOf(2500), fragmentsOf(0));
  assertEquals(fragmentsOf(0).map(({ length }) => length), [1480, 1480, 40]);
});
