/**
 * SEGMENT ARRIVES.
 *
 * The steps have the order and the names of the RFC. Each returns why the
 * segment goes no further, or `Drop.None`. None of them sends: they note what
 * is owed, and {@link ./transmit.ts} pays it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4 | RFC 9293 §3.10.7.4}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { synAcknowledged, takeAcknowledgment } from "./acknowledge.ts";
import { type ControlBlock, Event, Owed } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import { establish } from "./handshake.ts";
import { ACK, FIN, RST, type Segment, SYN } from "./header.ts";
import { type Seq, seqAdd, seqBefore, seqBeforeOrAt, seqDiff, seqMax } from "./seq.ts";
import { State } from "./state.ts";
import { tuneReceiveBuffer } from "./window.ts";

/** TS.Recent no longer counts after 24 days of silence (RFC 7323 §5.5). */
const TIMESTAMP_LIFETIME: Millis = 24 * 24 * 3600 * 1000;

/**
 * Applies `segment`, whose payload is in `packet`, to a connection in
 * SYN-RECEIVED or a synchronized state.
 *
 * @returns Why nothing of it was used, or `Drop.None`.
 */
export function segmentArrives(
  tcb: ControlBlock,
  segment: Segment,
  packet: PacketBuffer,
  now: Millis,
): Drop {
  return checkTimestamp(tcb, segment, now) ||
    checkSequence(tcb, segment, now) ||
    checkReset(tcb, segment, now) ||
    checkSyn(tcb, segment, now) ||
    checkAck(tcb, segment, now) ||
    takeText(tcb, segment, packet, now);
}

/** Before all else: protection against wrapped sequence numbers (RFC 7323 §5.3 R1). */
function checkTimestamp(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  const { ts } = tcb;
  const { options } = segment;
  // A segment without the option is taken as it is: Linux does, and so do those who strip it.
  if (!ts.enabled || !options.hasTimestamps) return Drop.None;
  const isOlder = ((options.tsval - ts.recent) | 0) < 0;
  if (isOlder && now - ts.recentAt < TIMESTAMP_LIFETIME) {
    if (segment.flags & RST) return Drop.None;
    answerUnacceptable(tcb, segment, now);
    return Drop.OldTimestamp;
  }
  return Drop.None;
}

/** R3, and §4.3: only from an acceptable segment that the next acknowledgment is about. */
function noteTimestamp({ ts }: ControlBlock, { seq, options }: Segment, now: Millis): void {
  if (!ts.enabled || !options.hasTimestamps || seqBefore(ts.lastAckSent, seq)) return;
  ts.recent = options.tsval;
  ts.recentAt = now;
}

/** First: is any of the segment in the window? */
function checkSequence(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  const { acceptableEdge: edge, rcv: { nxt } } = tcb;
  if (tcb.state === State.SynReceived && repeatsSyn(tcb, segment)) {
    if (answersBoth(tcb, segment)) return Drop.None;
    tcb.snd.nxt = tcb.iss; // our SYN-ACK was lost
    tcb.timedAt = NaN; // RFC 6298 §3: what is sent twice is not measured
    return Drop.Duplicate;
  }
  // At the left edge all may come in even if the window is closed: an ACK, URG or RST counts
  // (MUST-66), a FIN fits, and of the text nothing will be taken. At the right edge an ACK may:
  // it is what a peer sends who has filled the window.
  const acceptable = segment.length === 0
    ? seqBeforeOrAt(nxt, segment.seq) && seqBeforeOrAt(segment.seq, edge)
    : segment.seq === nxt || (seqBefore(segment.seq, edge) && seqBefore(nxt, segment.end));
  const isReset = (segment.flags & RST) !== 0;
  const isBehind = segment.seq === edge && edge !== nxt; // for a reset that is outside
  if (acceptable && !(isReset && isBehind)) return Drop.None;
  if (isReset) return Drop.OutOfWindow;
  const isOld = seqBeforeOrAt(segment.end, nxt);
  if (segment.seq === seqAdd(nxt, -1)) hear(tcb, now); // a keep-alive
  if (isOld && segment.payloadLength > 0 && tcb.sack) {
    tcb.reassembly.noteDuplicate(segment.seq, seqAdd(segment.seq, segment.payloadLength));
  }
  if (tcb.state === State.TimeWait && segment.flags & FIN && segment.end === nxt) {
    tcb.deadlines.set(Wait.TimeWait, now + tcb.config.timeWait); // §3.10.7.4, eighth
  }
  answerUnacceptable(tcb, segment, now);
  return isOld ? Drop.Duplicate : Drop.OutOfWindow;
}

/** Whether this is the SYN that the peer has sent before, with text or without. */
function repeatsSyn({ irs }: ControlBlock, { flags, seq }: Segment): boolean {
  return (flags & (SYN | RST)) === SYN && seq === irs;
}

/** Whether both sides have asked at once, and this is the peer's answer (RFC 9293 §3.5, figure 7). */
function answersBoth(tcb: ControlBlock, segment: Segment): boolean {
  return tcb.isActive && tcb.state === State.SynReceived && repeatsSyn(tcb, segment) &&
    (segment.flags & ACK) !== 0;
}

/**
 * An ACK says where we are. Old text and probes are always answered; what could
 * be half of an endless exchange of ACKs only now and then (RFC 5961 §7).
 */
function answerUnacceptable(tcb: ControlBlock, segment: Segment, now: Millis): void {
  if (segment.length > 0 && !(segment.flags & SYN)) tcb.owed |= Owed.Ack;
  else tcb.challenge(now);
}

/** Second: a reset counts only at exactly RCV.NXT (RFC 5961 §3.2), if we go by that. */
function checkReset(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  if (!(segment.flags & RST)) return Drop.None;
  if (tcb.state === State.TimeWait) return Drop.UnacceptableReset; // RFC 1337 §3
  if (segment.seq !== tcb.rcv.nxt && tcb.config.blindAttackProtection) {
    tcb.challenge(now);
    return Drop.UnacceptableReset;
  }
  tcb.owed = 0;
  tcb.wasReset = true;
  if (tcb.finReceived && tcb.isFinAlone) {
    tcb.enter(State.Closed); // everything has been said
  } else { // before the handshake is over, who asked is refused (RFC 9293 §3.10.7.4)
    tcb.fail(tcb.isActive && tcb.state === State.SynReceived ? "refused" : "reset");
  }
  return Drop.None;
}

/** Fourth: a SYN here gets a challenge ACK (RFC 5961 §4.2), or once was the end (RFC 793). */
function checkSyn(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  if (tcb.state === State.Closed) return Drop.None;
  if (!(segment.flags & SYN) || answersBoth(tcb, segment)) return Drop.None;
  if (tcb.config.blindAttackProtection || seqBefore(segment.seq, tcb.rcv.nxt)) {
    tcb.challenge(now);
  } else {
    tcb.fail("reset");
    tcb.owed = Owed.Reset;
  }
  return Drop.UnexpectedSyn;
}

/** Fifth: the ACK field. */
function checkAck(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  if (tcb.state === State.Closed) return Drop.None;
  if (!(segment.flags & ACK)) return Drop.InvalidFlags;
  if (tcb.state === State.SynReceived) {
    // Of anything but our SYN: the caller answers with a reset, and we stay (§3.10.7.4).
    if (segment.ack !== seqAdd(tcb.iss, 1)) return Drop.UnacceptableAck;
    synAcknowledged(tcb, segment, now);
    establish(tcb);
    const reason = tcb.reassembly.isEmpty ? Drop.None : takeKept(tcb, now);
    if (reason !== Drop.None) return reason;
  } else if (!tcb.isAcceptableAck(segment.ack)) {
    tcb.challenge(now);
    return Drop.UnacceptableAck;
  }
  noteTimestamp(tcb, segment, now);
  hear(tcb, now);
  takeAcknowledgment(tcb, segment, now);
  return Drop.None;
}

/** It was the peer, and nobody who only knows the ports: neither a closed window nor silence is death. */
function hear(tcb: ControlBlock, now: Millis): void {
  tcb.heardAt = now;
  tcb.unansweredProbes = 0;
}

/** Seventh: the text, and eighth: the FIN. (Sixth, URG: urgent data are in the text.) */
function takeText(
  tcb: ControlBlock,
  segment: Segment,
  packet: PacketBuffer,
  now: Millis,
): Drop {
  const { state } = tcb;
  const receives = state === State.Established || state === State.FinWait1 ||
    state === State.FinWait2;
  if (state === State.TimeWait) return answerLate(tcb, segment, now);
  if (segment.length === 0 || !receives) return Drop.None;
  if ((segment.flags & (SYN | FIN)) === SYN && segment.payloadLength === 0) return Drop.None;
  const start = textStart(segment);
  const textEnd = seqAdd(start, segment.payloadLength);
  if (isAbandoned(tcb) && seqBefore(tcb.rcv.nxt, textEnd)) return loseText(tcb);
  const isFinInWindow = segment.flags & FIN && seqBeforeOrAt(textEnd, tcb.rcv.edge);
  if (isFinInWindow && !tcb.reassembly.reaches(textEnd)) tcb.finAt ??= textEnd;
  tuneReceiveBuffer(tcb, now);
  const before = tcb.rcv.nxt;
  const hadHole = !tcb.reassembly.isEmpty;
  const reason = segment.payloadLength > 0 ? placeText(tcb, start, textEnd, packet) : Drop.None;
  noteFullSize(tcb, packet.segmentSize || segment.payloadLength);
  if (tcb.readClosed) discardText(tcb);
  oweAck(tcb, segment, seqDiff(tcb.rcv.nxt, before), now);
  if (hadHole) tcb.owed |= Owed.Ack; // at once, though there may be none now (RFC 5681 §4.2)
  if (tcb.finAt === tcb.rcv.nxt) takeFin(tcb, now);
  return reason;
}

/** Whether the application neither reads nor writes any more. */
function isAbandoned({ readClosed, closing }: ControlBlock): boolean {
  return readClosed && closing;
}

/** Text has come for nobody: the caller answers with a reset (RFC 9293 §3.6.1, SHLD-3). */
function loseText(tcb: ControlBlock): Drop {
  tcb.owed = 0;
  tcb.fail("reset");
  return Drop.NoFlow;
}

/**
 * In TIME-WAIT nothing can be new. Whoever sends anything but a repeated
 * acknowledgment is to be told so, as FreeBSD and Linux do.
 */
function answerLate(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  if (segment.length === 0 && segment.seq === tcb.rcv.nxt) return Drop.None;
  answerUnacceptable(tcb, segment, now);
  return Drop.OutOfWindow;
}

/**
 * Takes what came with a SYN that was good in SYN-SENT (RFC 9293 §3.10.7.3). In
 * SYN-RECEIVED the text waits until the handshake is over; the FIN will come again.
 */
export function takeSynText(
  tcb: ControlBlock,
  segment: Segment,
  packet: PacketBuffer,
  now: Millis,
): void {
  if (tcb.state !== State.SynReceived) {
    takeText(tcb, segment, packet, now);
    return;
  }
  const start = textStart(segment);
  const length = tcb.received.affordable(Math.min(segment.payloadLength, tcb.receiveWindow));
  if (length <= 0) return;
  tcb.received.writeAhead(0, packet.bytes, packet.start, packet.start + length);
  tcb.reassembly.add(start, seqAdd(start, length));
}

/** Takes what {@linkcode takeSynText} has kept. */
function takeKept(tcb: ControlBlock, now: Millis): Drop {
  if (isAbandoned(tcb)) return loseText(tcb);
  const count = tcb.reassembly.take(tcb.rcv.nxt);
  tcb.received.commit(count);
  tcb.rcv.nxt = seqAdd(tcb.rcv.nxt, count);
  tcb.unackedText += count;
  tcb.events |= Event.Readable;
  if (tcb.readClosed) discardText(tcb);
  oweLater(tcb, now);
  return Drop.None;
}

/** Where the text begins: a SYN comes before it. */
function textStart({ seq, flags }: Segment): Seq {
  return flags & SYN ? seqAdd(seq, 1) : seq;
}

/** Puts the new part of `[start, end)` into the receive ring, in order or ahead of it. */
function placeText(tcb: ControlBlock, start: Seq, end: Seq, packet: PacketBuffer): Drop {
  const { rcv, received, reassembly } = tcb;
  const from = seqMax(start, rcv.nxt);
  const limit = tcb.finAt !== undefined && seqBefore(tcb.finAt, rcv.edge) ? tcb.finAt : rcv.edge;
  let to = seqBefore(limit, end) ? limit : end;
  if (!seqBefore(from, to)) return seqBeforeOrAt(end, rcv.nxt) ? Drop.Duplicate : Drop.OutOfWindow;
  to = seqAdd(rcv.nxt, received.affordable(seqDiff(to, rcv.nxt)));
  if (!seqBefore(from, to)) return Drop.OutOfMemory;
  const payload = packet.start - seqDiff(start, from);

  if (tcb.sack && seqBefore(start, from)) reassembly.noteDuplicate(start, from);
  if (from === rcv.nxt && reassembly.isEmpty) { // nearly always
    queueText(tcb, packet, payload, payload + seqDiff(to, from));
    rcv.nxt = to;
    return Drop.None;
  }
  const gaps = reassembly.missing(from, to);
  for (const gap of gaps) {
    const at = payload + seqDiff(gap.start, from);
    const length = seqDiff(gap.end, gap.start);
    received.writeAhead(seqDiff(gap.start, rcv.nxt), packet.bytes, at, at + length);
  }
  if (tcb.sack && start === from) reassembly.noteRepeated(from, to, gaps);
  if (!reassembly.add(from, to)) return Drop.ReassemblyFull;
  const count = reassembly.take(rcv.nxt);
  if (count > 0) {
    received.commit(count);
    rcv.nxt = seqAdd(rcv.nxt, count);
    tcb.events |= Event.Readable;
  }
  return Drop.None;
}

/** Hands text in order to the application, or queues it. */
function queueText(tcb: ControlBlock, { bytes }: PacketBuffer, start: number, end: number): void {
  const { received, sink } = tcb;
  // What is queued comes first; and what nobody wants to read is not for the sink either.
  const taken = sink && received.length === 0 && !tcb.readClosed ? sink(bytes, start, end) : 0;
  if (start + taken === end) return;
  received.writeAhead(0, bytes, start + taken, end);
  received.commit(end - start - taken);
  tcb.events |= Event.Readable;
}

/** Nobody reads: the window stays open, and the application hears of nothing. */
function discardText(tcb: ControlBlock): void {
  tcb.received.drop(tcb.received.length);
  tcb.events &= ~Event.Readable;
}

/**
 * A peer whose segments are smaller than we could take, for the sake of the path
 * or of options, counts on an acknowledgment of every second of them all the same.
 */
function noteFullSize({ rcv }: ControlBlock, length: number): void {
  if (length > rcv.full) rcv.full = Math.min(length, rcv.mss);
}

/** Text in order may be acknowledged in company; all else at once (RFC 5681 §4.2). */
function oweAck(tcb: ControlBlock, segment: Segment, taken: number, now: Millis): void {
  const { ackSecond } = tcb.config;
  tcb.unackedText += taken;
  // Without SACK blocks the peer learns of a loss by counting (RFC 5681 §4.2): one for each segment.
  if (taken > 0) tcb.duplicatesOwed = 0;
  else if (!tcb.sack && segment.payloadLength > 0) {
    const earlier = tcb.owed & Owed.Ack ? 1 : 0; // of text in order, which is no duplicate
    tcb.duplicatesOwed = Math.max(tcb.duplicatesOwed, earlier) + 1;
  }
  const isFirst = ackSecond === "any"
    ? tcb.unackedText === taken
    : tcb.unackedText < 2 * tcb.rcv.full;
  const mayWait = taken === segment.payloadLength && taken > 0 && isFirst &&
    tcb.reassembly.isEmpty && !(segment.flags & FIN) && tcb.quickAcks === 0;
  if (tcb.quickAcks > 0 && taken > 0) tcb.quickAcks--;
  if (mayWait || mayFinWait(tcb, segment)) oweLater(tcb, now);
  else tcb.owed |= Owed.Ack;
}

/** Whether this is a FIN alone, in order and after text, whose acknowledgment may be delayed. */
function mayFinWait({ config, state, irs, rcv, finAt }: ControlBlock, segment: Segment): boolean {
  return config.delayFinAck && segment.payloadLength === 0 && state === State.Established &&
    finAt === rcv.nxt && rcv.nxt !== seqAdd(irs, 1);
}

/** An acknowledgment that may wait for company. */
function oweLater(tcb: ControlBlock, now: Millis): void {
  const { ackDelay } = tcb.config;
  if (ackDelay === 0) tcb.owed |= Owed.Ack;
  else if (!tcb.deadlines.isSet(Wait.DelayedAck)) {
    tcb.deadlines.set(Wait.DelayedAck, now + ackDelay);
  }
}

function takeFin(tcb: ControlBlock, now: Millis): void {
  tcb.rcv.nxt = seqAdd(tcb.rcv.nxt, 1);
  tcb.rcv.edge = seqMax(tcb.rcv.edge, tcb.rcv.nxt);
  tcb.events |= Event.EndOfStream;
  switch (tcb.state) {
    case State.Established:
      return tcb.enter(State.CloseWait);
    case State.FinWait1:
      if (tcb.config.repeatFin && tcb.isFinAlone) {
        tcb.snd.nxt = tcb.snd.una;
        tcb.timedAt = NaN; // RFC 6298 §3: what is sent twice is not measured
      }
      return tcb.enter(State.Closing);
    case State.FinWait2:
      tcb.enter(State.TimeWait);
      tcb.deadlines.set(Wait.TimeWait, now + tcb.config.timeWait);
  }
}
