/**
 * A flow that asks to be accepted: our LISTEN state.
 *
 * The SYN is answered when the application has made up its mind, so that the
 * client learns what the real target said. Until then SYNs that repeat it are
 * absorbed.
 *
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { type Listed, unlisted } from "../base/ready_list.ts";
import type { Timed } from "../base/timer_heap.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";
import type { FlowEntry } from "../ip/flow_table.ts";
import type { Connection } from "./connection.ts";
import { Segment } from "./header.ts";
import type { Seq } from "./seq.ts";
import type { TcpFlow } from "./tcp_flow.ts";

/** A flow that waits for an answer. Exactly one of its methods counts: the first called. */
export interface FlowRequest {
  /** Who wants to talk to whom. */
  readonly flow: Flow;
  /** Whether the client has given up; what is answered then goes nowhere. */
  readonly isWithdrawn: boolean;
  /**
   * Completes the handshake.
   *
   * @returns The connection, or undefined when the client has given up.
   */
  accept(): Connection | undefined;
  /** Answers with a reset: nobody listens there. */
  reject(): void;
  /** Answers with an ICMP error: the host or the network cannot be reached. IPv6: with a reset. */
  unreachable(what: Unreachable): void;
  /** Stays silent, as a network does in which packets get lost. */
  ignore(): void;
}

/** What cannot be reached. */
export type Unreachable = "network" | "host" | "prohibited";

/** What a request may ask of TCP. */
export interface RequestOwner {
  /** Completes the handshake. */
  accept(request: TcpRequest): Connection;
  /** Answers with a reset. */
  reject(request: TcpRequest): void;
  /** Answers with an ICMP error. */
  unreachable(request: TcpRequest, what: Unreachable): void;
  /** Forgets the request. */
  forget(request: TcpRequest): void;
}

/** The stack's side of a {@linkcode FlowRequest}. */
export class TcpRequest implements FlowRequest, Timed, FlowEntry<TcpFlow> {
  readonly flow: Flow;
  readonly peer: Endpoint;
  readonly own: Endpoint;
  /** The SYN; its payload, if it had any, is not kept: the client will send it again. */
  readonly syn: Segment = new Segment();
  /** Behind this the connection begins to count: a former one has used what is before. */
  former: Seq | undefined = undefined;
  hash = 0;
  nextInBucket: TcpFlow | undefined = undefined;
  deadline: Millis = NEVER;
  heapIndex = -1;
  /** Of the list of what the application should look at. */
  readonly inRequests: Listed<TcpRequest> = unlisted();
  #isWithdrawn = false;
  #isAnswered = false;
  readonly #owner: RequestOwner;

  /** Notes that `syn` asks for `flow`. */
  constructor(flow: Flow, syn: Segment, owner: RequestOwner) {
    this.flow = flow;
    this.peer = flow.client;
    this.own = flow.target;
    this.syn.copyFrom(syn);
    this.syn.options.sackCount = 0; // in a SYN they mean nothing, and there may be no room for them
    this.#owner = owner;
  }

  get isWithdrawn(): boolean {
    return this.#isWithdrawn;
  }

  accept(): Connection | undefined {
    return this.#takeAnswer() ? this.#owner.accept(this) : undefined;
  }

  reject(): void {
    if (this.#takeAnswer()) this.#owner.reject(this);
  }

  unreachable(what: Unreachable): void {
    if (this.#takeAnswer()) this.#owner.unreachable(this, what);
  }

  ignore(): void {
    if (this.#takeAnswer()) this.#owner.forget(this);
  }

  /** The client has given up. */
  withdraw(): void {
    this.#isWithdrawn = true;
  }

  #takeAnswer(): boolean {
    if (this.#isAnswered || this.#isWithdrawn) return false;
    this.#isAnswered = true;
    return true;
  }
}
