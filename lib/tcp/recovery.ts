/**
 * Loss recovery: what duplicates and SACK blocks say, and what to send again.
 *
 * With SACK, everything below the highest block that has not been reported is
 * taken for lost: the way to the guest keeps the order of packets, so there is
 * no reordering to wait for. Without SACK it is NewReno.
 *
 *     una        highRxt        highest SACKed          nxt
 *      |--sent----|----lost-[==]----lost-[==]--in flight-|
 *         again
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6675#section-5 | RFC 6675 §5}
 * @see {@link https://www.rfc-editor.org/rfc/rfc6582#section-3.2 | RFC 6582 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5827#section-3 | RFC 5827 §3}
 * @module
 */
import { type ControlBlock, Owed } from "./control_block.ts";
import type { Segment } from "./header.ts";
import type { SeqRange } from "./range_set.ts";
import { seqAdd, seqBefore, seqBeforeOrAt, seqDiff, seqMax } from "./seq.ts";

/** DupThresh (RFC 6675 §2). */
const DUPLICATE_THRESHOLD = 3;
/** More holes than this are not kept track of. */
const MAX_SACKED_RANGES = 256;

/**
 * Adds the SACK blocks of `segment` to what the peer is known to have.
 *
 * Blocks outside of what is outstanding are ignored: among them reports of
 * duplicates, which lie below SND.UNA or within another block (RFC 2883 §4).
 *
 * @returns Whether there was news among them.
 */
export function noteSack(tcb: ControlBlock, segment: Segment): boolean {
  const { options } = segment;
  const { max } = tcb.snd;
  const una = seqMax(tcb.snd.una, segment.ack);
  let isNews = false;
  for (let i = 0; i < options.sackCount; i++) {
    const start = options.sackStart(i);
    const end = options.sackEnd(i);
    // By distances from one point: three numbers that are far apart can each be before the next.
    const [from, to] = [seqDiff(start, una), seqDiff(end, una)];
    const isOutstanding = 0 < from && from < to && to <= seqDiff(max, una);
    if (!isOutstanding || tcb.sacked.covering(start, end)) continue;
    if (tcb.sacked.count >= MAX_SACKED_RANGES) continue;
    tcb.sacked.add(start, end);
    isNews = true;
  }
  return isNews;
}

/** An acknowledgment repeated SND.UNA, or told of something received out of order. */
export function duplicateAcknowledged(tcb: ControlBlock): void {
  const { recovery } = tcb;
  recovery.duplicates++;
  if (recovery.active) {
    if (!tcb.sack) return tcb.congestion.inflate();
    const highest = tcb.sacked.last?.end;
    if (highest !== undefined && seqBefore(recovery.mark, highest)) {
      // What was sent after them has arrived: the retransmissions were lost, too. RFC 6675 would
      // wait for the timeout; this is what RFC 8985 finds by time, and Linux did before it.
      recovery.highRxt = tcb.snd.una;
    }
    tcb.owed |= Owed.Retransmit;
  } else if (isLoss(tcb)) {
    enterRecovery(tcb);
  }
}

/** Whether the first segment that is not acknowledged may be taken for lost. */
function isLoss(tcb: ControlBlock): boolean {
  const { recovery, snd, sacked } = tcb;
  // Until all that was outstanding at the last recovery is acknowledged, duplicates may be of its
  // own making (RFC 6582 §4.1); SACK blocks leave no doubt.
  const settled = tcb.sack
    ? seqBeforeOrAt(recovery.point, snd.una)
    : seqBefore(recovery.point, snd.una);
  if (!settled) return false;
  const threshold = duplicateThreshold(tcb);
  // What is reported may be little, but far behind the hole, as a probe of the tail is: were the
  // rest not lost, it would have been reported before (forward acknowledgment).
  const reach = sacked.last ? seqDiff(sacked.last.end, snd.una) : 0;
  return recovery.duplicates >= threshold || sacked.size > (threshold - 1) * snd.mss ||
    reach > threshold * snd.mss;
}

/** With little in flight and nothing to add, three duplicates cannot come (RFC 5827 §3.1). */
function duplicateThreshold(tcb: ControlBlock): number {
  const bytes = Math.min(seqDiff(tcb.snd.max, tcb.snd.una), tcb.unacked.length); // without the FIN
  const outstanding = Math.ceil(bytes / tcb.snd.mss);
  const limit = Math.min(tcb.snd.wnd, tcb.congestion.window);
  const canSendMore = tcb.unsent > 0 &&
    limit - tcb.inFlight >= Math.min(tcb.unsent, tcb.snd.mss);
  const isEarly = 2 <= outstanding && outstanding <= DUPLICATE_THRESHOLD && !canSendMore;
  return isEarly ? outstanding - 1 : DUPLICATE_THRESHOLD;
}

function enterRecovery(tcb: ControlBlock): void {
  const { recovery, snd, congestion } = tcb;
  recovery.active = true;
  recovery.point = snd.max;
  recovery.highRxt = snd.una;
  recovery.mark = snd.max;
  if (seqBeforeOrAt(recovery.reduced, snd.una)) {
    recovery.reduced = snd.max;
    congestion.enterRecovery(seqDiff(snd.max, snd.una));
  }
  if (!tcb.sack) { // RFC 5681 §3.2, step 3: what the duplicates stand for has left
    for (let i = 0; i < recovery.duplicates; i++) congestion.inflate();
  }
  tcb.owed |= Owed.Retransmit;
}

/** SND.UNA has moved by `bytes` of data; `limited`: cwnd was what held more back. */
export function newlyAcknowledged(tcb: ControlBlock, bytes: number, limited: boolean): void {
  const { recovery, snd, congestion } = tcb;
  recovery.duplicates = 0;
  if (!recovery.active) {
    // They follow SND.UNA, lest after 2 GB they seem to lie ahead.
    if (seqBefore(recovery.point, snd.una)) recovery.point = seqAdd(snd.una, -1);
    if (seqBefore(recovery.reduced, snd.una)) recovery.reduced = snd.una;
    return congestion.acknowledged(bytes, limited);
  }
  if (seqBeforeOrAt(recovery.point, snd.una)) {
    recovery.active = false;
    congestion.leaveRecovery(tcb.inFlight);
    return;
  }
  recovery.highRxt = seqMax(recovery.highRxt, snd.una);
  // After a timeout slow start goes on.
  if (congestion.window < congestion.slowStartThreshold) congestion.acknowledged(bytes, true);
  if (!tcb.sack) congestion.partiallyAcknowledged(bytes);
  tcb.owed |= Owed.Retransmit;
}

/** What to send again next, if anything is lost and may be sent. */
export function nextLost(tcb: ControlBlock): SeqRange | undefined {
  const { recovery, snd, sacked } = tcb;
  if (!recovery.active) return undefined;
  const first = { start: snd.una, end: seqAdd(snd.una, snd.mss) };
  if (!tcb.sack) return first;
  const isFirst = recovery.highRxt === snd.una;
  if (!isFirst && pipe(tcb) >= tcb.congestion.window) return undefined;
  const highest = sacked.last?.start;
  if (highest === undefined) return isFirst ? first : undefined;
  return sacked.gaps(recovery.highRxt, highest)[0];
}

/** How much is in the network, by the best estimate (RFC 6675 §4, SetPipe). */
export function pipe(tcb: ControlBlock): number {
  const { recovery, snd, sacked } = tcb;
  const highest = sacked.last?.end;
  if (!recovery.active || !tcb.sack || highest === undefined) return tcb.inFlight;
  const sentAgain = sacked.gaps(snd.una, recovery.highRxt)
    .reduce((sum, { start, end }) => sum + seqDiff(end, start), 0);
  return sentAgain + Math.max(0, seqDiff(snd.nxt, highest));
}

/** A timeout ends a recovery: all is sent again, whatever was reported (RFC 2018 §8). */
export function abandonRecovery(tcb: ControlBlock): void {
  const { recovery, snd, sacked } = tcb;
  recovery.active = false;
  // What comes again may cause duplicates, but no new SACK blocks: those tell of further losses,
  // and waiting for SND.MAX (RFC 6675 §5.1) would cost a timeout, ever longer, for each of them.
  recovery.point = tcb.sack ? snd.una : snd.max;
  recovery.reduced = snd.max;
  recovery.duplicates = 0;
  sacked.clear();
  tcb.owed &= ~Owed.Retransmit;
}
