import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { IpHeader } from "./header.ts";
import { IPV6_HEADER_LENGTH, parseIpv6, writeIpv6 } from "./ipv6_header.ts";

const TCP = 6;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const OPTIONS = 60;
const SOURCE = [0x2001_0db8, 0, 0, 1];
const DESTINATION = [0x2001_0db8, 0, 0, 2];

interface Shape {
  readonly source?: readonly number[];
  readonly destination?: readonly number[];
  /** The bytes of the extension headers, and before them the kind of the first. */
  readonly extensions?: readonly [first: number, ...bytes: readonly number[]];
  readonly change?: (view: DataView, at: number) => void;
}

/** A packet with eight bytes behind the headers of `shape`. */
function packetWith({ source = SOURCE, destination = DESTINATION, extensions, change }: Shape) {
  const [first = TCP, ...bytes] = extensions ?? [];
  const packet = new PacketBuffer(2048);
  packet.clear();
  packet.append(IPV6_HEADER_LENGTH + bytes.length + 8);
  const { view, start } = packet;
  view.setUint8(start, 0x60);
  view.setUint16(start + 4, bytes.length + 8);
  view.setUint8(start + 6, first);
  view.setUint8(start + 7, 63);
  source.forEach((word, i) => view.setUint32(start + 8 + 4 * i, word));
  destination.forEach((word, i) => view.setUint32(start + 24 + 4 * i, word));
  packet.bytes.set(bytes, start + IPV6_HEADER_LENGTH);
  change?.(view, start);
  return packet;
}

const parse = (packet: PacketBuffer): Drop => parseIpv6(new IpHeader(), packet);

Deno.test("parseIpv6() reads the header and consumes it (6-01)", () => {
  const header = new IpHeader();
  const packet = packetWith({});
  packet.append(6); // padding, which is not part of it
  assertEquals(parseIpv6(header, packet), Drop.None);
  assertEquals(packet.length, 8);
  assertEquals([header.version, header.protocol, header.hopLimit], [6, TCP, 63]);
  assertEquals({ ...header.source }, { w0: 0x2001_0db8, w1: 0, w2: 0, w3: 1 });
  assertEquals({ ...header.destination }, { w0: 0x2001_0db8, w1: 0, w2: 0, w3: 2 });
});

Deno.test("writeIpv6() writes what parseIpv6() reads (6-01)", () => {
  const word = fc.integer();
  const address = fc.tuple(word, word, word, word).filter(([, , mark]) => mark !== 0xffff);
  const protocol = fc.nat(255).filter((kind) => ![0, 43, 44, 60].includes(kind));
  fc.assert(
    fc.property(
      address,
      address,
      fc.nat(255),
      protocol,
      fc.nat(1400),
      (from, to, hops, kind, n) => {
        const header = new IpHeader();
        const [w0, w1, w2, w3] = from;
        header.source.assign({ w0, w1, w2, w3 });
        header.destination.assign({ w0: to[0], w1: to[1], w2: to[2], w3: to[3] });
        header.hopLimit = hops;
        header.protocol = kind;
        const packet = new PacketBuffer(2048);
        packet.clear();
        packet.append(n);
        writeIpv6(header, packet);
        const read = new IpHeader();
        assertEquals(parseIpv6(read, packet), Drop.None);
        assertEquals(packet.length, n);
        assertEquals([read.hopLimit, read.protocol], [hops, kind]);
        assertEquals({ ...read.source }, { ...header.source });
        assertEquals({ ...read.destination }, { ...header.destination });
      },
    ),
    { seed: 1 },
  );
});

Deno.test("parseIpv6() steps over extension headers, and knows those it must not (6-02, 6-03)", () => {
  const pad = [1, 4, 0, 0, 0, 0]; // PadN
  const cases: readonly [string, Shape["extensions"], Drop][] = [
    ["hop-by-hop options", [HOP_BY_HOP, TCP, 0, ...pad], Drop.None],
    ["destination options", [OPTIONS, TCP, 0, 0, 0, 1, 2, 0, 0], Drop.None],
    ["sixteen bytes of them", [OPTIONS, TCP, 1, 1, 12, ...new Array(12).fill(0)], Drop.None],
    ["all that there may be", [
      HOP_BY_HOP,
      ...[OPTIONS, 0, ...pad],
      ...[ROUTING, 0, ...pad],
      ...[OPTIONS, 0, 2, 0, 0, 0, 0, 0],
      ...[TCP, 0, ...pad],
    ], Drop.None],
    ["hop-by-hop options that are not first", [
      OPTIONS,
      ...[HOP_BY_HOP, 0, ...pad],
      ...[TCP, 0, ...pad],
    ], Drop.Malformed],
    ["an endless chain", [
      OPTIONS,
      ...new Array(6).fill([OPTIONS, 0, ...pad]).flat(),
    ], Drop.Malformed],
    ["an unknown option to be skipped", [OPTIONS, TCP, 0, 0x1e, 4, 9, 9, 9, 9], Drop.None],
    [
      "an unknown option to be discarded",
      [OPTIONS, TCP, 0, 0x5e, 4, 9, 9, 9, 9],
      Drop.UnknownOption,
    ],
    ["one to be complained of", [OPTIONS, TCP, 0, 0xde, 4, 9, 9, 9, 9], Drop.UnknownOption],
    ["an option beyond its header", [OPTIONS, TCP, 0, 0x1e, 5, 9, 9, 9, 9], Drop.Malformed],
    ["an option without a length", [OPTIONS, TCP, 0, 0, 0, 0, 0, 0, 1], Drop.Malformed],
    ["a route that is done", [ROUTING, TCP, 0, 0, 0, 0, 0, 0, 0], Drop.None],
    ["a route with hops left", [ROUTING, TCP, 0, 0, 1, 0, 0, 0, 0], Drop.SourceRoute],
    ["a fragment", [FRAGMENT, TCP, 0, 0, 1, 0, 0, 0, 7], Drop.None],
    ["hop-by-hop options in one", [FRAGMENT, HOP_BY_HOP, 0, 0, 1, 0, 0, 0, 7], Drop.Malformed],
    ["hop-by-hop options in all of one", [
      FRAGMENT,
      ...[HOP_BY_HOP, 0, 0, 0, 0, 0, 0, 7],
      ...[TCP, 0, ...pad],
    ], Drop.Malformed],
    ["a header beyond the packet", [OPTIONS, TCP, 2, 0, 0, 0, 0, 0, 0], Drop.Truncated],
  ];
  for (const [name, extensions, reason] of cases) {
    const packet = packetWith(extensions ? { extensions } : {});
    assertEquals(parse(packet), reason, name);
    if (reason === Drop.None) assertEquals(packet.length, 8, name);
  }
});

Deno.test("parseIpv6() drops IPv4-mapped addresses, which would pass for IPv4 (6-09)", () => {
  const mapped = [0, 0, 0xffff, 0x0a00_0002];
  assertEquals(parse(packetWith({ source: mapped })), Drop.InvalidSource);
  assertEquals(parse(packetWith({ destination: mapped })), Drop.InvalidDestination);
});

Deno.test("parseIpv6() refuses what is cut short (6-01)", () => {
  for (const length of [0, 1, 39, 40, 47]) {
    const packet = packetWith({});
    packet.end = packet.start + length;
    assertEquals(parse(packet), Drop.Truncated, `${length} bytes`);
  }
  const empty = packetWith({ change: (view, at) => view.setUint16(at + 4, 0) }); // RFC 2675: no
  assertEquals(parse(empty), Drop.None);
  assertEquals(empty.length, 0);
});
