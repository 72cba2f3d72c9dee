import { assert, assertEquals } from "@std/assert";
import { addWords, completeChecksum, fold } from "../base/checksum.ts";
import { Drop } from "../base/drop.ts";
import { ChecksumState, HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { type IpAddress, ipv4 } from "../ip/address.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { parseIpv4, writeIpv4 } from "../ip/ipv4_header.ts";
import { parseIpv6, writeIpv6 } from "../ip/ipv6_header.ts";
import { ACK, FIN, parseSegment, PSH, Segment, writeSegment } from "../tcp/header.ts";
import { seqBits, toSeq } from "../tcp/seq.ts";
import { cutSegments, restorePartial } from "./offload.ts";

const ISN = 0xffff_ff00;

interface Family {
  readonly version: 4 | 6;
  readonly client: IpAddress;
  readonly target: IpAddress;
  readonly parse: typeof parseIpv4;
  readonly write: typeof writeIpv4;
}

const FAMILIES: readonly Family[] = [
  {
    ...{ version: 4, client: ipv4(0x0a000001), target: ipv4(0x0a000002) },
    ...{ parse: parseIpv4, write: writeIpv4 },
  },
  {
    ...{ version: 6, client: { w0: 0xfd00_0000 | 0, w1: 0, w2: 0, w3: 0x100 } },
    ...{ target: { w0: 0x2001_0db8, w1: -1, w2: 0, w3: 1 }, parse: parseIpv6, write: writeIpv6 },
  },
];

/** A segment as the stack makes it for a link with offload: its payload counts up. */
function superSegment(
  { version, client, target, write }: Family,
  length: number,
  segmentSize: number,
  offload = true,
): PacketBuffer {
  const packet = new PacketBuffer(HEADROOM + 65_536);
  packet.clear();
  const at = packet.append(length);
  for (let i = 0; i < length; i++) packet.bytes[at + i] = i;
  const segment = new Segment();
  segment.sourcePort = 1;
  segment.destinationPort = 2;
  segment.seq = toSeq(ISN);
  segment.flags = ACK | PSH | FIN;
  segment.options.hasTimestamps = true;
  const header = new IpHeader();
  header.version = version;
  header.source.assign(client);
  header.destination.assign(target);
  header.protocol = IpProtocol.Tcp;
  writeSegment(segment, header, packet, offload);
  write(header, packet);
  packet.segmentSize = length > segmentSize ? segmentSize : 0;
  return packet;
}

/** Reads a wire packet as its receiver would, checksums included. */
function parse(family: Family, packet: PacketBuffer): Segment {
  const header = new IpHeader();
  const segment = new Segment();
  assertEquals(packet.checksumState, ChecksumState.Plain);
  assertEquals(family.parse(header, packet), Drop.None);
  assertEquals(parseSegment(segment, header, packet), Drop.None);
  return segment;
}

function cut(packet: PacketBuffer, use: (packet: PacketBuffer) => void): void {
  cutSegments(packet, new PacketBuffer(HEADROOM + 65_536), use);
}

for (const family of FAMILIES) {
  Deno.test(`IPv${family.version}: completeChecksum() makes what a stack without offload makes`, () => {
    for (const length of [0, 1, 2, 999, 1000, 1448]) {
      const partial = superSegment(family, length, 1448);
      const plain = superSegment(family, length, 1448, false);
      completeChecksum(partial);
      assertEquals(
        partial.bytes.subarray(partial.start, partial.end),
        plain.bytes.subarray(plain.start, plain.end),
      );
    }
  });

  Deno.test(`IPv${family.version}: cutSegments() leaves every byte in its place, across the wrap of sequence numbers`, () => {
    for (const length of [1001, 2000, 2001, 65_000]) {
      let next = 0;
      cut(superSegment(family, length, 1000), (wire) => {
        assert(wire.length <= 1000 + (family.version === 4 ? 52 : 72));
        const segment = parse(family, wire);
        assertEquals(seqBits(segment.seq), (ISN + next) | 0);
        for (let at = wire.start; at < wire.end; at++) assertEquals(wire.bytes[at], next++ & 0xff);
      });
      assertEquals(next, length);
    }
  });

  Deno.test(`IPv${family.version}: cutSegments() keeps FIN and PSH for the last packet, and options for all`, () => {
    const flags: number[] = [];
    cut(superSegment(family, 2500, 1000), (wire) => {
      const segment = parse(family, wire);
      flags.push(segment.flags);
      assertEquals(segment.options.hasTimestamps, true);
    });
    assertEquals(flags, [ACK, ACK, ACK | PSH | FIN]);
  });

  Deno.test(`IPv${family.version}: cutSegments() emits a plain packet itself, with its checksum complete`, () => {
    const packet = superSegment(family, 100, 1000);
    cut(packet, (wire) => assertEquals(wire === packet, true));
    parse(family, packet);
  });

  Deno.test(`IPv${family.version}: restorePartial() lets a packet that was never on a wire get its checksums`, () => {
    for (const length of [100, 3000]) {
      const packet = superSegment(family, length, 1000);
      packet.checksumState = ChecksumState.Verified;
      packet.view.setUint16(packet.checksumStart + 16, 0xdead); // anything may be there
      let total = 0;
      restorePartial(packet);
      cut(packet, (wire) => total += parse(family, wire).payloadLength);
      assertEquals(total, length);
    }
  });
}

Deno.test("restorePartial() finds the header of UDP over IPv6; 0 is sent as 0xffff (RFC 768)", () => {
  const packet = new PacketBuffer(HEADROOM + 100);
  packet.clear();
  packet.append(40 + 8 + 2);
  const { view, start, end } = packet;
  view.setUint8(start, 0x60);
  view.setUint16(start + 4, 10);
  view.setUint8(start + 6, IpProtocol.Udp);
  view.setUint16(start + 40 + 4, 10);
  view.setUint16(end - 2, 0xffff - 17 - 10 - 10); // makes the sum 0xffff
  packet.checksumState = ChecksumState.Verified;
  restorePartial(packet);
  completeChecksum(packet);
  assertEquals(view.getUint16(start + 46), 0xffff);
  assertEquals(fold(addWords(view, start + 40, end, 17 + 10)), 0);
});
