/**
 * Loss recovery: what follows from an acknowledgment, or from its absence, for
 * what was sent.
 *
 * With SACK {@link ./rack.ts | RACK} finds what is lost; without, it is NewReno
 * that counts duplicates. The states and their changes are Linux's.
 *
 *                 lost                       all acknowledged
 *      Open ---------------> Recovery ---------------------------> Open
 *        |                       |                                  ^
 *        +------ timeout --------+------> Loss ---------------------+
 *                                    or never lost: undo
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6675#section-5 | RFC 6675 §5}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6582#section-3.2 | RFC 6582 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5827#section-3 | RFC 5827 §3}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { ControlBlock } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import type { Segment } from "./header.ts";
import { pipe } from "./pipe.ts";
import { beginReduction, reduceWindow } from "./prr.ts";
import { ageReorderingWindow, detectLosses } from "./rack.ts";
import { CongestionState, DUPLICATE_THRESHOLD, Frto } from "./recovery_state.ts";
import { beginUndo, isSpurious, undo } from "./undo.ts";

/** What an acknowledgment is, for loss recovery. */
export interface Progress {
  /** Bytes by which SND.UNA has moved. */
  readonly acked: number;
  /** Whether it repeats SND.UNA, as RFC 5681 §2 has it. */
  readonly isDuplicate: boolean;
  /** Bytes that the window may grow for. */
  readonly growth: number;
  /** Whether cwnd was what held more back. */
  readonly isLimited: boolean;
}

/** Takes in an acknowledgment, after the scoreboard has. */
export function recover(
  tcb: ControlBlock,
  segment: Segment,
  progress: Progress,
  now: Millis,
): void {
  const { recovery, board, congestion } = tcb;
  const { acked, isDuplicate } = progress;
  const { unrepaired } = board;
  const wasRecovering = recovery.state === CongestionState.Recovery;
  let delivered = board.delivery.bytes;
  if (!tcb.sack) delivered += countDuplicates(tcb, acked, isDuplicate);
  // Without SACK duplicates stood for some of it, which then does not count again; as in Linux.
  const growth = Math.min(progress.growth, delivered);

  if (wasRecovering) whileRecovering(tcb, segment, acked, now);
  else if (recovery.state === CongestionState.Loss) afterTimeout(tcb, segment, acked, isDuplicate);
  else if (isSpurious(tcb, segment, 0)) undo(tcb);

  findLosses(tcb, acked, now);
  // Nothing stands for what is known to have left the network.
  recovery.duplicated = Math.min(recovery.duplicated, board.pipe);
  const hasLostMore = board.unrepaired > unrepaired;
  if (board.unrepaired > 0 && mayEnterRecovery(tcb, hasLostMore)) enterRecovery(tcb);

  if (recovery.state === CongestionState.Recovery) {
    reduceWindow(tcb, delivered, acked > 0 && !hasLostMore);
  } else if (growth > 0 && !wasRecovering) {
    congestion.acknowledged(growth, progress.isLimited, now, tcb.rtt.smoothed);
  }
}

/** Nothing was heard of what should have come by now (RFC 8985 §6.3). */
export function reorderingTimeout(tcb: ControlBlock, now: Millis): void {
  detectLosses(tcb, now);
  if (tcb.board.unrepaired === 0 || tcb.recovery.state !== CongestionState.Open) return;
  enterRecovery(tcb);
  reduceWindow(tcb, tcb.snd.mss, false);
}

/** The retransmission timeout (RFC 5681 §3.1): everything is lost, and cwnd is one segment. */
export function enterLoss(tcb: ControlBlock, now: Millis): void {
  const { recovery, board, congestion, snd, rack } = tcb;
  const wasOpen = recovery.state === CongestionState.Open;
  const isNew = wasOpen || board.una >= recovery.point ||
    (recovery.state === CongestionState.Loss && tcb.attempts === 0);
  if (isNew) {
    congestion.reduce(board.next - board.una);
    beginUndo(tcb);
  }
  loseEverything(tcb, tcb.sack ? now - rack.rtt : Infinity);
  congestion.window = pipe(tcb) + snd.mss;
  recovery.frto = wasOpen || tcb.attempts > 0 ? Frto.Waiting : Frto.Off;
}

/** A window that has closed took everything with it; congestion has nothing to do with that. */
export function loseBehindClosedWindow(tcb: ControlBlock): void {
  loseEverything(tcb, Infinity);
  tcb.recovery.frto = Frto.Off;
  tcb.recovery.mayUndo = false;
}

/**
 * Lowers (or raises) the most payload of a packet, as a changed path MTU asks
 * for. What is too large is sent again at once, in pieces that fit; no
 * congestion has been seen (RFC 9293 §3.7.2, RFC 8201 §5.4).
 */
export function changeSegmentSize(tcb: ControlBlock, size: number): void {
  const { snd, board, congestion, recovery } = tcb;
  const isSmaller = size < snd.mss;
  snd.mss = size;
  congestion.resize({ segment: size, burst: tcb.segmentPayload(size) });
  board.segmentSize = size;
  if (!isSmaller) return;
  board.loseLarger(size);
  if (board.unrepaired === 0 || recovery.state !== CongestionState.Open) return;
  recovery.state = CongestionState.Loss;
  recovery.point = board.next;
  recovery.mayUndo = false;
  recovery.frto = Frto.Off;
}

function loseEverything(tcb: ControlBlock, youngest: Millis): void {
  const { recovery, board, deadlines } = tcb;
  // RFC 2018 §8: what was reported may be gone. RFC 6675 §5.1: only if there is a sign of that.
  if (board.isReneging) board.forgetReports();
  board.loseAll(youngest);
  recovery.state = CongestionState.Loss;
  recovery.point = board.next;
  recovery.duplicates = 0;
  recovery.duplicated = 0;
  tcb.tailProbe = undefined;
  deadlines.stop(Wait.Reordering);
}

function enterRecovery(tcb: ControlBlock): void {
  const { recovery, board, congestion } = tcb;
  recovery.state = CongestionState.Recovery;
  recovery.point = board.next;
  recovery.frto = Frto.Off;
  beginUndo(tcb);
  beginReduction(tcb);
  congestion.reduce(recovery.flight);
}

function mayEnterRecovery({ recovery }: ControlBlock, hasLostMore: boolean): boolean {
  if (recovery.state === CongestionState.Open) return true;
  // A retransmission that was lost is a second sign of congestion (RFC 5681 §4.3).
  return recovery.state === CongestionState.Loss && hasLostMore && recovery.frto === Frto.Off;
}

function whileRecovering(tcb: ControlBlock, segment: Segment, acked: number, now: Millis): void {
  const { recovery, board, congestion } = tcb;
  if (isSpurious(tcb, segment, acked)) return undo(tcb);
  if (board.una < recovery.point) {
    if (!tcb.sack && acked > 0) board.loseFirst(tcb.snd.mss); // RFC 6582 §3.2, step 3: partial
    return;
  }
  recovery.state = CongestionState.Open;
  congestion.window = congestion.slowStartThreshold;
  ageReorderingWindow(tcb);
  if (!tcb.sack) recovery.duplicated = 0;
  detectLosses(tcb, now);
}

/** After a timeout: were the data lost, or only late? F-RTO finds out (RFC 5682 §3.1). */
function afterTimeout(
  tcb: ControlBlock,
  segment: Segment,
  acked: number,
  isDuplicate: boolean,
): void {
  const { recovery, board } = tcb;
  if (isSpurious(tcb, segment, acked) || hasOriginalArrived(tcb)) {
    tcb.rtt.endBackoff();
    return undo(tcb);
  }
  if (board.una >= recovery.point) {
    recovery.state = CongestionState.Open;
    recovery.frto = Frto.Off;
    return;
  }
  if (recovery.frto === Frto.Probing) {
    if (board.delivery.bytes > acked || isDuplicate) recovery.frto = Frto.Off; // step 3a
  } else if (recovery.frto === Frto.Waiting && acked > 0) {
    recovery.point = board.next;
    recovery.frto = canSendNew(tcb) ? Frto.Probing : Frto.Off; // step 2b
  }
}

/** Whether something has arrived of what the timeout took for lost, and was sent only once. */
function hasOriginalArrived({ recovery, board, sack }: ControlBlock): boolean {
  if (recovery.frto === Frto.Off || !recovery.mayUndo) return false;
  const { delivery } = board;
  // Without SACK it may have arrived long ago, behind the hole that was filled now.
  if (!sack && delivery.acksRepeated) return false;
  return delivery.firstOriginalEnd <= recovery.point;
}

function canSendNew({ unsent, snd, inFlight }: ControlBlock): boolean {
  return unsent > 0 && snd.wnd - inFlight >= Math.min(unsent, snd.mss);
}

function findLosses(tcb: ControlBlock, acked: number, now: Millis): void {
  if (tcb.sack) {
    if (tcb.board.sacked > 0 || tcb.board.lost > 0 || acked > 0) detectLosses(tcb, now);
    return;
  }
  const { recovery, board } = tcb;
  if (recovery.state !== CongestionState.Open || recovery.duplicates < threshold(tcb)) return;
  // Until more than what was outstanding then is acknowledged, duplicates may be of the last
  // recovery's own making (RFC 6582 §4.1).
  if (board.una > recovery.point) board.loseFirst(tcb.snd.mss);
}

/**
 * Without SACK each duplicate stands for a segment that has arrived.
 *
 * @returns How many bytes this one stands for.
 */
function countDuplicates(tcb: ControlBlock, acked: number, isDuplicate: boolean): number {
  const { recovery, board, snd } = tcb;
  if (acked > 0) {
    recovery.duplicates = 0;
    // In a recovery the first segment was the hole, and the rest had caused duplicates.
    const counted = recovery.state === CongestionState.Recovery ? acked - snd.mss : Infinity;
    const before = recovery.duplicated;
    recovery.duplicated = Math.max(before - Math.max(counted, 0), 0);
    return recovery.duplicated - before; // they were counted when they came
  }
  if (!isDuplicate) return 0;
  recovery.duplicates++;
  const most = Math.max(board.pipe - snd.mss, 0); // one of them is the hole
  const stands = Math.min(snd.mss, Math.max(most - recovery.duplicated, 0));
  recovery.duplicated += stands;
  return stands;
}

/** With little in flight and nothing to add, three duplicates cannot come (RFC 5827 §3.1). */
function threshold(tcb: ControlBlock): number {
  const bytes = Math.min(tcb.board.next - tcb.board.una, tcb.unacked.length); // without the FIN
  const outstanding = Math.ceil(bytes / tcb.snd.mss);
  const canSendMore = canSendNew(tcb) &&
    tcb.congestion.window - pipe(tcb) >= Math.min(tcb.unsent, tcb.snd.mss);
  const isEarly = 2 <= outstanding && outstanding <= DUPLICATE_THRESHOLD && !canSendMore;
  return isEarly ? outstanding - 1 : DUPLICATE_THRESHOLD;
}
