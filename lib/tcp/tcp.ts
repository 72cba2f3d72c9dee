/**
 * TCP: which connection a segment is for, and which one sends next.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { MemoryBudget } from "../base/memory_budget.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { systemRandom } from "../base/random.ts";
import { ReadyList } from "../base/ready_list.ts";
import { isIpv4, isReachable } from "../ip/address.ts";
import { type Endpoint, type Flow, FlowKey } from "../ip/flow.ts";
import { type IpHeader, IpProtocol } from "../ip/header.ts";
import type { DeliveryError, TransportProtocol } from "../ip/ip.ts";
import {
  connectionConfig,
  type ConnectionOptions,
  type TcpConfig,
  tcpConfig,
  type TcpOptions,
} from "./config.ts";
import { TcpConnection } from "./connection.ts";
import type { ControlBlock } from "./control_block.ts";
import { Flows } from "./flows.ts";
import { activeOpen, type HandshakeContext, passiveOpen } from "./handshake.ts";
import type { TcpEnvironment } from "./environment.ts";
import { ACK, FIN, parseSegment, RST, Segment, SYN, writeSegment } from "./header.ts";
import { type IsnGenerator, isnGenerator } from "./isn.ts";
import type { ListenEndpoint, ListenOptions, TcpListener } from "./listener.ts";
import { Listeners } from "./listeners.ts";
import { type ClientEndpoint, EphemeralPorts, isPort } from "./ports.ts";
import { type FlowRequest, TcpRequest } from "./request.ts";
import { Requests } from "./requests.ts";
import { Replies } from "./replies.ts";
import { type Seq, seqAdd, seqBefore, toSeq } from "./seq.ts";
import { State } from "./state.ts";

/**
 * A connection may send faster than the ISN clock runs. One that takes the place of another in
 * TIME-WAIT begins behind it (RFC 9293 §3.6.1, MAY-2), by as much as in Linux.
 */
const ISN_GAP = 65_537;

/** The TCP of one stack. */
export class Tcp implements TransportProtocol {
  readonly protocol: number = IpProtocol.Tcp;
  /** What the connections hold. */
  readonly memory: MemoryBudget;
  readonly #environment: TcpEnvironment;
  readonly #config: TcpConfig;
  readonly #isn: IsnGenerator;
  readonly #flows: Flows;
  readonly #ready = new ReadyList<TcpConnection>((connection) => connection.inReady);
  readonly #eventful = new ReadyList<TcpConnection>((connection) => connection.inEventful);
  readonly #requests: Requests;
  readonly #listeners: Listeners;
  readonly #ports: EphemeralPorts;
  readonly #replies = new Replies();
  readonly #segment = new Segment();
  readonly #key = new FlowKey();
  readonly #markReady = (connection: TcpConnection): void => this.#ready.add(connection);
  /** What we were told last. Calls of the application count from here; their segments are timed. */
  #now: Millis = 0;
  /** What the connection in TIME-WAIT had sent that gives way to the SYN at hand. */
  #former: Seq | undefined;

  /** Makes a TCP without connections. */
  constructor(environment: TcpEnvironment, options: TcpOptions = {}) {
    const random = environment.random ?? systemRandom;
    this.#environment = environment;
    this.#config = tcpConfig(options);
    this.memory = new MemoryBudget(this.#config.maxMemory);
    this.#isn = environment.isn ?? isnGenerator(this.#config.isn, random);
    const seed = new Uint8Array(4);
    random.fill(seed);
    this.#flows = new Flows(this.#config, new DataView(seed.buffer).getInt32(0));
    this.#requests = new Requests(this.#config, this.#flows, this.#replies, {
      open: ({ flow, own, peer, syn, former }) =>
        this.#add(flow, passiveOpen(this.#config, this.#context(own, peer, former), syn)),
      unreachable: (request, syn, what) => environment.unreachable?.(request, syn, what),
    });
    this.#listeners = new Listeners(this.#config, random, {
      replies: this.#replies,
      makeRoom: () => this.#makeRoom(),
      context: (own, peer) => this.#context(own, peer),
      add: (flow, tcb) => this.#add(flow, tcb),
      accepted: (connection) => this.#announce(connection),
    });
    this.#ports = new EphemeralPorts(random);
  }

  get nextDeadline(): Millis {
    return Math.min(this.#flows.nextDeadline, this.memory.nextDeadline);
  }

  /** Connections in any state, TIME-WAIT included, and flows that wait to be answered. */
  get flowCount(): number {
    return this.#flows.size;
  }

  /** The next flow that asks to be accepted, or one that has withdrawn since. */
  nextRequest(): FlowRequest | undefined {
    return this.#requests.next();
  }

  /** The next connection with events. */
  nextConnection(): TcpConnection | undefined {
    return this.#eventful.take();
  }

  /** The next listener with a connection that has come since. */
  nextListener(): TcpListener | undefined {
    return this.#listeners.next();
  }

  /**
   * Takes connections to `own` from now on, where SYNs have been requests.
   *
   * @throws {RangeError} When somebody listens there, or a setting cannot be.
   */
  listen(own: ListenEndpoint, options?: ListenOptions): TcpListener {
    return this.#listeners.listen(own, options);
  }

  /**
   * Opens a connection: sends a SYN from `client`, which is ours, to `target`.
   *
   * @throws {RangeError} When there can be no target or no client in that place, a flow
   * between these ends already, no port or no room for another, or a setting cannot be.
   */
  connect(
    client: ClientEndpoint,
    target: Endpoint,
    options?: ConnectionOptions,
  ): TcpConnection {
    if (!isPort(target.port)) throw new RangeError(`Cannot connect to port ${target.port}`);
    if (!isReachable(target.address)) { // RFC 9293 §3.9.2.3, MUST-46
      throw new RangeError("Cannot connect: no single host has the target's address");
    }
    if (isIpv4(client.address) !== isIpv4(target.address)) {
      throw new RangeError("Cannot connect: the addresses are of different versions of IP");
    }
    const config = connectionConfig(this.#config, options);
    const own = { address: client.address, port: client.port || this.#freePort(client, target) };
    if (!isPort(own.port)) throw new RangeError(`Cannot connect from port ${own.port}`);
    if (this.#flows.between(own, target)) {
      throw new RangeError(`Cannot connect from port ${own.port}: that flow exists already`);
    }
    if (!this.#makeRoom()) {
      throw new RangeError(`Cannot connect: there are ${this.#flows.size} flows already`);
    }
    const tcb = activeOpen(config, this.#context(own, target));
    return this.#add({ protocol: this.protocol, client: own, target }, tcb);
  }

  /** Resets every connection, so that their peers need not find out by themselves. */
  abortAll(): void {
    for (const flow of [...this.#flows.values()]) {
      if (flow instanceof TcpConnection) flow.abort();
      else flow.reject();
    }
  }

  receive(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    this.#now = now;
    this.memory.stir(now);
    const segment = this.#segment;
    const reason = parseSegment(segment, header, packet);
    if (reason !== Drop.None) return reason;
    if (segment.sourcePort === 0) return Drop.InvalidSource;
    const isNobodys = header.isMulticast || !isReachable(header.destination);
    if (isNobodys || segment.destinationPort === 0) return Drop.InvalidDestination;
    this.#key.assign(header, segment.sourcePort, segment.destinationPort);
    const flow = this.#flows.find(this.#key);
    if (!flow) return this.#receiveUnknown(header, segment, packet, now);
    if (flow instanceof TcpRequest) return this.#receivePending(flow, header, segment, now);
    return this.#receiveKnown(flow, header, segment, packet, now);
  }

  /** An ICMP error about a segment of ours: of its header the first eight bytes are sure. */
  receiveError(header: IpHeader, packet: PacketBuffer, error: DeliveryError, now: Millis): Drop {
    this.#now = now;
    const { view, start } = packet;
    const key = this.#key;
    key.own.assign(header.source);
    key.peer.assign(header.destination);
    key.ownPort = view.getUint16(start);
    key.peerPort = view.getUint16(start + 2);
    const connection = this.#flows.find(key);
    if (!(connection instanceof TcpConnection)) return Drop.UnrelatedError;
    const seq = toSeq(view.getInt32(start + 4));
    const reason = connection.deliveryFailed(header.version, seq, error, now);
    this.#ready.add(connection);
    this.#settle(connection);
    return reason;
  }

  advance(now: Millis): void {
    this.#now = now;
    this.memory.advance(now);
    for (let due = this.#flows.takeDue(now); due; due = this.#flows.takeDue(now)) {
      if (due instanceof TcpRequest) {
        this.#requests.withdraw(due);
        continue;
      }
      due.timeout(now);
      this.#ready.add(due);
      this.#settle(due);
    }
  }

  /** Resets first; then one segment of the connection that has waited longest. */
  transmit(header: IpHeader, packet: PacketBuffer, now: Millis): boolean {
    this.#now = now;
    const { checksumOffload } = this.#environment;
    const segment = this.#segment;
    if (this.#replies.take(header, segment)) {
      writeSegment(segment, header, packet, checksumOffload);
      return true;
    }
    for (let next = this.#ready.take(); next; next = this.#ready.take()) {
      const sends = next.nextSegment(segment, packet, now);
      this.#settle(next);
      if (!sends) continue;
      this.#ready.add(next); // it may have more
      const { own, peer } = next;
      segment.sourcePort = own.port;
      segment.destinationPort = peer.port;
      header.version = isIpv4(peer.address) ? 4 : 6;
      header.protocol = this.protocol;
      header.source.assign(own.address);
      header.destination.assign(peer.address);
      writeSegment(segment, header, packet, checksumOffload);
      return true;
    }
    return false;
  }

  /** A segment for a connection. */
  #receiveKnown(
    connection: TcpConnection,
    header: IpHeader,
    segment: Segment,
    packet: PacketBuffer,
    now: Millis,
  ): Drop {
    if (connection.state === State.Closed) { // only its reset is still to leave
      this.#flows.remove(connection);
      return this.#receiveUnknown(header, segment, packet, now);
    }
    if (segment.isSyn(this.#config.synFin) && connection.yieldsTo(segment)) {
      if (this.#requests.isFull && !this.#listenerOf(segment)) return Drop.TooManyRequests;
      connection.forget();
      this.#settle(connection);
      this.#former = connection.sentUpTo;
      const reason = this.#opens(header, segment, now);
      this.#former = undefined;
      return reason;
    }
    const refusal = connection.listener?.refuses(connection, segment, now) ?? Drop.None;
    if (refusal !== Drop.None) return refusal;
    const reason = connection.segmentArrives(segment, packet, now);
    const isSyn = connection.state === State.SynReceived || connection.state === State.SynSent;
    if ((reason === Drop.UnacceptableAck && isSyn) || reason === Drop.NoFlow) {
      this.#replies.oweReset(header, segment); // RFC 9293 §3.10.7.3, §3.10.7.4: the state stays
    }
    this.#ready.add(connection);
    this.#settle(connection);
    return reason;
  }

  /** A segment for a flow that waits for an answer. */
  #receivePending(request: TcpRequest, header: IpHeader, segment: Segment, now: Millis): Drop {
    const reason = this.#requests.segmentArrives(request, header, segment, now);
    const isAnew = request.isWithdrawn && segment.isSyn(this.#config.synFin);
    return isAnew ? this.#opens(header, segment, now) : reason;
  }

  /** A segment that belongs to nothing (RFC 9293 §3.10.7.1, and LISTEN for a SYN). */
  #receiveUnknown(header: IpHeader, segment: Segment, packet: PacketBuffer, now: Millis): Drop {
    if (segment.isSyn(this.#config.synFin)) return this.#opens(header, segment, now);
    const flags = segment.flags & (SYN | ACK | RST | FIN);
    if (flags === (SYN | FIN)) return Drop.InvalidFlags;
    const listener = this.#listenerOf(segment);
    if (listener && (flags & (SYN | ACK | RST)) === ACK) {
      const reason = this.#listeners.ackArrives(listener, this.#flow, segment, now);
      const opened = reason === Drop.None && this.#flows.find(this.#key);
      if (opened instanceof TcpConnection) {
        return this.#receiveKnown(opened, header, segment, packet, now);
      }
      if (reason !== Drop.NoFlow) return reason;
    }
    // RFC 9293 §3.10.7.2, fourth: in LISTEN what asks for nothing gets no answer.
    if (listener && (flags & (ACK | RST)) === 0) return Drop.InvalidFlags;
    return this.#replies.oweReset(header, segment) || Drop.NoFlow;
  }

  /** A SYN: for a listener, or else for the application to decide. */
  #opens(header: IpHeader, segment: Segment, now: Millis): Drop {
    const listener = this.#listenerOf(segment);
    if (!listener) return this.#request(segment, now);
    const leftTimeWait = this.#former !== undefined;
    return this.#listeners.synArrives(listener, header, this.#flow, segment, leftTimeWait);
  }

  #listenerOf({ destinationPort }: Segment): TcpListener | undefined {
    return this.#listeners.find(this.#key.own, destinationPort);
  }

  /** The flow that the segment at hand belongs to, or opens. */
  get #flow(): Flow {
    return this.#key.toFlow(this.protocol);
  }

  #request(segment: Segment, now: Millis): Drop {
    if (this.#requests.isFull) return Drop.TooManyRequests;
    if (!this.#makeRoom()) return Drop.TooManyFlows;
    this.#requests.add(this.#flow, segment, this.#former, now);
    return Drop.None;
  }

  #context(own: Endpoint, peer: Endpoint, former = this.#former): HandshakeContext {
    let iss = this.#isn.initialSequence(own, peer, this.#now);
    if (former !== undefined && !seqBefore(former, iss)) iss = seqAdd(former, ISN_GAP);
    return {
      peer: peer.address,
      mtu: this.#environment.mtu,
      maxSegmentation: this.#environment.maxSegmentation,
      gathers: this.#environment.gathers ?? false,
      iss,
      memory: this.memory,
      timestampOffset: this.#isn.timestampOffset(own.address, peer.address),
      now: this.#now,
    };
  }

  #add(flow: Flow, tcb: ControlBlock): TcpConnection {
    const connection = new TcpConnection(flow, tcb, this.#markReady);
    this.#flows.add(connection);
    this.#ready.add(connection);
    const excess = this.#flows.excessHalfOpen;
    if (excess) this.#evict(excess);
    return connection;
  }

  /** Brings the tables up to date with what has just happened to `connection`. */
  #settle(connection: TcpConnection): void {
    if (connection.listener) connection.listener.update(connection);
    else this.#announce(connection);
    if (connection.isOver) {
      connection.disown();
      return this.#flows.remove(connection);
    }
    this.#flows.update(connection);
    if (connection.state !== State.TimeWait) return;
    const excess = this.#flows.excessTimeWait;
    if (excess) this.#evict(excess);
  }

  #announce(connection: TcpConnection): void {
    if (connection.hasEvents) this.#eventful.add(connection);
  }

  /** Whether there may be one more flow, after the least useful has given way. */
  #makeRoom(): boolean {
    if (!this.#flows.isFull) return true;
    const victim = this.#flows.leastUseful(this.#now);
    if (victim) this.#evict(victim);
    return victim !== undefined;
  }

  /** Ends a connection that gives way; its reset, if it owes one, leaves when it can. */
  #evict(connection: TcpConnection): void {
    if (connection.state === State.TimeWait) connection.forget();
    else connection.abort();
    this.#settle(connection);
    this.#flows.remove(connection);
  }

  #freePort({ address }: ClientEndpoint, target: Endpoint): number {
    const isFree = (port: number) =>
      !this.#listeners.find(address, port) && !this.#flows.between({ address, port }, target);
    const port = this.#ports.next(address, target, isFree);
    if (port !== undefined) return port;
    throw new RangeError(`Cannot connect to port ${target.port}: no ephemeral port is free`);
  }
}
