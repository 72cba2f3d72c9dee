/**
 * What the stack has sent, checked for everything that a script cannot say.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ChecksumState, type PacketBuffer } from "../../lib/base/packet_buffer.ts";
import type { Millis } from "../../lib/base/clock.ts";
import { completeChecksum } from "../../lib/base/checksum.ts";
import type { LinkCapabilities } from "../../lib/stack/stack.ts";
import type { Numbering } from "./numbering.ts";
import { formatPacket, type PacketSpec } from "./packet_spec.ts";
import { isText } from "./text.ts";
import { decodePacket, type WireError, type WireSegment } from "./wire.ts";

/** A packet of the stack's. */
export interface SentPacket {
  /** Since the script began. */
  readonly time: Millis;
  /** Of the peer. */
  readonly port: number;
  readonly spec: PacketSpec;
}

/** Reads the packet that the stack has made for `link`; completes its checksum. */
export function takeWire(packet: PacketBuffer, link: LinkCapabilities): WireSegment | WireError {
  const { segmentSize } = packet;
  assert(segmentSize === 0 || link.maxSegmentation > 0, "a super-segment without offload");
  const isOffloaded = packet.checksumState === ChecksumState.Partial;
  completeChecksum(packet);
  const wire = decodePacket(packet.bytes.slice(packet.start, packet.end));
  if ("quoted" in wire) {
    assertEquals(isOffloaded, false, "only TCP leaves the checksum to the link");
    return wire;
  }
  assertEquals(isOffloaded, link.checksumOffload, "whether the checksum was left to the link");
  const { length } = wire.payload;
  const headers = typeof wire.source === "bigint" ? 60 : 40;
  const longest = headers + wire.options.length + (segmentSize || length);
  assert(longest <= link.mtu, `${longest} bytes exceed the MTU`);
  assert(segmentSize === 0 || length <= link.maxSegmentation, `${length} bytes in one segment`);
  return wire;
}

/** What a script would call the packet. */
export function toSpec(
  wire: WireSegment | WireError,
  segmentSize: number,
  numbering: Numbering,
): PacketSpec {
  if ("quoted" in wire) return numbering.fromWireError(wire);
  const spec = numbering.fromWire(wire, segmentSize, false);
  return { ...spec, isJunk: !isText("stack", spec.start, wire.payload) };
}

/** `sent` in the notation of scripts; with its port when that is not `expectedPort`. */
export function describeSent({ time, port, spec }: SentPacket, expectedPort: number): string {
  const elsewhere = port === expectedPort ? "" : ` (to port ${port})`;
  return `> ${formatPacket(spec)}${elsewhere} at ${time} ms`;
}
