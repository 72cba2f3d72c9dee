/**
 * The flows of a stack that wait for an answer: our LISTEN state where no
 * listener is.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2 | RFC 9293 §3.10.7.2 LISTEN}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { ReadyList } from "../base/ready_list.ts";
import { isIpv4 } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import { IpHeader } from "../ip/header.ts";
import type { TcpConfig } from "./config.ts";
import type { Flows } from "./flows.ts";
import { ACK, RST, type Segment } from "./header.ts";
import type { Replies } from "./replies.ts";
import { type FlowRequest, type RequestOwner, TcpRequest, type Unreachable } from "./request.ts";
import type { Connection } from "./connection.ts";
import { type Seq, seqAdd } from "./seq.ts";

/** What requests need of TCP. */
export interface RequestsOwner {
  /** Makes the connection for which a request has asked. */
  open(request: TcpRequest): Connection;
  /** Answers a SYN with an ICMP error. */
  unreachable(request: FlowRequest, syn: Segment, what: Unreachable): void;
}

/** The requests of a stack; see the module's description. */
export class Requests {
  readonly #config: TcpConfig;
  readonly #flows: Flows;
  readonly #replies: Replies;
  readonly #toSee = new ReadyList<TcpRequest>((request) => request.inRequests);
  readonly #ownerOfEach: RequestOwner;
  #waiting = 0;

  /** Makes an empty set; its requests are in `flows`, too. */
  constructor(config: TcpConfig, flows: Flows, replies: Replies, owner: RequestsOwner) {
    this.#config = config;
    this.#flows = flows;
    this.#replies = replies;
    this.#ownerOfEach = {
      accept: (request) => {
        this.#forget(request);
        return owner.open(request);
      },
      reject: (request) => this.#reject(request),
      unreachable: (request, what) => {
        this.#forget(request);
        owner.unreachable(request, request.syn, what);
      },
      forget: (request) => this.#forget(request),
    };
  }

  /** Whether another request would be one too many. */
  get isFull(): boolean {
    return this.#waiting >= this.#config.maxRequests;
  }

  /** The next flow that asks to be accepted, or one that has withdrawn since. */
  next(): TcpRequest | undefined {
    return this.#toSee.take();
  }

  /** Asks the application what to do with `flow`; see {@linkcode TcpRequest.former}. */
  add(flow: Flow, syn: Segment, former: Seq | undefined, now: Millis): void {
    const request = new TcpRequest(flow, syn, this.#ownerOfEach);
    request.former = former;
    this.#flows.add(request);
    this.#waiting++;
    this.#flows.wake(request, now + this.#config.requestTimeout);
    this.#toSee.add(request);
  }

  /** A segment for `request`; a SYN with another number withdraws it, too. */
  segmentArrives(request: TcpRequest, header: IpHeader, segment: Segment, now: Millis): Drop {
    const { syn } = request;
    if (segment.flags & RST) {
      if (segment.seq !== seqAdd(syn.seq, 1)) return Drop.UnacceptableReset;
      this.withdraw(request);
      return Drop.None;
    }
    if (segment.flags & ACK) return this.#replies.oweReset(header, segment) || Drop.NoFlow;
    if (!segment.isSyn(this.#config.synFin)) return Drop.InvalidFlags;
    if (segment.seq === syn.seq) {
      this.#flows.wake(request, now + this.#config.requestTimeout);
      return Drop.RequestPending;
    }
    this.withdraw(request); // the client has started anew
    return Drop.None;
  }

  /** The client has given up: the application learns of it. */
  withdraw(request: TcpRequest): void {
    this.#forget(request);
    request.withdraw();
    this.#toSee.add(request);
  }

  #reject(request: TcpRequest): void {
    this.#forget(request);
    const header = new IpHeader();
    header.version = isIpv4(request.peer.address) ? 4 : 6;
    header.source.assign(request.peer.address);
    header.destination.assign(request.own.address);
    this.#replies.oweReset(header, request.syn);
  }

  #forget(request: TcpRequest): void {
    this.#flows.remove(request);
    this.#waiting--;
  }
}
