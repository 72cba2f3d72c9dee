/**
 * What an acceptable acknowledgment does: it frees data, measures the round
 * trip, moves the window, and tells of losses.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4 | RFC 9293 §3.10.7.4, fifth}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type ControlBlock, Event } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import { FIN, type Segment, SYN } from "./header.ts";
import { updateRack } from "./rack.ts";
import { recover } from "./recovery.ts";
import { seqBefore, seqBeforeOrAt, seqDiff } from "./seq.ts";
import { State } from "./state.ts";
import { setTailProbeTimer, tailProbeAcknowledged } from "./tail_loss.ts";
import { timestampAge } from "./timestamp.ts";
import { noteDuplicateReport } from "./undo.ts";

/** Nobody is taken to reorder over more segments than this. As Linux. */
const MOST_REORDERING = 300;
/** How long a peer that seems to renege has to prove otherwise, at least. As Linux. */
const RENEGING_DELAY: Millis = 10;

/** Takes in the acknowledgment of our SYN, and the first window. */
export function synAcknowledged(tcb: ControlBlock, segment: Segment, now: Millis): void {
  const { snd } = tcb;
  measureSyn(tcb, segment, now);
  snd.una = segment.ack;
  snd.nxt = segment.ack;
  snd.wl1 = segment.seq;
  snd.wl2 = segment.ack;
  snd.wnd = windowOf(tcb, segment);
  snd.maxWnd = Math.max(snd.maxWnd, snd.wnd);
  tcb.attempts = 0;
  tcb.rtt.forgetSynBackoff();
  tcb.setRetransmitTimer(now);
}

/** The round trip of our SYN, which may have been sent twice. */
function measureSyn(tcb: ControlBlock, segment: Segment, now: Millis): void {
  const { options } = segment;
  if (!Number.isNaN(tcb.timedAt)) {
    tcb.rtt.sample(now - tcb.timedAt, now);
  } else if (tcb.ts.enabled && options.hasTimestamps && options.tsecr !== 0) {
    const age = timestampAge(tcb, options.tsecr, now);
    if (age >= 0) tcb.rtt.sample(age, now);
  }
}

/** Takes in the acknowledgment, the window and the SACK blocks of an acceptable segment. */
export function takeAcknowledgment(tcb: ControlBlock, segment: Segment, now: Millis): void {
  const { snd, board, congestion, rtt } = tcb;
  const acked = seqDiff(segment.ack, snd.una);
  // RFC 5681 §2: a duplicate has no text, moves nothing, and there is something to duplicate.
  const isDuplicate = acked === 0 && segment.payloadLength === 0 && tcb.hasOutstanding &&
    !(segment.flags & (SYN | FIN)) && windowOf(tcb, segment) === snd.wnd;
  const isSlowStart = congestion.window < congestion.slowStartThreshold;
  const isLimited = tcb.windowUse.isLimitedBy(congestion.window, isSlowStart);
  const { highestSacked } = board;

  board.delivery.begin(now - rtt.least);
  const data = Math.min(Math.max(acked, 0), tcb.unacked.length);
  if (acked > 0) advance(tcb, segment, data);
  const isReported = tcb.sack && segment.options.sackCount > 0 && takeReports(tcb, segment);
  const { delivery } = board;
  if (acked > 0 || delivery.bytes > 0) {
    measure(tcb, segment, acked, now);
    updateRack(tcb, now);
    noteReordering(tcb, highestSacked);
  }
  if (acked > 0) tailProbeAcknowledged(tcb, isReported);
  if (acked > 0 || delivery.bytes > 0 || isDuplicate || isReported) {
    const finAcked = acked > data ? 1 : 0;
    const growth = acked > 0 ? delivery.bytes - finAcked : 0;
    recover(tcb, segment, { acked, isDuplicate, growth, isLimited }, now);
    if (acked > 0) tcb.setRetransmitTimer(now);
    if (acked > 0 && board.isReneging) expectReneging(tcb, now);
    setTailProbeTimer(tcb, now);
  }
  if (acked >= 0) updateSendWindow(tcb, segment, acked > 0, now);
  if (acked > data) finAcknowledged(tcb, now);
}

/** SND.UNA moves. */
function advance(tcb: ControlBlock, segment: Segment, data: number): void {
  const { snd, board } = tcb;
  board.acknowledge(board.una + seqDiff(segment.ack, snd.una));
  tcb.awaitsMore = false;
  tcb.unacked.drop(data);
  tcb.unacked.trim(); // in a second or two thousands may have had a request each
  snd.una = segment.ack;
  if (seqBefore(snd.nxt, snd.una)) snd.nxt = snd.una;
  tcb.attempts = 0;
  if (data > 0) tcb.events |= Event.Writable;
}

/**
 * Notes the SACK blocks. Those outside of what is outstanding are ignored (RFC
 * 2018 §4).
 *
 * @returns Whether the first of them reports a duplicate.
 */
function takeReports(tcb: ControlBlock, segment: Segment): boolean {
  const { board, snd } = tcb;
  const { options } = segment;
  const isReported = noteDuplicateReport(tcb, segment);
  for (let i = isReported ? 1 : 0; i < options.sackCount; i++) {
    // By distances from one point: three numbers that are far apart can each be before the next.
    const start = seqDiff(options.sackStart(i), snd.una);
    const end = seqDiff(options.sackEnd(i), snd.una);
    const isOutstanding = 0 < start && start < end && end <= board.next - board.una;
    if (isOutstanding) board.report(board.una + start, board.una + end);
  }
  return isReported;
}

/**
 * The round trip of what was sent only once (RFC 6298 §3, Karn), or by the
 * timestamp (RFC 7323 §4.1).
 */
function measure(tcb: ControlBlock, segment: Segment, acked: number, now: Millis): void {
  const { rtt, board: { delivery } } = tcb;
  const { options } = segment;
  if (!delivery.acksRepeated && !Number.isNaN(delivery.ackedSentAt)) {
    rtt.sample(now - delivery.ackedSentAt, now);
  } else if (!Number.isNaN(delivery.sackedSentAt)) {
    rtt.sample(now - delivery.sackedSentAt, now);
  } else if (acked > 0 && tcb.ts.enabled && options.hasTimestamps && options.tsecr !== 0) {
    const age = timestampAge(tcb, options.tsecr, now);
    if (age >= 0) rtt.sample(age, now);
  }
}

/** Something has arrived before a copy of it was sent, and after what had been sent later. */
function noteReordering({ board, rack, recovery, snd }: ControlBlock, highestSacked: number): void {
  const distance = highestSacked - board.delivery.firstOriginal;
  if (distance <= 0) return;
  rack.hasReordered = true;
  const segments = Math.min(Math.ceil(distance / snd.mss), MOST_REORDERING);
  recovery.reordering = Math.max(recovery.reordering, segments);
}

/** The peer seems to have thrown away what it had reported: it is soon sent again. As Linux. */
function expectReneging(tcb: ControlBlock, now: Millis): void {
  tcb.deadlines.set(Wait.Retransmit, now + Math.max(tcb.rtt.smoothed / 2, RENEGING_DELAY));
}

/**
 * SND.WL1 and SND.WL2 keep an old segment from bringing an old window back. One
 * that acknowledges something new is never old, although a retransmission has
 * an old SEG.SEQ: its window counts, too, lest SND.UNA + SND.WND go beyond what
 * was promised. (The RFC does not say so; Linux does it.)
 */
function updateSendWindow(
  tcb: ControlBlock,
  segment: Segment,
  acksNew: boolean,
  now: Millis,
): void {
  const { snd } = tcb;
  const isNewer = acksNew || seqBefore(snd.wl1, segment.seq) ||
    (snd.wl1 === segment.seq && seqBeforeOrAt(snd.wl2, segment.ack));
  if (!isNewer) return;
  const wasClosed = snd.wnd === 0;
  snd.wnd = windowOf(tcb, segment);
  snd.maxWnd = Math.max(snd.maxWnd, snd.wnd);
  snd.wl1 = segment.seq;
  snd.wl2 = segment.ack;
  // What is not worth a segment even now goes on waiting for the override, whatever the window does.
  if (wasClosed && snd.wnd > tcb.inFlight) {
    tcb.persistBackoffs = 0;
    tcb.deadlines.hasten(Wait.Persist, now + tcb.persistInterval);
    tcb.setRetransmitTimer(now); // it ran for the probes
  }
}

/** SEG.WND in bytes; that of a SYN is never scaled (RFC 7323 §2.2). */
function windowOf({ snd }: ControlBlock, segment: Segment): number {
  return segment.window * (segment.flags & SYN ? 1 : 2 ** snd.scale);
}

function finAcknowledged(tcb: ControlBlock, now: Millis): void {
  switch (tcb.state) {
    case State.FinWait1:
      return tcb.enter(State.FinWait2);
    case State.Closing:
      tcb.enter(State.TimeWait);
      tcb.deadlines.set(Wait.TimeWait, now + tcb.config.timeWait);
      return;
    case State.LastAck:
      return tcb.enter(State.Closed);
  }
}
