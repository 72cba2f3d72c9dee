/**
 * ICMP errors that the peer sends about segments of the stack's.
 *
 * @module
 */
import { ICMP_TYPES, ICMPV6_TYPES } from "./icmp_names.ts";
import type { Numbering } from "./numbering.ts";
import type { IcmpSpec } from "./packet_spec.ts";
import { encodeIcmp, encodeSegment, headerLengthOf, type WireSegment } from "./wire.ts";

/** RFC 792: the IP header, and at least this much of what is behind it. */
const QUOTED = 8;

/** Whose segment is quoted. */
export type QuotedEnds = Pick<
  WireSegment,
  "source" | "destination" | "sourcePort" | "destinationPort"
>;

/** The packet for `spec`, sent by the destination of what it quotes. */
export function encodeReport(
  { version, type, code, mtu, quoted }: IcmpSpec,
  ends: QuotedEnds,
  numbering: Pick<Numbering, "toStackSequence">,
): Uint8Array<ArrayBuffer> {
  const range = quoted ?? { start: 0, length: 0 };
  const about = encodeSegment({
    ...ends,
    seq: numbering.toStackSequence(range.start),
    ack: 0,
    flags: 0,
    window: 0,
    urgent: 0,
    options: new Uint8Array(0),
    payload: new Uint8Array(range.length),
  });
  const named = (version === 4 ? ICMP_TYPES : ICMPV6_TYPES)[type];
  if (!named) throw new RangeError(`Cannot send an ICMP message: "${type}" is no type`);
  const message = { type: named.type, code: named.codes[code ?? ""] ?? 0, rest: mtu ?? 0 };
  const length = headerLengthOf(ends.source) + QUOTED;
  return encodeIcmp(message, about.subarray(0, length), ends.destination, ends.source);
}
