/**
 * What an error quotes, and which packets there are no errors about.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2 | RFC 1122 §3.2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1812#section-4.3.2 | RFC 1812 §4.3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-2.4 | RFC 4443 §2.4}
 * @module
 */
import { AddressKind, addressKind } from "../ip/address.ts";
import type { IpHeader, Problem } from "../ip/header.ts";
import { findPayloadIpv4, IPV4_HEADER_LENGTH } from "../ip/ipv4_header.ts";
import { DISCARD_AND_TELL, findPayloadIpv6, IPV6_HEADER_LENGTH } from "../ip/ipv6_header.ts";
import { ICMP_HEADER_LENGTH } from "./header.ts";
import type { IcmpVersion } from "./version.ts";

/**
 * Whether an error may be sent about a packet: not if it is itself an error, a
 * fragment but the first, from nobody in particular, or for many.
 */
export function errorMayFollow(
  version: IcmpVersion,
  header: IpHeader,
  view: DataView,
  end: number,
  problem: Problem,
  value: number,
): boolean {
  const { at, source, isMulticast } = header;
  const kind = addressKind(source);
  if (kind !== AddressKind.Unicast && kind !== AddressKind.LinkLocal) return false;
  if (isMulticast && !concernsMany(view, at, problem, value)) return false;
  // Of later fragments IPv6 has only those reported that cannot be any (RFC 8200 §4.5).
  if (header.fragmentOffset !== 0 && problem !== "malformed field") return false;
  const payload = version.version === 4
    ? findPayloadIpv4(view, at)
    : findPayloadIpv6(view, at, end);
  if (payload.protocol !== version.protocol) return true;
  return payload.at < end && !version.isError(view.getUint8(payload.at));
}

/** Of packets for many, IPv6 has senders told what options they may not use (RFC 4443 §2.4 e). */
function concernsMany(view: DataView, at: number, problem: Problem, value: number): boolean {
  if (problem === "too big") return view.getUint8(at) >> 4 === 6;
  return problem === "unknown option" && (view.getUint8(at + value) & 0xc0) === DISCARD_AND_TELL;
}

/** As much of the packet that begins at `start` as an error may hold. */
export function copyQuotation(
  { version, longestError }: IcmpVersion,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const header = version === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
  return bytes.slice(start, Math.min(end, start + longestError - header - ICMP_HEADER_LENGTH));
}
