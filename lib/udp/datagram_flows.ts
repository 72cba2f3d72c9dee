/**
 * The flows of datagrams of a stack: bounded in number and in time.
 *
 * A flow's deadline is moved when it is due, not with each datagram. The soonest
 * deadline is then, once it is brought up to date, the flow that was used least
 * recently, or one that expects no more: that one gives way. An application that
 * does not look at what comes and ends gets no more flows: these, too, are bounded.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4787#section-4.3 | RFC 4787 §4.3}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { ReadyList } from "../base/ready_list.ts";
import { TimerHeap } from "../base/timer_heap.ts";
import { FlowKey } from "../ip/flow.ts";
import { FlowTable } from "../ip/flow_table.ts";
import { type IpHeader, IpProtocol } from "../ip/header.ts";
import type { UdpConfig } from "./config.ts";
import type { Datagram } from "./header.ts";
import { type FlowOwner, UdpFlow } from "./udp_flow.ts";

/** The flows of datagrams of a stack; see the module's description. */
export class DatagramFlows {
  readonly #config: UdpConfig;
  readonly #table: FlowTable<UdpFlow>;
  readonly #timers = new TimerHeap<UdpFlow>();
  readonly #eventful = new ReadyList<UdpFlow>((flow) => flow.inEventful);
  readonly #key = new FlowKey();
  readonly #owner: FlowOwner;
  /** Flows in `#eventful`. */
  #unseen = 0;

  /** Makes an empty set. */
  constructor(
    config: UdpConfig,
    random: Random,
    owner: Pick<FlowOwner, "memory" | "markReady" | "report">,
  ) {
    const seed = new Uint8Array(4);
    random.fill(seed);
    this.#config = config;
    this.#table = new FlowTable(new DataView(seed.buffer).getInt32(0));
    this.#owner = {
      config,
      ...owner,
      reschedule: (flow) => this.#timers.set(flow, flow.expiry),
      forget: (flow) => this.#forget(flow),
    };
  }

  /** How many there are. */
  get size(): number {
    return this.#table.size;
  }

  /** When {@linkcode DatagramFlows.advance} has something to do. */
  get nextDeadline(): Millis {
    return this.#timers.next;
  }

  /**
   * The flow of a datagram that has just come: a new one if there was none.
   *
   * @returns Nothing when the application has not looked at twice as many as there may be.
   */
  arrive(
    header: IpHeader,
    { sourcePort, destinationPort }: Datagram,
    now: Millis,
  ): UdpFlow | undefined {
    this.#key.assign(header, sourcePort, destinationPort);
    const flow = this.#table.find(this.#key) ?? this.#open(now);
    if (!flow) return undefined;
    flow.usedAt = now;
    this.#announce(flow);
    return flow;
  }

  /** The next flow to which something has come, or that has ended. */
  next(): UdpFlow | undefined {
    const next = this.#eventful.take();
    if (next) this.#unseen--;
    return next;
  }

  /** Ends the flows that have been idle too long. */
  advance(now: Millis): void {
    for (let due = this.#timers.pop(now); due; due = this.#timers.pop(now)) {
      if (due.expiry > now) this.#timers.set(due, due.expiry);
      else this.#expire(due);
    }
  }

  #open(now: Millis): UdpFlow | undefined {
    if (this.#unseen >= 2 * this.#config.maxFlows) return undefined;
    if (this.#table.size >= this.#config.maxFlows) this.#evict();
    const flow = new UdpFlow(this.#key.toFlow(IpProtocol.Udp), this.#owner, now);
    this.#table.add(flow);
    this.#timers.set(flow, flow.expiry);
    return flow;
  }

  /** Ends the flow that is used least. */
  #evict(): void {
    let first = this.#timers.first;
    while (first && first.expiry > first.deadline) {
      this.#timers.set(first, first.expiry);
      first = this.#timers.first;
    }
    if (first) this.#expire(first);
  }

  #expire(flow: UdpFlow): void {
    this.#forget(flow);
    this.#announce(flow);
  }

  /** Lets the application look at `flow`. */
  #announce(flow: UdpFlow): void {
    if (!flow.inEventful.isListed) this.#unseen++;
    this.#eventful.add(flow);
  }

  #forget(flow: UdpFlow): void {
    this.#timers.set(flow, NEVER);
    this.#table.remove(flow);
    flow.end();
  }
}
