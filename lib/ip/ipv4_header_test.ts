import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addWords, fold } from "../base/checksum.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { ipv4 } from "./address.ts";
import { IpHeader } from "./header.ts";
import { IPV4_HEADER_LENGTH, parseIpv4, writeIpv4 } from "./ipv4_header.ts";

/** A packet with `payload` bytes behind a header with `options`, which `change` may damage. */
function packetWith(
  { options = [] as number[], payload = 8, change = (_view: DataView, _at: number): void => {} },
): PacketBuffer {
  const packet = new PacketBuffer(2048);
  packet.clear();
  packet.append(IPV4_HEADER_LENGTH + options.length + payload);
  const { view, start, end } = packet;
  const headerLength = IPV4_HEADER_LENGTH + options.length;
  view.setUint8(start, 0x40 | (headerLength / 4));
  view.setUint16(start + 2, end - start);
  view.setUint8(start + 8, 63);
  view.setUint8(start + 9, 6);
  view.setUint32(start + 12, 0x0a000002);
  view.setUint32(start + 16, 0x5db8d822);
  options.forEach((byte, i) => view.setUint8(start + IPV4_HEADER_LENGTH + i, byte));
  change(view, start);
  view.setUint16(start + 10, 0);
  view.setUint16(start + 10, fold(addWords(view, start, start + headerLength)));
  return packet;
}

const parse = (packet: PacketBuffer): Drop => parseIpv4(new IpHeader(), packet);

Deno.test("parseIpv4() reads the header and consumes it", () => {
  const header = new IpHeader();
  const packet = packetWith({});
  assertEquals(parseIpv4(header, packet), Drop.None);
  assertEquals(packet.length, 8);
  assertEquals([header.version, header.protocol, header.hopLimit], [4, 6, 63]);
  assertEquals({ ...header.source }, { ...ipv4(0x0a000002) });
  assertEquals({ ...header.destination }, { ...ipv4(0x5db8d822) });
});

Deno.test("writeIpv4() writes what parseIpv4() reads (Q-04)", () => {
  const field = fc.integer();
  fc.assert(
    fc.property(
      field,
      field,
      fc.nat(255),
      fc.nat(255),
      fc.nat(1400),
      (from, to, ttl, protocol, n) => {
        const header = new IpHeader();
        header.source.assignIpv4(from);
        header.destination.assignIpv4(to);
        header.hopLimit = ttl;
        header.protocol = protocol;
        const packet = new PacketBuffer(2048);
        packet.clear();
        packet.append(n);
        writeIpv4(header, packet);
        assertEquals(packet.view.getUint16(packet.start + 6), 0x4000); // DF: G-01
        const read = new IpHeader();
        assertEquals(parseIpv4(read, packet), Drop.None);
        assertEquals(packet.length, n);
        assertEquals([read.hopLimit, read.protocol], [ttl, protocol]);
        assertEquals([read.source.w3, read.destination.w3], [from, to]);
      },
    ),
    { seed: 1 },
  );
});

Deno.test("parseIpv4() cuts off what is behind the datagram (4-01)", () => {
  const packet = packetWith({ payload: 8 });
  packet.append(6); // Ethernet's padding
  assertEquals(parse(packet), Drop.None);
  assertEquals(packet.length, 8);
});

Deno.test("parseIpv4() says why a datagram is not one (4-01, 4-02)", () => {
  const set = (offset: number, value: number) => (view: DataView, at: number) =>
    view.setUint16(at + offset, value);
  const cases: readonly [string, PacketBuffer, Drop][] = [
    ["a short header", packetWith({ change: (v, at) => v.setUint8(at, 0x44) }), Drop.Malformed],
    ["a header as long as all", packetWith({ change: set(2, 19) }), Drop.Malformed],
    ["a total length beyond the packet", packetWith({ change: set(2, 29) }), Drop.Truncated],
    ["options", packetWith({ options: [1, 1, 0x44, 4, 5, 0, 0, 0xff] }), Drop.None],
    ["nothing behind their end", packetWith({ options: [0, 131, 131, 0] }), Drop.None],
    ["a loose route", packetWith({ options: [1, 131, 3, 4] }), Drop.SourceRoute],
    ["a strict route", packetWith({ options: [137, 3, 4, 0] }), Drop.SourceRoute],
    ["an option of no length", packetWith({ options: [1, 1, 1, 7] }), Drop.Malformed],
    ["an option of length 1", packetWith({ options: [7, 1, 0, 0] }), Drop.Malformed],
    ["an option beyond the header", packetWith({ options: [7, 5, 0, 0] }), Drop.Malformed],
  ];
  for (const [name, packet, reason] of cases) assertEquals(parse(packet), reason, name);
});

Deno.test("parseIpv4() says which part of a datagram a fragment is (4-06)", () => {
  const cases = [
    [0x0000, false, 0, false],
    [0x4000, false, 0, false],
    [0x2000, true, 0, true],
    [0x0001, true, 8, false],
    [0x3fff, true, 65_528, true],
  ] as const;
  for (const [field, isFragment, fragmentOffset, moreFragments] of cases) {
    const header = new IpHeader();
    const packet = packetWith({
      change: (view, at) => view.setUint32(at + 4, 0xabcd_0000 + field),
    });
    assertEquals(parseIpv4(header, packet), Drop.None);
    assertEquals(header.isFragment, isFragment);
    assertEquals([header.fragmentOffset, header.moreFragments], [fragmentOffset, moreFragments]);
    assertEquals(header.identification, 0xabcd);
  }
});

Deno.test("parseIpv4() refuses a wrong checksum and a header cut short (Q-04, 4-01)", () => {
  const damaged = packetWith({});
  damaged.bytes[damaged.start + 8]! ^= 1;
  assertEquals(parse(damaged), Drop.BadChecksum);
  const short = packetWith({});
  short.end = short.start + 19;
  assertEquals(parse(short), Drop.Truncated);
  const empty = packetWith({});
  empty.end = empty.start;
  assertEquals(parse(empty), Drop.Truncated);
});

Deno.test("writeIpv4() gives atomic datagrams no ID that counts across flows (I-06, RFC 6864 §4.1)", () => {
  const packet = new PacketBuffer(256);
  for (let sent = 0; sent < 3; sent++) {
    packet.clear();
    packet.append(8);
    writeIpv4(new IpHeader(), packet);
    assertEquals(packet.view.getUint16(packet.start + 4), 0);
    assertEquals(packet.view.getUint16(packet.start + 6), 0x4000); // DF, and it is whole
  }
});
