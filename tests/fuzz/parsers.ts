/**
 * Parsers on bytes that mean nothing, or almost mean something.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { addWords, fold } from "../../lib/base/checksum.ts";
import { Drop } from "../../lib/base/drop.ts";
import { ChecksumState, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { EthernetHeader, parseEthernet } from "../../lib/ethernet/header.ts";
import { IpHeader, IpProtocol } from "../../lib/ip/header.ts";
import { parseIpv4 } from "../../lib/ip/ipv4_header.ts";
import { parseIpv6 } from "../../lib/ip/ipv6_header.ts";
import { parseSegment, Segment } from "../../lib/tcp/header.ts";
import { MAX_SACK_BLOCKS, parseOptions, TcpOptionFields } from "../../lib/tcp/options.ts";
import type { Tap } from "../harness/record.ts";
import { encodeSegment } from "../harness/wire.ts";
import { mutate, randomBytes } from "./bytes.ts";
import { fuzzNames } from "./names.ts";

const header = new IpHeader();
const ethernet = new EthernetHeader();
const segment = new Segment();

/**
 * Reads `rounds` packets; throws when a parser does, or steps out of its packet.
 *
 * @param tap Is shown each packet before it is read.
 */
export function fuzzParsers(seed: number, rounds: number, tap?: Tap): void {
  const random = new SeededRandom(seed);
  const packet = new PacketBuffer(4096);
  for (let round = 0; round < rounds; round++) {
    const bytes = someBytes(random);
    packet.clear();
    packet.bytes.set(bytes, packet.append(bytes.length));
    if (random.below(2)) repairChecksum(packet);
    tap?.(packet, round);
    const { start, end } = packet;
    for (const parse of [parseIpv4, parseIpv6]) {
      packet.start = start;
      packet.end = end;
      if (parse(header, packet) !== Drop.None) continue;
      assert(start + 20 <= packet.start && packet.start <= packet.end && packet.end <= end);
      readSegment(packet, random.below(2) === 1);
    }
    packet.start = start;
    packet.end = end;
    if (parseEthernet(ethernet, packet) === Drop.None) assertEquals(packet.start, start + 14);
  }
  fuzzOptions(random, rounds);
  fuzzNames(random, rounds);
}

/** Noise, or a damaged packet. */
function someBytes(random: SeededRandom): Uint8Array<ArrayBuffer> {
  const dice = random.below(3);
  if (dice === 0) return randomBytes(random, 120);
  return mutate(random, dice === 1 ? somePacket(random) : someIpv6Packet(random));
}

/** An IPv6 packet with extension headers, some of them right, and TCP behind them. */
function someIpv6Packet(random: SeededRandom): Uint8Array<ArrayBuffer> {
  const extensions: number[] = [];
  const [HOP_BY_HOP, ROUTING, FRAGMENT, OPTIONS] = [0, 43, 44, 60];
  const kinds = Array.from({ length: random.below(12) }, (_, i) => {
    const isFirst = i === 0 && random.below(2) === 0;
    return isFirst ? HOP_BY_HOP : [OPTIONS, OPTIONS, OPTIONS, ROUTING, FRAGMENT][random.below(5)]!;
  });
  const chain = [...kinds, IpProtocol.Tcp];
  for (const [i, kind] of kinds.entries()) {
    const units = kind === FRAGMENT ? 0 : random.below(2);
    const body = new Array<number>(6 + 8 * units).fill(0); // Pad1
    if (kind === OPTIONS && random.below(2)) {
      body.splice(0, 2, [1, 5, 0x45, 0x85][random.below(4)]!, 4);
    }
    extensions.push(chain[i + 1]!, units, ...body);
  }
  const segment = somePacket(random).subarray(20);
  const header = new Uint8Array(40);
  random.fill(header);
  header[0] = 0x60;
  new DataView(header.buffer).setUint16(4, extensions.length + segment.length);
  header[6] = chain[0]!;
  return Uint8Array.from([...header, ...extensions, ...segment]);
}

function readSegment(packet: PacketBuffer, isVouchedFor: boolean): void {
  packet.checksumState = isVouchedFor ? ChecksumState.Verified : ChecksumState.Plain;
  const before = packet.start;
  if (parseSegment(segment, header, packet) !== Drop.None) return;
  assert(before + 20 <= packet.start && packet.start <= packet.end);
  assertEquals(segment.payloadLength, packet.length);
  checkOptions(segment.options);
}

function fuzzOptions(random: SeededRandom, rounds: number): void {
  const options = new TcpOptionFields();
  for (let round = 0; round < rounds; round++) {
    const bytes = randomBytes(random, 40);
    // Kinds and lengths that mean something, so that more than the first option is read.
    for (let at = 0; at + 1 < bytes.length; at += 1 + random.below(6)) {
      bytes[at] = random.below(10);
      bytes[at + 1] = random.below(12);
    }
    parseOptions(options, new DataView(bytes.buffer), 0, bytes.length);
    checkOptions(options);
  }
}

function checkOptions(options: TcpOptionFields): void {
  assert(options.sackCount <= MAX_SACK_BLOCKS);
  assert(options.windowScale >= -1 && options.windowScale <= 14);
  assert(options.mss >= 0 && options.mss <= 0xffff);
}

/** A valid packet. */
export function somePacket(random: SeededRandom): Uint8Array<ArrayBuffer> {
  const options = randomBytes(random, 40);
  return encodeSegment({
    source: 0x0a000002,
    destination: 0x5db8d822,
    sourcePort: random.below(4),
    destinationPort: 80,
    seq: random.nextUint32(),
    ack: random.nextUint32(),
    flags: random.below(512),
    window: random.below(65_536),
    urgent: random.below(65_536),
    options: options.subarray(0, options.length & ~3),
    payload: randomBytes(random, 100),
  });
}

/** Most damage hits what checksums cover: let it be seen behind them, too. */
function repairChecksum({ view, start, length }: PacketBuffer): void {
  if (length < 20) return;
  const headerLength = Math.min((view.getUint8(start) & 15) * 4, length);
  view.setUint16(start + 10, 0);
  view.setUint16(start + 10, fold(addWords(view, start, start + headerLength)));
}
