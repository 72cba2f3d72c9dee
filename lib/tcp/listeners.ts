/**
 * The listeners of a stack: what they do with SYNs, and with cookies that come
 * back, and which of them has something to accept.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { Random } from "../base/random.ts";
import { ReadyList } from "../base/ready_list.ts";
import { type IpAddress, sameAddress } from "../ip/address.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";
import type { IpHeader } from "../ip/header.ts";
import { connectionConfig, type TcpConfig } from "./config.ts";
import type { TcpConnection } from "./connection.ts";
import type { ControlBlock } from "./control_block.ts";
import { type HandshakeContext, passiveOpen } from "./handshake.ts";
import type { Segment } from "./header.ts";
import {
  type ListenEndpoint,
  type ListenerOwner,
  type ListenOptions,
  TcpListener,
} from "./listener.ts";
import { isPort } from "./ports.ts";
import type { Replies } from "./replies.ts";
import { SynCookies } from "./syn_cookies.ts";

/** What listeners need of TCP. */
export interface ListenersOwner {
  /** Where SYN-ACKs with cookies go. */
  readonly replies: Replies;
  /** Whether there may be one more connection. */
  makeRoom(): boolean;
  /** What a new connection gets from outside. */
  context(own: Endpoint, peer: Endpoint): HandshakeContext;
  /** Adds a connection. */
  add(flow: Flow, tcb: ControlBlock): TcpConnection;
  /** The connection has an application from now on. */
  accepted(connection: TcpConnection): void;
}

/** The listeners of a stack; see the module's description. */
export class Listeners {
  readonly #config: TcpConfig;
  readonly #owner: ListenersOwner;
  readonly #cookies: SynCookies;
  readonly #byPort = new Map<number, TcpListener[]>();
  readonly #acceptable = new ReadyList<TcpListener>((listener) => listener.inAcceptable);
  readonly #ownerOfEach: ListenerOwner;

  /** Makes an empty set; secrets come from `random`. */
  constructor(config: TcpConfig, random: Random, owner: ListenersOwner) {
    this.#config = config;
    this.#owner = owner;
    this.#cookies = new SynCookies(random);
    this.#ownerOfEach = {
      acceptable: (listener) => this.#acceptable.add(listener),
      accepted: (connection) => owner.accepted(connection),
      closed: (listener) => this.#remove(listener),
    };
  }

  /**
   * Adds a listener.
   *
   * @throws {RangeError} When there is one in that place, or a setting cannot be.
   */
  listen(own: ListenEndpoint, options: ListenOptions = {}): TcpListener {
    const { address, port } = own;
    if (!isPort(port)) throw new RangeError(`Cannot listen on port ${port}`);
    const others = this.#byPort.get(port) ?? [];
    if (find(others, address)) {
      throw new RangeError(`Cannot listen on port ${port}: somebody does already`);
    }
    const config = connectionConfig(this.#config, options);
    const listener = new TcpListener(own, config, options, this.#ownerOfEach);
    this.#byPort.set(port, [...others, listener]);
    return listener;
  }

  /** The listener at this address, or else the one at any address of that port. */
  find(address: IpAddress, port: number): TcpListener | undefined {
    const listeners = this.#byPort.get(port);
    return listeners && (find(listeners, address) ?? find(listeners, undefined));
  }

  /** The next one to which a connection has come since it was named last. */
  next(): TcpListener | undefined {
    return this.#acceptable.take();
  }

  /**
   * A SYN for `listener`, which opens `flow`. When that has just left TIME-WAIT it gets no
   * cookie: our number has to be behind what was used before (RFC 9293 §3.6.1, MAY-2).
   */
  synArrives(
    listener: TcpListener,
    header: IpHeader,
    flow: Flow,
    syn: Segment,
    leftTimeWait: boolean,
  ): Drop {
    const reason = listener.refusesSyn();
    if (reason !== Drop.None) return reason;
    const context = this.#owner.context(flow.target, flow.client);
    if (listener.givesCookies && !leftTimeWait) {
      const answer = this.#cookies.answer(listener.config, context, flow, syn);
      if (!answer) return Drop.TooManyRequests;
      listener.cookieSent(context.now);
      return this.#owner.replies.owe(header, syn, answer);
    }
    if (!this.#owner.makeRoom()) return Drop.TooManyFlows;
    const tcb = passiveOpen(listener.config, context, syn);
    listener.addFromSyn(this.#owner.add(flow, tcb), context.now);
    return Drop.None;
  }

  /**
   * An ACK for `listener` that belongs to no connection: if it brings a cookie
   * back there is one now, in SYN-RECEIVED.
   *
   * @returns `Drop.NoFlow` when it does not, and other reasons when there is no
   * room: then the client will try again.
   */
  ackArrives(listener: TcpListener, flow: Flow, segment: Segment, now: Millis): Drop {
    if (!listener.takesCookies(now)) return Drop.NoFlow;
    const context = this.#owner.context(flow.target, flow.client);
    const tcb = this.#cookies.open(listener.config, context, flow, segment);
    if (!tcb) return Drop.NoFlow;
    const reason = listener.refusesCookie();
    if (reason !== Drop.None) return reason;
    if (!this.#owner.makeRoom()) return Drop.TooManyFlows;
    listener.addFromCookie(this.#owner.add(flow, tcb));
    return Drop.None;
  }

  #remove(listener: TcpListener): void {
    const { port } = listener.own;
    const others = (this.#byPort.get(port) ?? []).filter((other) => other !== listener);
    if (others.length > 0) this.#byPort.set(port, others);
    else this.#byPort.delete(port);
  }
}

function find(
  listeners: readonly TcpListener[],
  address: IpAddress | undefined,
): TcpListener | undefined {
  return listeners.find(({ own }) =>
    own.address && address ? sameAddress(own.address, address) : own.address === address
  );
}
