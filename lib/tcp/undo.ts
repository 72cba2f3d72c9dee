/**
 * Taking back what was done about a loss that was none.
 *
 * Three things tell: an acknowledgment that echoes a timestamp from before the
 * first retransmission (Eifel), reports of duplicates for everything that was
 * sent again, and, after a timeout, {@link ./recovery.ts | F-RTO}.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc3522#section-3.2 | RFC 3522 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4015#section-3.2 | RFC 4015 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc3708#section-3 | RFC 3708 §3}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { ControlBlock } from "./control_block.ts";
import type { Segment } from "./header.ts";
import { widenReorderingWindow } from "./rack.ts";
import { CongestionState, Frto } from "./recovery_state.ts";
import { seqBefore, seqBeforeOrAt, seqDiff } from "./seq.ts";
import { timestampAt } from "./timestamp.ts";

/** From now on retransmissions count towards what may be undone. */
export function beginUndo({ recovery, board }: ControlBlock): void {
  recovery.mayUndo = true;
  recovery.undoFrom = board.una;
  recovery.undoSegments = -1;
  recovery.undoStamp = undefined;
}

/** `segments` have been sent again at `now`. */
export function noteRetransmission(tcb: ControlBlock, segments: number, now: Millis): void {
  const { recovery } = tcb;
  recovery.retransmits += segments;
  recovery.undoSegments = Math.max(recovery.undoSegments, 0) + segments;
  recovery.undoStamp ??= timestampAt(tcb, now);
}

/** Whether what was sent again since {@linkcode beginUndo} need not have been. */
export function isSpurious(tcb: ControlBlock, { options }: Segment, acked: number): boolean {
  const { recovery, ts } = tcb;
  if (!recovery.mayUndo) return false;
  if (recovery.undoSegments === 0) return true;
  if (acked <= 0 || recovery.undoStamp === undefined) return false;
  return ts.enabled && options.hasTimestamps && options.tsecr !== 0 &&
    ((options.tsecr - recovery.undoStamp) | 0) < 0;
}

/** Restores cwnd and ssthresh; what is still outstanding is no longer taken for lost. */
export function undo({ recovery, board, congestion, rack }: ControlBlock): void {
  if (recovery.state !== CongestionState.Loss) rack.hasReordered = true;
  recovery.state = CongestionState.Open;
  recovery.mayUndo = false;
  recovery.frto = Frto.Off;
  recovery.duplicated = 0;
  recovery.duplicates = 0;
  board.loseNothing();
  congestion.undo();
}

/**
 * Whether the first SACK block reports a duplicate (RFC 2883 §4): something
 * below SEG.ACK, or within the second block. If so, it is taken in.
 */
export function noteDuplicateReport(tcb: ControlBlock, segment: Segment): boolean {
  const { options, ack } = segment;
  const start = options.sackStart(0);
  const end = options.sackEnd(0);
  const isBelow = seqBefore(start, ack) && seqBeforeOrAt(end, ack);
  const isWithin = options.sackCount > 1 && seqBeforeOrAt(options.sackStart(1), start) &&
    seqBeforeOrAt(end, options.sackEnd(1));
  if ((!isBelow && !isWithin) || !seqBefore(start, end)) return false;
  const { recovery, board, snd } = tcb;
  const position = board.una + seqDiff(end, snd.una);
  if (position > board.next || position < board.una - snd.maxWnd) return false;
  const segments = Math.ceil(seqDiff(end, start) / snd.mss);
  if (recovery.mayUndo && recovery.undoSegments > 0 && position > recovery.undoFrom) {
    recovery.undoSegments = Math.max(recovery.undoSegments - segments, 0);
  }
  // A probe of the tail has come twice without any reordering.
  if (!tcb.tailProbe && recovery.retransmits > 0) widenReorderingWindow(tcb);
  return true;
}
