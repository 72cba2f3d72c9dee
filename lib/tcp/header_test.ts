import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addWords, fold } from "../base/checksum.ts";
import { Drop } from "../base/drop.ts";
import { ChecksumState, PacketBuffer } from "../base/packet_buffer.ts";
import { ipv4 } from "../ip/address.ts";
import { IpHeader, IpProtocol, pseudoHeaderSum } from "../ip/header.ts";
import { completeChecksum } from "../base/checksum.ts";
import { ACK, FIN, parseSegment, PSH, RST, Segment, SYN, URG, writeSegment } from "./header.ts";
import { toSeq } from "./seq.ts";

function headerOf(version: 4 | 6): IpHeader {
  const header = new IpHeader();
  header.version = version;
  header.protocol = IpProtocol.Tcp;
  if (version === 4) {
    header.source.assign(ipv4(0xc0a80102));
    header.destination.assign(ipv4(0x5db8d822));
  } else {
    header.source.assign({ w0: 0x20010db8, w1: 0, w2: -1, w3: 1 });
    header.destination.assign({ w0: 0x20010db8, w1: 7, w2: 0, w3: -2 });
  }
  return header;
}

function segmentOf(seq: number, ack: number, flags: number, window: number): Segment {
  const segment = new Segment();
  segment.sourcePort = 40_000;
  segment.destinationPort = 443;
  segment.seq = toSeq(seq);
  segment.ack = toSeq(ack);
  segment.flags = flags;
  segment.window = window;
  return segment;
}

const word = fc.integer();

Deno.test("What is written is read again, for both versions of IP and any length (Q-01)", () => {
  fc.assert(
    fc.property(
      fc.constantFrom<4 | 6>(4, 6),
      fc.boolean(),
      fc.tuple(word, word, fc.nat(255), fc.nat(65_535)),
      fc.uint8Array({ maxLength: 300 }),
      (version, offload, [seq, ack, flags, window], payload) => {
        const ip = headerOf(version);
        const segment = segmentOf(seq, ack, flags, window);
        segment.options.mss = 1460;
        const packet = new PacketBuffer(1024);
        packet.clear();
        packet.bytes.set(payload, packet.append(payload.length));
        writeSegment(segment, ip, packet, offload);
        if (offload) completeChecksum(packet);

        const read = new Segment();
        assertEquals(parseSegment(read, ip, packet), Drop.None);
        assertEquals([read.sourcePort, read.destinationPort], [40_000, 443]);
        assertEquals([read.seq, read.flags, read.window], [toSeq(seq), flags, window]);
        assertEquals(read.ack, flags & ACK ? toSeq(ack) : toSeq(0));
        assertEquals(read.options.mss, 1460);
        assertEquals(read.payloadLength, payload.length);
        assertEquals(packet.bytes.slice(packet.start, packet.end), Uint8Array.from(payload));
      },
    ),
    { seed: 1 },
  );
});

Deno.test("A flipped bit is found, unless somebody vouches for the checksum (Q-02)", () => {
  const ip = headerOf(4);
  fc.assert(
    fc.property(fc.nat(8 * 30 - 1), (bit) => {
      const packet = new PacketBuffer(1024);
      packet.clear();
      packet.append(10);
      writeSegment(segmentOf(1, 2, ACK, 3), ip, packet, false);
      packet.bytes[packet.start + (bit >> 3)]! ^= 1 << (bit & 7);
      const { start, end } = packet;
      assertEquals(parseSegment(new Segment(), ip, packet) !== Drop.None, true);
      const isHeaderLength = bit >> 3 === 12 && (bit & 7) >= 4;
      packet.start = start;
      packet.end = end;
      packet.checksumState = ChecksumState.Verified;
      assertEquals(isHeaderLength || parseSegment(new Segment(), ip, packet) === Drop.None, true);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("A header that is not whole is refused (O-02)", () => {
  const ip = headerOf(4);
  const parse = (length: number, dataOffset: number): Drop => {
    const packet = new PacketBuffer(1024);
    packet.clear();
    packet.append(length);
    packet.bytes[packet.start + 12] = dataOffset << 4;
    packet.checksumState = ChecksumState.Verified;
    return parseSegment(new Segment(), ip, packet);
  };
  assertEquals(parse(0, 5), Drop.Truncated);
  assertEquals(parse(19, 5), Drop.Truncated);
  assertEquals(parse(20, 5), Drop.None);
  assertEquals(parse(20, 4), Drop.Malformed);
  assertEquals(parse(20, 0), Drop.Malformed);
  assertEquals(parse(23, 6), Drop.Truncated);
  assertEquals(parse(60, 15), Drop.None);
  assertEquals(parse(59, 15), Drop.Truncated);
});

Deno.test("SYN and FIN occupy a sequence number each", () => {
  const lengthOf = (flags: number) => segmentOf(0xffff_ffff, 0, flags, 0).length;
  assertEquals([ACK | PSH | RST | URG, SYN, FIN, SYN | FIN].map(lengthOf), [0, 1, 1, 2]);
  const segment = segmentOf(0xffff_ffff, 0, FIN, 0);
  segment.payloadLength = 10;
  assertEquals(segment.end, toSeq(10));
  assertEquals([segment.has(FIN), segment.has(FIN | SYN)], [true, false]);
});

Deno.test("A partial checksum is the sum of the pseudo-header (Q-06)", () => {
  const ip = headerOf(4);
  const packet = new PacketBuffer(1024);
  packet.clear();
  packet.append(11);
  writeSegment(segmentOf(1, 2, ACK, 3), ip, packet, true);
  assertEquals(packet.checksumState, ChecksumState.Partial);
  assertEquals([packet.checksumStart, packet.checksumOffset], [packet.start, 16]);
  const field = packet.view.getUint16(packet.start + 16);
  assertEquals(field, ~fold(pseudoHeaderSum(ip, packet.length)) & 0xffff);
  packet.view.setUint16(packet.start + 16, 0);
  const sum = fold(addWords(packet.view, packet.start, packet.end, field));
  packet.view.setUint16(packet.start + 16, sum);
  packet.checksumState = ChecksumState.Plain;
  assertEquals(parseSegment(new Segment(), ip, packet), Drop.None);
});

Deno.test("A copy of a segment is one", () => {
  const segment = segmentOf(1, 2, ACK | FIN, 3);
  segment.payloadLength = 4;
  segment.options.addSack(toSeq(5), toSeq(6));
  const copy = new Segment();
  copy.copyFrom(segment);
  assertEquals({ ...copy, options: 0 }, { ...segment, options: 0 });
  assertEquals([copy.options.sackCount, copy.options.sackEnd(0)], [1, toSeq(6)]);
});
