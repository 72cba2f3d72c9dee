/**
 * The handshake: from a SYN, sent or received, to a synchronized connection.
 *
 * What each side offered in its SYN becomes what both do.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2 | RFC 9293 §3.10.7.2 LISTEN}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.3 | RFC 9293 §3.10.7.3 SYN-SENT}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { MemoryBudget } from "../base/memory_budget.ts";
import { type IpAddress, isIpv4 } from "../ip/address.ts";
import { IPV4_HEADER_LENGTH } from "../ip/ipv4_header.ts";
import { IPV6_HEADER_LENGTH } from "../ip/ipv6_header.ts";
import { synAcknowledged } from "./acknowledge.ts";
import type { TcpConfig } from "./config.ts";
import { newCongestionControl } from "./congestion.ts";
import { ControlBlock, Event, Owed } from "./control_block.ts";
import { ACK, FIN, RST, type Segment, SYN, TCP_HEADER_LENGTH } from "./header.ts";
import { TIMESTAMPS_LENGTH } from "./options.ts";
import { type Seq, seqAdd, seqBefore, seqBeforeOrAt } from "./seq.ts";
import { State } from "./state.ts";
import { findWindowScale, synWindow } from "./window.ts";

/** What a peer takes that does not say (RFC 9293 §3.7.1, MUST-15). */
const DEFAULT_MSS_IPV4 = 536;
const DEFAULT_MSS_IPV6 = 1220;
/** Less than this no real peer asks for; it would make a packet of each byte. As Linux. */
const SMALLEST_MSS = 48;

/** What a new connection gets from outside. */
export interface HandshakeContext {
  /** The other end. */
  readonly peer: IpAddress;
  /** Of the link, in bytes. */
  readonly mtu: number;
  /** The largest payload of a super-segment that the link takes, or 0. */
  readonly maxSegmentation: number;
  /** Whether the link takes a payload from where it is. */
  readonly gathers: boolean;
  /** Our initial sequence number. */
  readonly iss: Seq;
  /** Added to the clock in our timestamps. */
  readonly timestampOffset: number;
  /** What the connections of the stack may hold. */
  readonly memory?: MemoryBudget;
  /** The present. */
  readonly now: Millis;
}

/** A connection in SYN-RECEIVED: the peer has asked for it with `syn`. */
export function passiveOpen(
  config: TcpConfig,
  context: HandshakeContext,
  syn: Segment,
): ControlBlock {
  const tcb = newControlBlock(config, context);
  takePeerSyn(tcb, syn, context.now);
  tcb.enter(State.SynReceived);
  return tcb;
}

/** Our SYN-ACK has left already, although nobody has kept the connection. */
export function synAckSent(tcb: ControlBlock): void {
  const { rcv, snd } = tcb;
  rcv.edge = seqAdd(rcv.nxt, synWindow(tcb));
  snd.nxt = seqAdd(tcb.iss, 1);
  snd.max = snd.nxt;
}

/** A connection in SYN-SENT: we ask for it. */
export function activeOpen(config: TcpConfig, context: HandshakeContext): ControlBlock {
  const tcb = newControlBlock(config, context);
  tcb.isActive = true;
  tcb.enter(State.SynSent);
  return tcb;
}

function newControlBlock(config: TcpConfig, context: HandshakeContext): ControlBlock {
  const version4 = isIpv4(context.peer);
  const ipHeader = version4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
  const largest = context.mtu - ipHeader - TCP_HEADER_LENGTH;
  const tcb = new ControlBlock(config, context.iss, context.memory, largest);
  tcb.maxSegmentation = context.maxSegmentation;
  tcb.gathers = context.gathers;
  tcb.rcv.mss = Math.min(largest, config.maxSegmentSize ?? 0xffff);
  tcb.snd.mss = version4 ? DEFAULT_MSS_IPV4 : DEFAULT_MSS_IPV6;
  tcb.sack = config.sack;
  tcb.scaling = config.windowScaling;
  tcb.rcv.scale = config.windowScale ?? findWindowScale(config.receiveBuffer);
  tcb.ts.enabled = config.timestamps;
  tcb.ts.offset = context.timestampOffset;
  tcb.heardAt = context.now;
  return tcb;
}

/** Takes in the peer's SYN: its sequence number, its window, and what it offers. */
function takePeerSyn(tcb: ControlBlock, syn: Segment, now: Millis): void {
  const { snd, rcv, ts, config } = tcb;
  const { options } = syn;
  tcb.irs = syn.seq;
  rcv.nxt = seqAdd(syn.seq, 1);
  const promised = tcb.state === State.SynSent ? synWindow(tcb) : 0; // by our SYN, if there was one
  rcv.edge = seqAdd(rcv.nxt, promised);
  rcv.tunedFrom = rcv.nxt;
  rcv.tunedAt = now;
  ts.lastAckSent = rcv.nxt;
  snd.wl1 = syn.seq;
  snd.wnd = syn.window; // never scaled in a SYN (RFC 7323 §2.2)
  snd.maxWnd = syn.window;

  tcb.sack &&= options.sackPermitted;
  tcb.scaling &&= options.windowScale >= 0;
  snd.scale = tcb.scaling ? options.windowScale : 0;
  if (!tcb.scaling) rcv.scale = 0;
  ts.enabled &&= options.hasTimestamps;
  ts.recent = ts.enabled ? options.tsval : 0;
  ts.recentAt = now;
  const theirs = Math.max(options.mss || snd.mss, SMALLEST_MSS);
  const perSegment = ts.enabled ? TIMESTAMPS_LENGTH : 0; // RFC 9293 §3.7.1, MUST-16
  snd.mss = Math.min(theirs, rcv.mss) - perSegment;
  tcb.congestion = newCongestionControl(config.congestion, {
    segment: snd.mss,
    burst: tcb.segmentPayload(snd.mss),
    initialWindow: Math.max(10 * snd.mss, config.initialWindow), // RFC 6928 §2
  });
}

/**
 * Applies `segment` to a connection in SYN-SENT. The steps are the RFC's.
 *
 * @returns Why nothing of it was used, or `Drop.None`; upon
 * `Drop.UnacceptableAck` the caller owes a reset.
 */
export function synSentArrives(tcb: ControlBlock, segment: Segment, now: Millis): Drop {
  const { snd, iss } = tcb;
  const acks = (segment.flags & ACK) !== 0;
  if (acks && (seqBeforeOrAt(segment.ack, iss) || seqBefore(snd.max, segment.ack))) {
    return segment.flags & RST ? Drop.UnacceptableReset : Drop.UnacceptableAck;
  }
  if (segment.flags & RST) {
    if (!acks) return Drop.UnacceptableReset;
    tcb.fail("refused");
    return Drop.None;
  }
  if (!(segment.flags & SYN)) return Drop.InvalidFlags;
  if (!acks && segment.flags & FIN && tcb.config.synFin === "drop") return Drop.InvalidFlags;
  tcb.heardAt = now;
  takePeerSyn(tcb, segment, now);
  if (!acks) { // both have asked: RFC 9293 §3.5, figure 7
    tcb.enter(State.SynReceived);
    snd.nxt = iss;
    tcb.timedAt = NaN; // RFC 6298 §3: what is sent twice is not measured
    return Drop.None;
  }
  synAcknowledged(tcb, segment, now);
  tcb.owed |= Owed.Ack;
  establish(tcb);
  return Drop.None;
}

/** Both SYNs have been acknowledged. */
export function establish(tcb: ControlBlock): void {
  tcb.enter(State.Established);
  tcb.events |= Event.Writable;
  if (tcb.closing) tcb.enter(State.FinWait1); // it was queued (RFC 9293 §3.10.4)
}
