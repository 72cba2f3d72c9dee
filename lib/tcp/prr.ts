/**
 * Proportional rate reduction: what cwnd is during a recovery.
 *
 * For what arrives, a fitting part is sent, so that in the course of one round
 * trip cwnd comes down to ssthresh, neither in a burst nor after a silence.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9937#section-6 | RFC 9937 §6}
 * @module
 */
import type { ControlBlock } from "./control_block.ts";
import { pipe } from "./pipe.ts";

/** A recovery begins. */
export function beginReduction({ recovery, board }: ControlBlock): void {
  recovery.delivered = 0;
  recovery.sent = 0;
  recovery.flight = Math.max(board.next - board.una, 1);
}

/**
 * Sets cwnd after `delivered` bytes have arrived.
 *
 * @param isSafe Whether SND.UNA has moved, and nothing more was found to be lost.
 */
export function reduceWindow(tcb: ControlBlock, delivered: number, isSafe: boolean): void {
  if (delivered <= 0) return;
  const { recovery, congestion, snd } = tcb;
  const { slowStartThreshold } = congestion;
  const inNetwork = pipe(tcb);
  recovery.delivered += delivered;
  let count: number;
  if (inNetwork > slowStartThreshold) {
    const due = Math.ceil(recovery.delivered * slowStartThreshold / recovery.flight);
    count = due - recovery.sent;
  } else {
    count = Math.max(recovery.delivered - recovery.sent, delivered) + (isSafe ? snd.mss : 0);
    count = Math.min(slowStartThreshold - inNetwork, count);
  }
  if (recovery.sent === 0) count = Math.max(count, snd.mss); // the fast retransmission
  // Linux counts in segments, and rounds up; so it is never less than a segment that is sent.
  congestion.window = inNetwork + Math.max(Math.ceil(count / snd.mss), 0) * snd.mss;
}
