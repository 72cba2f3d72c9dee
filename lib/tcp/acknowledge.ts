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
import { duplicateAcknowledged, newlyAcknowledged, noteSack } from "./recovery.ts";
import { seqBefore, seqBeforeOrAt, seqDiff } from "./seq.ts";
import { State } from "./state.ts";
import { setTailProbeTimer, tailProbeAcknowledged } from "./tail_loss.ts";
import { timestampAge } from "./timestamp.ts";

/** Takes in the acknowledgment of our SYN, and the first window. */
export function synAcknowledged(tcb: ControlBlock, segment: Segment, now: Millis): void {
  const { snd } = tcb;
  measure(tcb, segment, now);
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

/** Takes in the acknowledgment, the window and the SACK blocks of an acceptable segment. */
export function takeAcknowledgment(tcb: ControlBlock, segment: Segment, now: Millis): void {
  const { snd } = tcb;
  const acked = seqDiff(segment.ack, snd.una);
  const newSack = tcb.sack && segment.options.sackCount > 0 && noteSack(tcb, segment);
  if (newSack) measureSacked(tcb, now);
  if (acked > 0) {
    advance(tcb, segment, acked, now);
    if (newSack) duplicateAcknowledged(tcb); // it counts although it moves SND.UNA (RFC 6675 §2)
  } else if (acked === 0) {
    // RFC 5681 §2: a duplicate has no text, moves nothing, and there is something to duplicate.
    const isDuplicate = segment.payloadLength === 0 && !(segment.flags & (SYN | FIN)) &&
      tcb.hasOutstanding && windowOf(tcb, segment) === snd.wnd;
    if (newSack || (isDuplicate && !tcb.sack)) duplicateAcknowledged(tcb);
  }
  if (acked >= 0) updateSendWindow(tcb, segment, acked > 0, now);
}

function advance(tcb: ControlBlock, segment: Segment, acked: number, now: Millis): void {
  const { snd } = tcb;
  const data = Math.min(acked, tcb.unacked.length);
  const finAcked = acked > data;
  measure(tcb, segment, now);
  const limited = tcb.inFlight + snd.mss > tcb.congestion.window;
  tcb.unacked.drop(data);
  snd.una = segment.ack;
  if (seqBefore(snd.nxt, snd.una)) snd.nxt = snd.una;
  tcb.sacked.removeBefore(snd.una);
  tcb.attempts = 0;
  newlyAcknowledged(tcb, data, limited);
  tailProbeAcknowledged(tcb, segment);
  tcb.setRetransmitTimer(now);
  setTailProbeTimer(tcb, now);
  if (data > 0) tcb.events |= Event.Writable;
  if (finAcked) finAcknowledged(tcb, now);
}

/** RFC 6298 §3 (Karn), RFC 7323 §4.1. */
function measure(tcb: ControlBlock, segment: Segment, now: Millis): void {
  if (!Number.isNaN(tcb.timedAt)) {
    if (seqBefore(segment.ack, tcb.timedEnd)) return;
    tcb.rtt.sample(now - tcb.timedAt);
    tcb.timedAt = NaN;
  } else if (tcb.ts.enabled && segment.options.hasTimestamps && segment.options.tsecr !== 0) {
    const age = timestampAge(tcb, segment.options.tsecr, now);
    if (age >= 0) tcb.rtt.sample(age);
  }
}

/** A SACK block tells that a segment has arrived although one before it has not. */
function measureSacked(tcb: ControlBlock, now: Millis): void {
  if (Number.isNaN(tcb.timedAt) || !tcb.sacked.covering(tcb.timedStart, tcb.timedEnd)) return;
  tcb.rtt.sample(now - tcb.timedAt);
  tcb.timedAt = NaN;
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
  // One that was open but too small to be worth a segment goes on waiting for the override.
  if (wasClosed && snd.wnd > tcb.inFlight) {
    tcb.deadlines.stop(Wait.Persist);
    tcb.persistBackoffs = 0;
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
