/**
 * A TCP connection, as the application sees it.
 *
 * Calls return at once, like those of a non-blocking socket; `takeEvents` tells
 * when to call again.
 *
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type Listed, unlisted } from "../base/ready_list.ts";
import type { Timed } from "../base/timer_heap.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";
import type { FlowEntry } from "../ip/flow_table.ts";
import type { DeliveryError } from "../ip/ip.ts";
import { segmentArrives, takeSynText } from "./arrive.ts";
import { type ConnectionConfig, connectionConfig, type ConnectionOptions } from "./config.ts";
import { type ControlBlock, Event, Owed, type TextSink } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import { deliveryFailed } from "./delivery_error.ts";
import { TcpError, type TcpErrorCode } from "./error.ts";
import { synSentArrives } from "./handshake.ts";
import { ACK, RST, type Segment, SYN } from "./header.ts";
import type { TcpListener } from "./listener.ts";
import { type TcpInfo, tcpInfo } from "./info.ts";
import { armPatience, notePeerProgress } from "./patience.ts";
import { type Seq, seqAdd, seqBefore } from "./seq.ts";
import { State } from "./state.ts";
import { runTimeouts } from "./timeouts.ts";
import { nextSegment } from "./transmit.ts";
import { owesWindowUpdate } from "./window.ts";
import type { TcpFlow } from "./tcp_flow.ts";

/** A TCP connection, as the application sees it; see the module's description. */
export interface Connection {
  /** The flow, its ends named by their roles. */
  readonly flow: Flow;
  /** Where in its life the connection is. */
  readonly state: State;
  /** Why the connection was lost, once it was. */
  readonly error: TcpErrorCode | undefined;
  /** Whether the peer has closed its side and all it sent has been read. */
  readonly isAtEnd: boolean;
  /** Bytes that can be read now. */
  readonly readable: number;
  /** Bytes that can be written now; 0 when our side is closed. */
  readonly writable: number;
  /** Whether everything written has been acknowledged, the FIN included if there is one. */
  readonly isDrained: boolean;
  /** What the connection is doing. */
  readonly info: TcpInfo;
  /** Its settings. */
  readonly options: ConnectionConfig;
  /**
   * Changes those settings that `options` has, from now on. With `nagle: false`
   * or `cork: false` what has waited is sent, with `ackDelay: 0` acknowledged.
   *
   * @throws {RangeError} When a setting cannot be.
   */
  setOptions(options: ConnectionOptions): void;
  /** Takes the events since the last call; a set of {@linkcode Event} bits. */
  takeEvents(): number;
  /** Moves received bytes into `into`; returns how many, 0 for none. */
  read(into: Uint8Array): number;
  /** What can be read, as far as it lies together, in place; valid until {@linkcode consume}. */
  readableSpan(): Uint8Array<ArrayBuffer>;
  /**
   * From now on lets `sink` have text in order at once, as it comes, while nothing waits to be
   * read: what is passed on then is never queued.
   */
  deliverTo(sink: TextSink): void;
  /** Removes `count` bytes, which have been used, from what can be read. */
  consume(count: number): void;
  /**
   * Queues as much of `data` as fits; returns how much that was.
   *
   * @param hasMore Whether more will be written soon: what does not fill a segment waits
   * for that, for an acknowledgment or for a timeout, as with MSG_MORE in Linux.
   * @throws {TcpError} When our side is closed or the connection is lost.
   */
  write(data: Uint8Array, hasMore?: boolean): number;
  /** Memory to put up to `most` bytes in that will be sent; may be shorter. Then {@linkcode commit}. */
  writableSpan(most: number): Uint8Array<ArrayBuffer>;
  /** Queues the first `count` bytes, perhaps none, of the span last handed out; ignored once writing is over. */
  commit(count: number): void;
  /** Sends a FIN after what has been written. Reading goes on. No-op when that is done. */
  closeWrite(): void;
  /**
   * Reads no more: what is unread and what comes is acknowledged and discarded,
   * as after shutdown(2) on Linux. Writing goes on. When our side is closed, too,
   * text that comes ends the connection with a reset (RFC 9293 §3.6.1, SHLD-3).
   */
  closeRead(): void;
  /**
   * Lets go of the connection. What was written is sent, then a FIN, and the rest
   * happens by itself; but with unread text, or when told not to linger, the peer
   * gets a reset.
   */
  close(): void;
  /** Sends a reset and forgets everything. No-op on a connection that is over. */
  abort(): void;
}

/** The stack's side of a {@linkcode Connection}. */
export class TcpConnection implements Connection, Timed, FlowEntry<TcpFlow> {
  readonly flow: Flow;
  /** The other end of the connection. */
  readonly peer: Endpoint;
  /** The stack's end of the connection. */
  readonly own: Endpoint;
  /** Of the flow table. */
  hash = 0;
  /** Of the flow table. */
  nextInBucket: TcpFlow | undefined = undefined;
  /** Of the timer heap. */
  deadline: Millis = NEVER;
  /** Of the timer heap. */
  heapIndex = -1;
  /** Of the list of what may have something to send. */
  readonly inReady: Listed<TcpConnection> = unlisted();
  /** Of the list of what has events. */
  readonly inEventful: Listed<TcpConnection> = unlisted();
  /** Who has made the connection, until its {@linkcode TcpListener.accept | accept} hands it out. */
  listener: TcpListener | undefined = undefined;
  readonly #tcb: ControlBlock;
  readonly #markReady: (connection: TcpConnection) => void;

  /** Made by the stack only; `tcb` is in SYN-SENT or SYN-RECEIVED. */
  constructor(flow: Flow, tcb: ControlBlock, markReady: (connection: TcpConnection) => void) {
    this.flow = flow;
    this.peer = tcb.isActive ? flow.target : flow.client;
    this.own = tcb.isActive ? flow.client : flow.target;
    this.#tcb = tcb;
    this.#markReady = markReady;
  }

  get state(): State {
    return this.#tcb.state;
  }

  get error(): TcpErrorCode | undefined {
    return this.#tcb.error;
  }

  get isAtEnd(): boolean {
    const { received, finReceived, readClosed } = this.#tcb;
    return received.length === 0 && (finReceived || readClosed);
  }

  get readable(): number {
    return this.#tcb.received.length;
  }

  get writable(): number {
    const { unacked, fresh, config } = this.#tcb;
    return this.#canWrite && fresh < config.notSentLowWater ? unacked.room : 0;
  }

  get isDrained(): boolean {
    return this.#tcb.unacked.length === 0 && !this.#tcb.hasOutstanding;
  }

  get info(): TcpInfo {
    return tcpInfo(this.#tcb);
  }

  get options(): ConnectionConfig {
    return this.#tcb.config;
  }

  setOptions(options: ConnectionOptions): void {
    const tcb = this.#tcb;
    tcb.config = connectionConfig(tcb.config, options);
    if (options.nagle === false && tcb.unsent > 0) tcb.owed |= Owed.Override; // cork or not, as Linux
    if (options.ackDelay === 0 && tcb.deadlines.isSet(Wait.DelayedAck)) tcb.owed |= Owed.Ack;
    if (options.quickAcks !== undefined) tcb.quickAcks = options.quickAcks;
    if ("keepAlive" in options) tcb.deadlines.stop(Wait.KeepAlive);
    if ("userTimeout" in options) tcb.deadlines.stop(Wait.UserTimeout);
    this.#markReady(this);
  }

  takeEvents(): number {
    const { events } = this.#tcb;
    this.#tcb.events = 0;
    return events;
  }

  read(into: Uint8Array): number {
    const count = Math.min(into.length, this.#tcb.received.length);
    this.#tcb.received.peek(0, count, into, 0);
    this.consume(count);
    return count;
  }

  readableSpan(): Uint8Array<ArrayBuffer> {
    return this.#tcb.received.filledSpan();
  }

  deliverTo(sink: TextSink): void {
    this.#tcb.sink = sink;
  }

  consume(count: number): void {
    const taken = Math.min(count, this.#tcb.received.length); // less after an abort
    if (taken === 0) return;
    this.#tcb.received.drop(taken);
    // After its FIN our window is of no interest to the peer.
    if (this.#tcb.finReceived || !owesWindowUpdate(this.#tcb)) return;
    this.#tcb.owed |= Owed.Ack;
    this.#markReady(this);
  }

  write(data: Uint8Array, hasMore = false): number {
    this.#assertWritable();
    const tcb = this.#tcb;
    const count = tcb.unacked.write(data, 0, Math.min(data.length, this.writable));
    tcb.awaitsMore = hasMore;
    tcb.pushes = !hasMore;
    if (count > 0) this.#markReady(this);
    return count;
  }

  writableSpan(most: number): Uint8Array<ArrayBuffer> {
    return this.#tcb.unacked.freeSpan(Math.min(most, this.writable));
  }

  commit(count: number): void {
    if (!this.#canWrite) return;
    const tcb = this.#tcb;
    tcb.unacked.commit(count); // also of nothing: the span is no longer lent
    if (count === 0) return;
    tcb.awaitsMore = false;
    tcb.pushes = true;
    this.#markReady(this);
  }

  closeWrite(): void {
    const tcb = this.#tcb;
    if (tcb.closing || tcb.state === State.Closed) return;
    tcb.closing = true;
    // The state changes now, not when the FIN leaves: a full window must not hold it up.
    if (tcb.state === State.Established) tcb.enter(State.FinWait1);
    else if (tcb.state === State.CloseWait) tcb.enter(State.LastAck);
    this.#markReady(this);
  }

  closeRead(): void {
    const tcb = this.#tcb;
    this.consume(tcb.received.length);
    tcb.readClosed = true;
  }

  close(): void {
    const tcb = this.#tcb;
    const isUnread = tcb.received.length > 0 && tcb.state !== State.TimeWait;
    // RFC 2525 §2.17; and in SYN-SENT there is nobody to say anything to (RFC 9293 §3.10.4).
    if (isUnread || tcb.config.linger === 0 || tcb.state === State.SynSent) return this.abort();
    tcb.orphaned = true;
    this.closeRead();
    this.closeWrite();
    this.#markReady(this);
  }

  abort(): void {
    const tcb = this.#tcb;
    if (tcb.state === State.Closed) return;
    // The peer has everything, or in SYN-SENT nothing: nothing to reset (RFC 9293 §3.10.5).
    const isSettled = tcb.state === State.TimeWait || tcb.state === State.SynSent ||
      (tcb.finReceived && tcb.isFinAlone);
    const owed = isSettled ? 0 : Owed.Reset;
    tcb.fail("aborted");
    tcb.owed = owed;
    tcb.received.release();
    this.#markReady(this);
  }

  /** Whether the stack can forget the connection. */
  get isOver(): boolean {
    return this.#tcb.state === State.Closed && !(this.#tcb.owed & Owed.Reset);
  }

  /** Whether there is something for {@linkcode takeEvents}. */
  get hasEvents(): boolean {
    return this.#tcb.events !== 0;
  }

  /** Called by the stack with each segment for this connection. */
  segmentArrives(segment: Segment, packet: PacketBuffer, now: Millis): Drop {
    const tcb = this.#tcb;
    const { una } = tcb.snd;
    const asks = tcb.state === State.SynSent;
    const reason = asks
      ? synSentArrives(tcb, segment, now)
      : segmentArrives(tcb, segment, packet, now);
    if (reason !== Drop.None) return reason;
    if (asks) takeSynText(tcb, segment, packet, now);
    notePeerProgress(tcb, una);
    return Drop.None;
  }

  /** Called by the stack with an ICMP error about a segment that began at `seq`. */
  deliveryFailed(version: number, seq: Seq, error: DeliveryError, now: Millis): Drop {
    return deliveryFailed(this.#tcb, version, seq, error, now);
  }

  /** Called by the stack when the link can take a segment. */
  nextSegment(segment: Segment, packet: PacketBuffer, now: Millis): boolean {
    const tcb = this.#tcb;
    const { notSentLowWater } = tcb.config;
    const wasFull = notSentLowWater !== Infinity && tcb.fresh >= notSentLowWater;
    const sends = nextSegment(tcb, segment, packet, now);
    if (wasFull && tcb.fresh < notSentLowWater) tcb.events |= Event.Writable;
    armPatience(tcb, now);
    return sends;
  }

  /** When the peer was last heard. */
  get heardAt(): Millis {
    return this.#tcb.heardAt;
  }

  /** When {@linkcode timeout} is due. */
  get nextDeadline(): Millis {
    return this.#tcb.deadlines.next;
  }

  /** Called by the stack when the deadline has come. */
  timeout(now: Millis): void {
    runTimeouts(this.#tcb, now);
  }

  /** SND.MAX: all before it has been used. */
  get sentUpTo(): Seq {
    return this.#tcb.snd.max;
  }

  /**
   * In TIME-WAIT: whether a SYN may open a new connection (RFC 9293 §3.6.1, MAY-2). Timestamps say
   * so before sequence numbers do (RFC 6191 §2).
   */
  yieldsTo({ seq, options }: Segment): boolean {
    const { state, rcv, ts } = this.#tcb;
    if (state !== State.TimeWait) return false;
    const age = ts.enabled && options.hasTimestamps ? (options.tsval - ts.recent) | 0 : 0;
    return age === 0 ? seqBefore(rcv.nxt, seq) : age > 0;
  }

  /** In SYN-RECEIVED: whether `segment` could complete the handshake, whatever text it brings. */
  isCompletedBy({ flags, ack }: Segment): boolean {
    const { state, iss } = this.#tcb;
    return state === State.SynReceived && (flags & (SYN | ACK | RST)) === ACK &&
      ack === seqAdd(iss, 1);
  }

  /** Sends what is not acknowledged again at `time`, and not before. */
  retransmitAt(time: Millis): void {
    this.#tcb.deadlines.set(Wait.Retransmit, time);
  }

  /** Ends TIME-WAIT before its time. */
  forget(): void {
    if (this.#tcb.state !== State.Closed) this.#tcb.enter(State.Closed);
    this.#tcb.owed = 0;
  }

  /** Called by the stack when it forgets the connection: what is unread is the application's. */
  disown(): void {
    this.#tcb.received.disown();
  }

  /** Whether what is written would ever be sent. */
  get #canWrite(): boolean {
    const { state, closing } = this.#tcb;
    const writes = state === State.Established || state === State.CloseWait ||
      state === State.SynReceived || state === State.SynSent;
    return writes && !closing;
  }

  #assertWritable(): void {
    const { error, state, closing } = this.#tcb;
    if (error) throw new TcpError(error, `Cannot write: the connection is lost (${error})`);
    if (closing || state === State.Closed) {
      throw new TcpError("closed", "Cannot write: this side of the connection is closed");
    }
  }
}
