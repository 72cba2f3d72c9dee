/**
 * What both sides say: each byte follows from who says it and where in the
 * stream it stands, so that a byte in the wrong place does not go unnoticed.
 *
 * @module
 */
import { type Side, SYN_BIT, type TcpSpec } from "./packet_spec.ts";

/** The byte at relative sequence number `at` of what `side` says. */
function textByte(side: Side, at: number): number {
  return (Math.imul(at, 0x9e3779b1) >>> 24) ^ (side === "peer" ? 0 : 0xff);
}

/** Fills `target` with what `side` says from relative sequence number `start` on. */
export function fillText(side: Side, start: number, target: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = textByte(side, start + i);
}

/** Fills `target` with the text of the peer's segment `spec`; a SYN comes before its text. */
export function fillPayload(spec: TcpSpec, target: Uint8Array): void {
  fillText("peer", spec.start + (spec.flags & SYN_BIT ? 1 : 0), target);
}

/** Whether `bytes` are what `side` says from relative sequence number `start` on. */
export function isText(side: Side, start: number, bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === textByte(side, start + i));
}
