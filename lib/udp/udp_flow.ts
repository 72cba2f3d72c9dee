/**
 * The datagrams of one client to one target elsewhere, and the answers.
 *
 * UDP has no beginning and no end: a flow begins with the first datagram, and
 * ends when the client has sent nothing for a while (RFC 4787 §4.3).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4787 | RFC 4787}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import type { MemoryBudget } from "../base/memory_budget.ts";
import { type Listed, unlisted } from "../base/ready_list.ts";
import type { Timed } from "../base/timer_heap.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type IpAddress, isIpv4 } from "../ip/address.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";
import type { FlowEntry } from "../ip/flow_table.ts";
import type { IpHeader, Problem } from "../ip/header.ts";
import type { UdpConfig } from "./config.ts";
import { DatagramQueue, QueuedDatagram } from "./datagram_queue.ts";
import { longestPayload, writeQuotedDatagram } from "./header.ts";
import type { Sender } from "./sender.ts";

/** The datagrams of one client to one target, and the answers; see the module's description. */
export interface DatagramFlow {
  /** Who talks to whom. */
  readonly flow: Flow;
  /** Whether nothing comes any more: it was idle too long, gave way to others, or was closed. */
  readonly isOver: boolean;
  /** Bytes of the next datagram; undefined when there is none. */
  readonly nextLength: number | undefined;
  /**
   * Takes the client's next datagram, which may have no bytes at all. What does not fit is lost.
   *
   * @param at Where in `into` it is to begin. @default {0}
   * @returns Its length, or undefined when there is none.
   */
  receive(into: Uint8Array, at?: number): number | undefined;
  /** The TTL or hop limit of the datagram that was taken last; 0 before. */
  readonly hopLimit: number;
  /** Whether {@linkcode DatagramFlow.send} would take a datagram of `length` bytes. */
  hasRoomFor(length: number): boolean;
  /**
   * Sends a datagram to the client. Nothing of `data` is kept.
   *
   * @param from Who says it: the target, or somebody else who knows of the client.
   * @param length How much of `data`. @default {all of it}
   * @returns False when it cannot be sent: too many wait already, it is too long, the client wants
   * no answers, or the flow is over.
   */
  send(from: Endpoint, data: Uint8Array, length?: number): boolean;
  /**
   * Owes the client an ICMP error about the datagram that it has sent last.
   *
   * @param value With "too big": the longest IP packet that fits, in bytes.
   * @param from Who says so. @default {the target, or for what is a router's to say the gateway}
   */
  report(problem: Problem, value?: number, from?: IpAddress): void;
  /** Forgets the flow; what waits is thrown away. The client's next datagram opens another. */
  close(): void;
}

/** Its queries have one answer each. */
const DNS_PORT = 53;

/** Tells a client what has become of a datagram: see `Icmp`. */
export type FlowReport = (
  flow: Flow,
  write: (header: IpHeader, packet: PacketBuffer) => void,
  problem: Problem,
  value?: number,
  from?: IpAddress,
) => void;

/** What a flow asks of UDP. */
export interface FlowOwner {
  readonly config: UdpConfig;
  /** What all queues count against. */
  readonly memory: MemoryBudget;
  /** Lets `sender` send when it can. */
  markReady(sender: Sender): void;
  /** Owes its client an ICMP error. */
  readonly report: FlowReport;
  /** Notes that its expiry has come nearer. */
  reschedule(flow: UdpFlow): void;
  /** Forgets `flow`. */
  forget(flow: UdpFlow): void;
}

/** The stack's side of a {@linkcode DatagramFlow}. */
export class UdpFlow implements DatagramFlow, Sender, Timed, FlowEntry<UdpFlow> {
  readonly flow: Flow;
  readonly peer: Endpoint;
  readonly own: Endpoint;
  readonly incoming: DatagramQueue;
  readonly outgoing: DatagramQueue;
  hash = 0;
  nextInBucket: UdpFlow | undefined = undefined;
  deadline: Millis = NEVER;
  heapIndex = -1;
  readonly inReady: Listed<Sender> = unlisted();
  /** Of the list of flows that the application should look at. */
  readonly inEventful: Listed<UdpFlow> = unlisted();
  /** When the client has last sent something. */
  usedAt: Millis;
  isOver = false;
  /** Bytes of the client's last datagram. */
  lastLength = 0;
  hopLimit = 0;
  readonly #owner: FlowOwner;
  #timeout: Millis;

  /** Begins a flow. */
  constructor(flow: Flow, owner: FlowOwner, now: Millis) {
    const { config, memory } = owner;
    this.flow = flow;
    this.peer = flow.client;
    this.own = flow.target;
    this.incoming = new DatagramQueue(config.flowQueue, memory);
    this.outgoing = new DatagramQueue(config.flowQueue, memory);
    this.usedAt = now;
    this.#timeout = config.idleTimeout;
    this.#owner = owner;
  }

  /** When it has been idle too long. */
  get expiry(): Millis {
    return this.usedAt + this.#timeout;
  }

  get nextLength(): number | undefined {
    return this.incoming.peek(about) ? about.length : undefined;
  }

  receive(into: Uint8Array, at = 0): number | undefined {
    if (!this.incoming.peek(about)) return undefined;
    this.incoming.take(about, into, at);
    this.hopLimit = about.hopLimit;
    return about.length;
  }

  hasRoomFor(length: number): boolean {
    return !this.isOver && this.outgoing.hasRoomFor(length);
  }

  send(from: Endpoint, data: Uint8Array, length = data.length): boolean {
    const { peer } = this;
    const isV4 = isIpv4(peer.address);
    if (this.isOver || peer.port === 0 || isIpv4(from.address) !== isV4) return false;
    if (length > longestPayload(isV4 ? 4 : 6)) return false;
    about.assign(peer.address, peer.port, from.address, from.port);
    if (!this.outgoing.put(about, data, 0, length)) return false;
    if (this.own.port === DNS_PORT) this.#expectNoMore();
    this.#owner.markReady(this);
    return true;
  }

  report(problem: Problem, value?: number, from?: IpAddress): void {
    const { peer, own, lastLength } = this;
    const write = (_: IpHeader, packet: PacketBuffer) =>
      writeQuotedDatagram(peer.port, own.port, lastLength, packet);
    this.#owner.report(this.flow, write, problem, value, from);
  }

  close(): void {
    if (!this.isOver) this.#owner.forget(this);
  }

  #expectNoMore(): void {
    const { dnsTimeout } = this.#owner.config;
    if (this.#timeout === dnsTimeout) return;
    this.#timeout = dnsTimeout;
    this.#owner.reschedule(this);
  }

  /** Nothing comes or leaves any more. */
  end(): void {
    this.isOver = true;
    this.incoming.release();
    this.outgoing.release();
  }
}

/** The datagram at hand: nothing is kept in it. */
const about = new QueuedDatagram();
