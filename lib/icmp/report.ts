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
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-3 | RFC 4443 §3}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { IpHeader } from "../ip/header.ts";
import type { DeliveryError, DeliveryErrorKind } from "../ip/ip.ts";
import { parseQuotedIpv4, TOTAL_LENGTH } from "../ip/ipv4_header.ts";
import { parseQuotedIpv6 } from "../ip/ipv6_header.ts";
import { ICMP_HEADER_LENGTH } from "./header.ts";
import type { IcmpVersion } from "./version.ts";

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
  { version, kindOf }: IcmpVersion,
  report: DeliveryReport,
  quoted: IpHeader,
  packet: PacketBuffer,
): Drop {
  const { view, start } = packet;
  const kind = kindOf(view.getUint8(start), view.getUint8(start + 1));
  if (!kind) return Drop.IgnoredMessage;
  report.kind = kind;
  report.mtu = version === 4 ? view.getUint16(start + 6) : view.getUint32(start + 4);
  packet.consume(ICMP_HEADER_LENGTH);
  if (version === 6) return parseQuotedIpv6(quoted, packet);
  const at = packet.start;
  const reason = parseQuotedIpv4(quoted, packet);
  if (reason !== Drop.None) return reason;
  if (kind === "too big" && report.mtu === 0) {
    report.mtu = plateauBelow(view.getUint16(at + TOTAL_LENGTH));
  }
  return Drop.None;
}

function plateauBelow(length: number): number {
  return PLATEAUS.find((size) => size < length) ?? 0;
}
