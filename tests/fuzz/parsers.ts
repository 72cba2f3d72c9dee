/**
 * Parsers on bytes that mean nothing, or almost mean something.
 *
 * @module
 */
import { assert } from "@std/assert";
import { addWords, fold } from "../../lib/base/checksum.ts";
import { Drop } from "../../lib/base/drop.ts";
import { ChecksumState, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { IpHeader } from "../../lib/ip/header.ts";
import { parseIpv4 } from "../../lib/ip/ipv4_header.ts";
import { parseSegment, Segment } from "../../lib/tcp/header.ts";
import { MAX_SACK_BLOCKS, parseOptions, TcpOptionFields } from "../../lib/tcp/options.ts";
import { encodeSegment } from "../harness/wire.ts";
import { mutate, randomBytes } from "./bytes.ts";

/** Reads `rounds` packets; throws when a parser does, or steps out of its packet. */
export function fuzzParsers(seed: number, rounds: number): void {
  const random = new SeededRandom(seed);
  const packet = new PacketBuffer(4096);
  const header = new IpHeader();
  const segment = new Segment();
  for (let round = 0; round < rounds; round++) {
    const bytes = round % 3 === 0 ? randomBytes(random, 120) : mutate(random, somePacket(random));
    packet.clear();
    packet.bytes.set(bytes, packet.append(bytes.length));
    if (random.below(2)) repairChecksum(packet);
    const { start, end } = packet;
    if (parseIpv4(header, packet) !== Drop.None) continue;
    assert(start + 20 <= packet.start && packet.start <= packet.end && packet.end <= end);

    if (random.below(2)) packet.checksumState = ChecksumState.Verified;
    const before = packet.start;
    if (parseSegment(segment, header, packet) !== Drop.None) continue;
    assert(before + 20 <= packet.start && packet.start <= packet.end);
    assert(segment.payloadLength === packet.length);
    checkOptions(segment.options);
  }
  fuzzOptions(random, rounds);
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
