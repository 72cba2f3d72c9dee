import { assertEquals } from "@std/assert";
import { Drop } from "../base/drop.ts";
import { ChecksumState, HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { parseIpv4, writeIpv4 } from "../ip/ipv4_header.ts";
import { parseIpv6, writeIpv6 } from "../ip/ipv6_header.ts";
import { Datagram, parseDatagram, writeDatagram } from "../udp/header.ts";
import { cutSegments, restorePartial } from "./offload.ts";

/** Datagrams of `size` bytes, joined to one packet: the payload counts up. */
function joined(version: 4 | 6, length: number, size: number): PacketBuffer {
  const packet = new PacketBuffer(HEADROOM + 65_536);
  packet.clear();
  const at = packet.append(length);
  for (let i = 0; i < length; i++) packet.bytes[at + i] = i;
  const header = new IpHeader();
  header.version = version;
  header.protocol = IpProtocol.Udp;
  if (version === 4) {
    header.source.assignIpv4(0x0a000001);
    header.destination.assignIpv4(0x0a000002);
  }
  const datagram = new Datagram();
  datagram.sourcePort = 53;
  datagram.destinationPort = 40_000;
  writeDatagram(datagram, header, packet, true);
  (version === 4 ? writeIpv4 : writeIpv6)(header, packet);
  packet.segmentSize = size;
  return packet;
}

for (const version of [4, 6] as const) {
  for (const isFromGuest of [false, true]) {
    const who = isFromGuest ? "the guest's kernel has" : "we have";
    Deno.test(`cutSegments() makes whole datagrams of what ${who} joined, over IPv${version} (Q-01)`, () => {
      for (const [length, size] of [[3000, 1000], [2999, 1000], [5, 2], [60_000, 1448]] as const) {
        const packet = joined(version, length, size);
        if (isFromGuest) {
          packet.checksumState = ChecksumState.Verified;
          packet.view.setUint16(packet.checksumStart + 6, 0xdead); // anything may be there
          restorePartial(packet);
        }
        let next = 0;
        cutSegments(packet, new PacketBuffer(HEADROOM + 65_536), (wire) => {
          const header = new IpHeader();
          const datagram = new Datagram();
          assertEquals((version === 4 ? parseIpv4 : parseIpv6)(header, wire), Drop.None);
          assertEquals(parseDatagram(datagram, header, wire), Drop.None);
          assertEquals([datagram.sourcePort, datagram.destinationPort], [53, 40_000]);
          assertEquals(wire.length, Math.min(size, length - next));
          for (let at = wire.start; at < wire.end; at++) {
            assertEquals(wire.bytes[at], next++ & 0xff);
          }
        });
        assertEquals(next, length);
      }
    });
  }
}
