/**
 * ICMP errors that come in: what somebody says of a packet of ours.
 *
 *     | type | code | checksum | 0 or MTU | IP header of ours | 8 bytes or more of what it carried |
 *
 * Nothing of it can be trusted: the one who sends it need not have seen the
 * packet. What is quoted says which transport, and that one checks whether it
 * has sent such a thing (RFC 5927 §4.1).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc792 | RFC 792}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1191#section-4 | RFC 1191 §4}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { IpHeader } from "../ip/header.ts";
import type { DeliveryError, DeliveryErrorKind } from "../ip/ip.ts";
import { parseQuotedIpv4, TOTAL_LENGTH } from "../ip/ipv4_header.ts";
import {
  DESTINATION_UNREACHABLE,
  ICMP_HEADER_LENGTH,
  PARAMETER_PROBLEM,
  TIME_EXCEEDED,
} from "./header.ts";

/** By the codes of type 3 (RFC 792; RFC 1122 §3.2.2.1; RFC 1812 §5.2.7.1). */
const UNREACHABLE_KINDS: readonly DeliveryErrorKind[] = [
  "network unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "too big",
  "network unreachable", // the source route failed; we never give one
  "network unreachable", // unknown
  "host unreachable", // unknown
  "host unreachable", // the source is isolated
  "prohibited", // the network
  "prohibited", // the host
  "network unreachable", // for the type of service
  "host unreachable", // for the type of service
  "prohibited", // by a filter
  "host unreachable", // precedence violation
  "host unreachable", // precedence cutoff
];

/** Sizes that paths have, for routers that do not say (RFC 1191 §7.1, without the smallest). */
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508] as const;

/** An error that is being read. One object, reused for every packet: nobody may keep it. */
export class DeliveryReport implements DeliveryError {
  kind: DeliveryErrorKind = "host unreachable";
  mtu = 0;
}

/**
 * Reads the ICMP error at the front of `packet`, whose checksum is right, and
 * consumes it up to what follows the header that it quotes.
 *
 * @returns Why it is none that matters, or `Drop.None`.
 */
export function parseReport(
  report: DeliveryReport,
  quoted: IpHeader,
  packet: PacketBuffer,
): Drop {
  const { view, start } = packet;
  const kind = kindOf(view.getUint8(start), view.getUint8(start + 1));
  if (!kind) return Drop.IgnoredMessage;
  report.kind = kind;
  report.mtu = view.getUint16(start + 6);
  packet.consume(ICMP_HEADER_LENGTH);
  const at = packet.start;
  const reason = parseQuotedIpv4(quoted, packet);
  if (reason !== Drop.None) return reason;
  if (kind === "too big" && report.mtu === 0) {
    report.mtu = plateauBelow(view.getUint16(at + TOTAL_LENGTH));
  }
  return Drop.None;
}

/** Of the other types nothing is asked of us, or they must be ignored (MUST-55: source quench). */
function kindOf(type: number, code: number): DeliveryErrorKind | undefined {
  switch (type) {
    case DESTINATION_UNREACHABLE:
      return UNREACHABLE_KINDS[code];
    case TIME_EXCEEDED:
      return "time exceeded";
    case PARAMETER_PROBLEM:
      return "parameter problem";
    default:
      return undefined;
  }
}

function plateauBelow(length: number): number {
  return PLATEAUS.find((size) => size < length) ?? 0;
}
