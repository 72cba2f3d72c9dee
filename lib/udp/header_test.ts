import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Drop } from "../base/drop.ts";
import { ChecksumState, HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { completeChecksum } from "../base/checksum.ts";
import { Datagram, parseDatagram, writeDatagram } from "./header.ts";

function headerOf(version: 4 | 6, seed = 1): IpHeader {
  const header = new IpHeader();
  header.version = version;
  header.protocol = IpProtocol.Udp;
  if (version === 4) {
    header.source.assignIpv4(0x0a00_0002);
    header.destination.assignIpv4(seed);
  } else {
    header.source.assign({ w0: 0x2001_0db8, w1: 0, w2: 0, w3: 2 });
    header.destination.assign({ w0: 0x2001_0db8, w1: 0, w2: 0, w3: seed });
  }
  return header;
}

/** A datagram with `payload`, as it is on a wire. */
function write(header: IpHeader, payload: Uint8Array, offload = false): PacketBuffer {
  const packet = new PacketBuffer(HEADROOM + 2048);
  packet.clear();
  packet.bytes.set(payload, packet.append(payload.length));
  const datagram = new Datagram();
  datagram.sourcePort = 40_000;
  datagram.destinationPort = 53;
  writeDatagram(datagram, header, packet, offload);
  if (offload) completeChecksum(packet);
  return packet;
}

const parse = (packet: PacketBuffer, header: IpHeader): Drop =>
  parseDatagram(new Datagram(), header, packet);

Deno.test("parseDatagram() reads what writeDatagram() writes, whoever completes the checksum (Q-01, Q-03)", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(4 as const, 6 as const),
      fc.integer(),
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      (version, seed, payload, offload) => {
        const header = headerOf(version, seed);
        const packet = write(header, payload, offload);
        assertEquals(packet.checksumState, ChecksumState.Plain);
        const read = new Datagram();
        assertEquals(parseDatagram(read, header, packet), Drop.None);
        assertEquals([read.sourcePort, read.destinationPort], [40_000, 53]);
        assertEquals(packet.bytes.slice(packet.start, packet.end), payload);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("A checksum that comes to zero is sent as 0xffff, and is right (Q-03)", () => {
  for (const version of [4, 6] as const) {
    for (const offload of [false, true]) {
      const header = headerOf(version);
      // What the checksum is with two bytes of zero, they make zero of it.
      const before = write(header, new Uint8Array(2));
      const sum = before.view.getUint16(before.start + 6);
      const packet = write(header, new Uint8Array([sum >> 8, sum & 0xff]), offload);
      assertEquals(packet.view.getUint16(packet.start + 6), 0xffff);
      assertEquals(parse(packet, header), Drop.None);
    }
  }
});

Deno.test("A datagram without a checksum is taken over IPv4, and dropped over IPv6 (Q-03)", () => {
  for (const [version, reason] of [[4, Drop.None], [6, Drop.BadChecksum]] as const) {
    const header = headerOf(version);
    const packet = write(header, new Uint8Array(9));
    packet.view.setUint16(packet.start + 6, 0);
    assertEquals(parse(packet, header), reason);
  }
});

Deno.test("A damaged datagram is dropped, unless somebody vouches for its checksum (Q-03, Q-02)", () => {
  for (const version of [4, 6] as const) {
    const header = headerOf(version);
    const packet = write(header, new Uint8Array(9));
    packet.bytes[packet.end - 1]! ^= 1;
    const { start, end } = packet;
    assertEquals(parse(packet, header), Drop.BadChecksum);
    [packet.start, packet.end] = [start, end];
    packet.checksumState = ChecksumState.Verified;
    assertEquals(parse(packet, header), Drop.None);
  }
});

Deno.test("parseDatagram() believes the length only if it can be (P-01)", () => {
  const header = headerOf(4);
  const cases: readonly [number, Drop][] = [
    [0, Drop.Malformed],
    [7, Drop.Malformed],
    [18, Drop.Truncated],
    [0xffff, Drop.Truncated],
  ];
  for (const [length, reason] of cases) {
    const packet = write(header, new Uint8Array(9));
    packet.view.setUint16(packet.start + 4, length);
    assertEquals(parse(packet, header), reason, `a length of ${length}`);
  }
  const short = write(header, new Uint8Array(9));
  short.end = short.start + 7;
  assertEquals(parse(short, header), Drop.Truncated);
  const long = write(header, new Uint8Array(9));
  long.append(5); // which are not part of it
  assertEquals(parse(long, header), Drop.None);
  assertEquals(long.length, 9);
});
