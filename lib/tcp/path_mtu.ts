/**
 * The path MTU, as routers report it.
 *
 * A segment that did not fit was not lost for want of capacity: what is in
 * flight is cut anew and sent again at once, and congestion control is not told.
 * The segment size only ever shrinks: what the peer announced bounds it, and
 * behind a TUN there is no path that could change for the better.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1191#section-6 | RFC 1191 §6}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8201#section-5.4 | RFC 8201 §5.4}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { IPV4_HEADER_LENGTH } from "../ip/ipv4_header.ts";
import { IPV6_HEADER_LENGTH } from "../ip/ipv6_header.ts";
import type { ControlBlock } from "./control_block.ts";
import { TCP_HEADER_LENGTH } from "./header.ts";
import { TIMESTAMPS_LENGTH } from "./options.ts";
import { changeSegmentSize } from "./recovery.ts";

/**
 * For IPv4, reports of less are taken for this. RFC 1191 §3 would go down to 68 bytes, so
 * that whoever forges one makes a packet of each byte; this is Linux's limit.
 */
const SMALLEST_MTU_IPV4 = 552;
/** Every link that carries IPv6 takes this (RFC 8200 §5); who reports less lies (RFC 8201 §4). */
const SMALLEST_MTU_IPV6 = 1280;

/**
 * Makes segments fit into IP packets of `mtu` bytes, and sends again what is in
 * flight and did not.
 *
 * @returns Whether segments have become smaller.
 */
export function pathMtuChanged(
  tcb: ControlBlock,
  version: number,
  mtu: number,
  now: Millis,
): boolean {
  if (version === 6 && mtu < SMALLEST_MTU_IPV6) return false;
  const ipHeader = version === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
  const perSegment = TCP_HEADER_LENGTH + (tcb.ts.enabled ? TIMESTAMPS_LENGTH : 0);
  const mss = Math.max(mtu, SMALLEST_MTU_IPV4) - ipHeader - perSegment;
  if (mss >= tcb.snd.mss) return false;
  changeSegmentSize(tcb, mss);
  tcb.setRetransmitTimer(now);
  return true;
}
