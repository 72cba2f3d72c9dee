/**
 * The transmission control block: what a connection knows.
 *
 * Plain data under the RFC's own names, so that `tcb.snd.una` reads as
 * SND.UNA. {@link ./arrive.ts} takes segments in, {@link ./transmit.ts}
 * decides what to send, {@link ./timeouts.ts} what happens when nothing does,
 * and {@link ./connection.ts} is what the application calls.
 *
 *          una            nxt            una + wnd
 *     ------|--------------|-----------------|------
 *     acked | in flight    | may be sent     | may not be sent yet
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.3.1 | RFC 9293 §3.3.1}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { MemoryBudget } from "../base/memory_budget.ts";
import { RingBuffer } from "../base/ring_buffer.ts";
import type { DeliveryErrorKind } from "../ip/ip.ts";
import type { TcpConfig } from "./config.ts";
import { type CongestionControl, newCongestionControl } from "./congestion.ts";
import { Deadlines, Wait } from "./deadlines.ts";
import type { TcpErrorCode } from "./error.ts";
import { Reassembly } from "./reassembly.ts";
import { RackVariables } from "./rack.ts";
import { RecoveryVariables } from "./recovery_state.ts";
import { RttEstimator } from "./rtt.ts";
import { Scoreboard } from "./scoreboard.ts";
import { type Seq, seqAdd, seqBefore, seqDiff, seqMax, toSeq } from "./seq.ts";
import { isSuccessor, State, stateName } from "./state.ts";
import { WindowUse } from "./window_use.ts";

/** How long less than a segment waits in an open window: 0.1 to 1 s (RFC 9293 §3.8.6.2.1). */
const OVERRIDE_TIMEOUT: Millis = 200;

/** What the application may want to know; a set of bits. */
export const Event = {
  /** The handshake is complete. */
  Established: 1,
  /** There is something to read. */
  Readable: 2,
  /** There is room to write. */
  Writable: 4,
  /** The peer will send no more. */
  EndOfStream: 8,
  /** The connection is over; its error says whether in peace. */
  Closed: 16,
} as const;

/** Why a connection must send although it has no data for it; a set of bits. */
export const Owed = {
  /** An acknowledgment. */
  Ack: 1,
  /** A reset, after which nothing more is sent. */
  Reset: 2,
  /** A byte of old data, which the peer must answer: a window probe or a keep-alive. */
  Probe: 8,
  /** Whatever the window takes, however little (RFC 9293 §3.8.6.2.1: the override timeout). */
  Override: 16,
  /** New data, or else the last that was sent once more, to elicit an answer (RFC 8985 §7.3). */
  TailProbe: 32,
} as const;

/**
 * Takes the part `[start, end)` of `bytes`, text in order, as far as it can; returns how much.
 * The rest is queued. It must do nothing with the connection.
 */
export type TextSink = (bytes: Uint8Array<ArrayBuffer>, start: number, end: number) => number;

/** The send sequence variables. */
export interface SendVariables {
  /** SND.UNA: the oldest that is not acknowledged. */
  una: Seq;
  /** SND.NXT: what is sent next; goes back only to send a SYN again. */
  nxt: Seq;
  /** SND.MAX: the highest that `nxt` has been. */
  max: Seq;
  /** SND.WND in bytes, from `una` on. */
  wnd: number;
  /** SND.WL1: SEG.SEQ of the last window update. */
  wl1: Seq;
  /** SND.WL2: SEG.ACK of the last window update. */
  wl2: Seq;
  /** The largest window seen. */
  maxWnd: number;
  /** The shift of the windows that the peer sends. */
  scale: number;
  /** The most payload in one wire packet, the timestamps option already taken off. */
  mss: number;
}

/** The receive sequence variables. */
export interface ReceiveVariables {
  /** RCV.NXT: what is expected next. */
  nxt: Seq;
  /** RCV.NXT + RCV.WND: the furthest right edge that was ever promised. */
  edge: Seq;
  /** The shift of the windows that we send. */
  scale: number;
  /** The MSS that we announced. */
  mss: number;
  /** What the peer takes for a full segment: the most text that one has had, at least 536. */
  full: number;
  /** What is received ahead of the application, at most; grows up to the ring's capacity. */
  buffer: number;
  /** When `buffer` was last looked at. */
  tunedAt: Millis;
  /** How far the application had read then. */
  tunedFrom: Seq;
}

/** What has been agreed about timestamps (RFC 7323 §3). */
export interface TimestampVariables {
  /** Whether both sides send them. */
  enabled: boolean;
  /** TS.Recent, signed. */
  recent: number;
  /** When TS.Recent was set: it counts for 24 days. */
  recentAt: Millis;
  /** Last.ACK.sent */
  lastAckSent: Seq;
  /** Added to our clock. */
  offset: number;
}

/** Smaller segments are not taken for full: no peer has to send smaller ones (RFC 9293 §3.7.1). */
const LEAST_FULL = 536;

/** A connection's data; see the module's description. */
export class ControlBlock {
  /** Settings; the stack's own object until the connection gets some of its own. */
  config: TcpConfig;
  /** The largest payload of a super-segment that the link takes, or 0. */
  maxSegmentation = 0;
  /** Whether the link takes a payload from where it is. */
  gathers = false;
  /** Moved only by {@linkcode enter}. */
  state: State = State.Closed;
  /** Why the connection was lost, if it was. */
  error: TcpErrorCode | undefined = undefined;
  /** The last ICMP error about a segment of ours, if there was one. */
  softError: DeliveryErrorKind | undefined = undefined;
  /** ISS */
  readonly iss: Seq;
  /** IRS, once the peer's SYN has come. */
  irs: Seq;
  /** Whether we asked for the connection. */
  isActive = false;
  readonly snd: SendVariables;
  readonly rcv: ReceiveVariables;
  readonly ts: TimestampVariables;
  /** What has been sent and is not acknowledged. */
  readonly board: Scoreboard = new Scoreboard();
  readonly recovery: RecoveryVariables = new RecoveryVariables();
  readonly rack: RackVariables = new RackVariables();
  readonly windowUse: WindowUse = new WindowUse();
  /** Whether both sides scale their windows. */
  scaling = false;
  /** Whether both sides send SACK blocks. */
  sack = false;
  /** What we have received out of order. */
  readonly reassembly: Reassembly = new Reassembly();
  /** Where the peer's FIN is, once it has been seen. */
  finAt: Seq | undefined = undefined;
  /** Whether the peer's reset has ended the connection. */
  wasReset = false;
  /** Whether the application has closed its side; the FIN follows the data. */
  closing = false;
  /** Whether more is to be written soon: until then, or until something is acknowledged. */
  awaitsMore = false;
  /** Whether the end of our data is the end of something that was written, not a part. */
  pushes = true;
  /** Whether the application wants to read no more: what comes is acknowledged and discarded. */
  readClosed = false;
  /** Whether the application has let go of the connection, which is to end by itself. */
  orphaned = false;
  /** A set of {@linkcode Owed} bits. */
  owed = 0;
  /** A set of {@linkcode Event} bits. */
  events = 0;
  /** Without SACK: acknowledgments owed of text out of order, which the peer counts. */
  duplicatesOwed = 0;
  /** Data from SND.UNA on. */
  readonly unacked: RingBuffer;
  /** Data up to RCV.NXT, to be read. */
  readonly received: RingBuffer;
  /** Who takes text in order before it is queued in `received`, if anybody does. */
  sink: TextSink | undefined = undefined;
  readonly rtt: RttEstimator;
  congestion: CongestionControl;
  readonly deadlines: Deadlines = new Deadlines();
  /** A tail loss probe that is not acknowledged: its end, a position (RFC 8985 §7.1: TLP.end_seq). */
  tailProbe: { readonly end: number; readonly isRetransmission: boolean } | undefined = undefined;
  /** Retransmission timeouts since SND.UNA last moved. */
  attempts = 0;
  /** Probes of the window or of an idle peer since it was last heard. */
  unansweredProbes = 0;
  /** Doublings of the persist timer. */
  persistBackoffs = 0;
  /** When our SYN was sent, or NaN (Karn: not when it was sent twice). */
  timedAt: Millis = NaN;
  /** No challenge ACK before this. */
  nextChallengeAt: Millis = 0;
  /** When the peer was last heard. */
  heardAt: Millis = 0;
  /** Text that has come since the last acknowledgment, while one is delayed. */
  unackedText = 0;
  /** Acknowledgments of text that are still not delayed. */
  quickAcks: number;

  /**
   * Makes the block of a connection that has not begun; the
   * {@link ./handshake.ts | handshake} fills it in.
   *
   * @param config The settings of TCP.
   * @param iss Our initial sequence number.
   * @param memory What its rings may take, together with others.
   * @param segment The largest segment: for so much there is memory in any case.
   */
  constructor(config: TcpConfig, iss: Seq, memory?: MemoryBudget, segment?: number) {
    this.config = config;
    this.iss = iss;
    const unknown = toSeq(0);
    this.irs = unknown;
    this.snd = {
      una: iss,
      nxt: iss,
      max: iss,
      wnd: 0,
      wl1: unknown,
      wl2: iss,
      maxWnd: 0,
      scale: 0,
      mss: 0,
    };
    this.rcv = {
      nxt: unknown,
      edge: unknown,
      scale: 0,
      mss: 0,
      full: LEAST_FULL,
      buffer: Math.min(config.initialReceiveBuffer, config.receiveBuffer),
      tunedAt: 0,
      tunedFrom: unknown,
    };
    this.ts = { enabled: false, recent: 0, recentAt: 0, lastAckSent: unknown, offset: 0 };
    this.quickAcks = config.quickAcks;
    this.unacked = new RingBuffer(config.sendBuffer, memory, segment);
    this.received = new RingBuffer(config.receiveBuffer, memory, segment);
    this.rtt = new RttEstimator(config);
    const sizes = { segment: 0, burst: 0, initialWindow: 0 };
    this.congestion = newCongestionControl(config.congestion, sizes);
  }

  /** Moves to `next`; the only place that writes `state`. */
  enter(next: State): void {
    if (!isSuccessor(this.state, next)) {
      throw new Error(`Cannot go from ${stateName(this.state)} to ${stateName(next)}`);
    }
    this.state = next;
    if (next === State.Established) this.events |= Event.Established;
    if (next === State.Closed) this.events |= Event.Closed;
    if (next === State.Closed || next === State.TimeWait) {
      this.deadlines.stopAll();
      this.unacked.release();
      this.board.release();
    }
  }

  /** Ends the connection because of `error`; what is owed is still sent. */
  fail(error: TcpErrorCode): void {
    this.error = error;
    this.enter(State.Closed);
  }

  /** Sequence numbers in flight: SND.NXT - SND.UNA. */
  get inFlight(): number {
    return seqDiff(this.snd.nxt, this.snd.una);
  }

  /** Bytes that have not been sent; -1 when the FIN has been. */
  get unsent(): number {
    return this.unacked.length - this.inFlight;
  }

  /** Whether text or a FIN has yet to be sent, or to be sent again. */
  get hasUnsent(): boolean {
    const { unsent } = this;
    return unsent > 0 || (unsent === 0 && this.closing && !this.finAcknowledged);
  }

  /** Bytes that have never been sent. */
  get fresh(): number {
    return Math.max(0, this.unacked.length - seqDiff(this.snd.max, this.snd.una));
  }

  /** Whether there is anything that the peer has yet to acknowledge or be sent. */
  get hasOutstanding(): boolean {
    return this.snd.una !== this.snd.max;
  }

  /** The most payload of one (super-)segment of wire packets with `perPacket` bytes each. */
  segmentPayload(perPacket: number): number {
    return Math.max(perPacket, this.maxSegmentation - this.maxSegmentation % perPacket);
  }

  /** How long to wait before the next window probe (RFC 9293 §3.8.6.1). */
  get probeInterval(): Millis {
    return Math.min(this.rtt.timeout * 2 ** this.persistBackoffs, this.config.maxRto);
  }

  /** How long what is to be sent is kept back: until it is sent all the same, or else a probe. */
  get persistInterval(): Millis {
    const isOpen = this.snd.wnd > this.inFlight;
    return isOpen ? Math.min(this.probeInterval, OVERRIDE_TIMEOUT) : this.probeInterval;
  }

  /** Whether the peer has everything we wrote, and only our FIN is not acknowledged. */
  get isFinAlone(): boolean {
    return this.unacked.length === 0 && this.closing && this.hasOutstanding;
  }

  /** Whether our FIN has been acknowledged. */
  get finAcknowledged(): boolean {
    return this.state === State.FinWait2 || this.state === State.TimeWait;
  }

  /** Whether the peer's FIN has been received and all text before it. */
  get finReceived(): boolean {
    return this.finAt !== undefined && seqBefore(this.finAt, this.rcv.nxt);
  }

  /** RCV.WND: how far the promised window reaches. */
  get receiveWindow(): number {
    return seqDiff(this.rcv.edge, this.rcv.nxt);
  }

  /** RCV.NXT + RCV.WND, by which segments are judged (`acceptableWindow`). */
  get acceptableEdge(): Seq {
    const { config, state, rcv, received: { length } } = this;
    const isPromised = config.acceptableWindow === "advertised" ||
      (state === State.SynReceived && !this.isActive); // BSD has no buffer yet
    return isPromised ? rcv.edge : seqMax(rcv.edge, seqAdd(rcv.nxt, rcv.buffer - length));
  }

  /** Owes a challenge ACK, unless there was one a moment ago (RFC 5961 §7). */
  challenge(now: Millis): void {
    if (now < this.nextChallengeAt) return;
    this.nextChallengeAt = now + this.config.challengeInterval;
    this.owed |= Owed.Ack;
  }

  /** Whether an acknowledgment of `seq` would be of something once sent, and not long ago. */
  isAcceptableAck(seq: Seq): boolean {
    const { una, max, maxWnd } = this.snd;
    return !seqBefore(max, seq) && !seqBefore(seq, seqAdd(una, -maxWnd)); // RFC 5961 §5.2
  }

  /** (Re)starts or stops the retransmission timer (RFC 6298 §5.1 to §5.3). */
  setRetransmitTimer(now: Millis): void {
    if (this.hasOutstanding) this.deadlines.set(Wait.Retransmit, now + this.rtt.timeout);
    else this.deadlines.stop(Wait.Retransmit);
  }
}
