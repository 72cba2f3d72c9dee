/**
 * Our timestamp clock: milliseconds, plus an offset that differs from peer to peer.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7323#section-5.4 | RFC 7323 §5.4}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { ControlBlock } from "./control_block.ts";

/** TSval for a segment that leaves at `now`; signed 32 bits. */
export function timestampAt(tcb: ControlBlock, now: Millis): number {
  return (Math.floor(now) + tcb.ts.offset) | 0;
}

/** How long ago we sent `tsecr`; negative when we never did. */
export function timestampAge(tcb: ControlBlock, tsecr: number, now: Millis): Millis {
  return (timestampAt(tcb, now) - tsecr) | 0;
}
