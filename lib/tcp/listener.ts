/**
 * A listener: connections that others open to an address of ours.
 *
 *     SYN -> SYN queue: SYN-RECEIVED -> ACK -> accept queue -> accept()
 *
 * Both queues are bounded, as Linux has them. While the accept queue is full,
 * SYNs are dropped and so are the ACKs that would complete a handshake: the
 * SYN-ACK then goes again, the peer repeats what it had to say, and nothing is
 * lost but time.
 *
 * When the SYN queue is full, SYN-ACKs carry {@link ./syn_cookies.ts | cookies}
 * and nothing is kept.
 *
 * What is in the SYN queue is a connection already: its rings take no memory
 * before there are data, and SYN-RECEIVED is implemented once.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.2 | RFC 9293 §3.10.7.2 LISTEN}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4987#section-3 | RFC 4987 §3}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { type Listed, unlisted } from "../base/ready_list.ts";
import type { IpAddress } from "../ip/address.ts";
import type { ConnectionOptions, TcpConfig } from "./config.ts";
import type { Connection, TcpConnection } from "./connection.ts";
import type { Segment } from "./header.ts";
import { State } from "./state.ts";
import { COOKIE_LIFETIME } from "./syn_cookies.ts";

/** Where a {@linkcode Listener} listens. */
export interface ListenEndpoint {
  /** The address, or undefined for any: whatever the peer takes for the target. */
  readonly address?: IpAddress | undefined;
  /** The port, 1 to 65535. */
  readonly port: number;
}

/** Settings of a {@linkcode Listener}, and of the connections it makes. */
export interface ListenOptions extends ConnectionOptions {
  /** Connections that may wait for {@linkcode Listener.accept}; at least 1. @default {1024} */
  readonly backlog?: number;
  /** Connections that may be in SYN-RECEIVED; at least 1. @default {1024} */
  readonly synBacklog?: number;
  /** Whether SYNs are answered with cookies: when the SYN queue is full, or so. @default {"pressure"} */
  readonly synCookies?: "never" | "pressure" | "always";
  /**
   * How long a client that has said nothing yet is kept from
   * {@linkcode Listener.accept}. Its bare ACK is ignored; when the time is over
   * it is asked once more. Not when a cookie has come back. @default {0}
   */
  readonly deferAccept?: Millis;
}

/** What a listener is doing and has done: connections, SYNs and ACKs. */
export interface ListenerInfo {
  /** Connections in SYN-RECEIVED. */
  readonly halfOpen: number;
  /** Connections that wait for {@linkcode Listener.accept}. */
  readonly pending: number;
  /** Connections that were accepted. */
  readonly accepted: number;
  /** SYNs and ACKs that were dropped because the accept queue was full. */
  readonly overflows: number;
  /** SYNs that were dropped because the SYN queue was full. */
  readonly droppedSyns: number;
  /** SYN-ACKs with a cookie. */
  readonly cookiesSent: number;
  /** Connections by a cookie that came back. */
  readonly cookiesAccepted: number;
}

/** Takes connections at an address of the stack's. */
export interface Listener {
  /** Where it listens. */
  readonly own: ListenEndpoint;
  /** Connections that wait for {@linkcode Listener.accept}. */
  readonly pending: number;
  /** What it is doing and has done. */
  readonly info: ListenerInfo;
  /** Takes the connection that has waited longest, if one does. It may be over already. */
  accept(): Connection | undefined;
  /** Stops listening, and resets what has not been accepted. No-op the second time. */
  close(): void;
}

/** What a listener may ask of TCP. */
export interface ListenerOwner {
  /** There is a connection to accept. */
  acceptable(listener: TcpListener): void;
  /** The connection has an application from now on. */
  accepted(connection: TcpConnection): void;
  /** Nobody listens here any more. */
  closed(listener: TcpListener): void;
}

const DEFAULT_BACKLOG = 1024;

/** The stack's side of a {@linkcode Listener}. */
export class TcpListener implements Listener {
  readonly own: ListenEndpoint;
  /** The settings of its connections. */
  readonly config: TcpConfig;
  /** Of the list of those that have connections to accept. */
  readonly inAcceptable: Listed<TcpListener> = unlisted();
  readonly #owner: ListenerOwner;
  readonly #backlog: number;
  readonly #synBacklog: number;
  readonly #synCookies: Required<ListenOptions>["synCookies"];
  readonly #deferAccept: Millis;
  /** Each with the time until which its bare ACK is ignored. */
  readonly #halfOpen = new Map<TcpConnection, Millis>();
  readonly #pending: TcpConnection[] = [];
  #accepted = 0;
  #overflows = 0;
  #droppedSyns = 0;
  #cookiesSent = 0;
  #cookiesAccepted = 0;
  #lastCookieAt: Millis = -Infinity;

  /**
   * Made by the stack only.
   *
   * @throws {RangeError} When a setting cannot be.
   */
  constructor(
    own: ListenEndpoint,
    config: TcpConfig,
    options: ListenOptions,
    owner: ListenerOwner,
  ) {
    this.own = own;
    this.config = config;
    this.#owner = owner;
    this.#backlog = atLeastOne("backlog", options.backlog ?? DEFAULT_BACKLOG);
    this.#synBacklog = atLeastOne("synBacklog", options.synBacklog ?? DEFAULT_BACKLOG);
    this.#synCookies = options.synCookies ?? "pressure";
    this.#deferAccept = options.deferAccept ?? 0;
    if (!(this.#deferAccept >= 0 && this.#deferAccept < Infinity)) {
      throw new RangeError(`Cannot defer connections by ${this.#deferAccept} ms`);
    }
  }

  get pending(): number {
    return this.#pending.length;
  }

  get info(): ListenerInfo {
    return {
      halfOpen: this.#halfOpen.size,
      pending: this.#pending.length,
      accepted: this.#accepted,
      overflows: this.#overflows,
      droppedSyns: this.#droppedSyns,
      cookiesSent: this.#cookiesSent,
      cookiesAccepted: this.#cookiesAccepted,
    };
  }

  accept(): Connection | undefined {
    const connection = this.#pending.shift();
    if (!connection) return undefined;
    this.#accepted++;
    connection.listener = undefined;
    this.#owner.accepted(connection);
    return connection;
  }

  close(): void {
    this.#owner.closed(this);
    for (const child of [...this.#halfOpen.keys(), ...this.#pending]) {
      child.listener = undefined;
      child.abort();
      child.takeEvents(); // nobody has heard of it
    }
    this.#halfOpen.clear();
    this.#pending.length = 0;
  }

  /** Called by the stack with a SYN: why it opens no connection, or `Drop.None`. */
  refusesSyn(): Drop {
    if (this.#isFull) {
      this.#overflows++;
      return Drop.ListenerFull;
    }
    if (this.#halfOpen.size < this.#synBacklog || this.#synCookies !== "never") return Drop.None;
    this.#droppedSyns++;
    return Drop.TooManyRequests;
  }

  /** Whether a SYN that is not refused is to be answered with a cookie. */
  get givesCookies(): boolean {
    return this.#synCookies === "always" ||
      (this.#synCookies === "pressure" && this.#halfOpen.size >= this.#synBacklog);
  }

  /** Called by the stack when it has answered with a cookie. */
  cookieSent(now: Millis): void {
    this.#cookiesSent++;
    this.#lastCookieAt = now;
  }

  /** Whether a cookie can come back: only one that was sent (RFC 4987 §3.6). */
  takesCookies(now: Millis): boolean {
    return now - this.#lastCookieAt < COOKIE_LIFETIME;
  }

  /** Called by the stack when a cookie has come back: why it opens no connection. */
  refusesCookie(): Drop {
    if (!this.#isFull) return Drop.None;
    this.#overflows++;
    return Drop.ListenerFull;
  }

  /** Called by the stack with a new connection, in SYN-RECEIVED, that a SYN has opened. */
  addFromSyn(connection: TcpConnection, now: Millis): void {
    this.#add(connection, now + this.#deferAccept);
  }

  /** Called by the stack with a new connection, in SYN-RECEIVED, that a cookie has opened. */
  addFromCookie(connection: TcpConnection): void {
    this.#cookiesAccepted++;
    this.#add(connection, -Infinity);
  }

  #add(connection: TcpConnection, deferredUntil: Millis): void {
    connection.listener = this;
    this.#halfOpen.set(connection, deferredUntil);
  }

  /** Called by the stack with a segment for one of its connections: why it is dropped. */
  refuses(connection: TcpConnection, segment: Segment, now: Millis): Drop {
    if (!connection.isCompletedBy(segment)) return Drop.None;
    const deferredUntil = this.#halfOpen.get(connection) ?? -Infinity;
    if (segment.length === 0 && now < deferredUntil) {
      connection.retransmitAt(deferredUntil);
      return Drop.Deferred;
    }
    if (!this.#isFull) return Drop.None;
    this.#overflows++;
    return Drop.ListenerFull;
  }

  /** Called by the stack when something has happened to one of its connections. */
  update(connection: TcpConnection): void {
    if (connection.state === State.SynReceived || !this.#halfOpen.delete(connection)) return;
    if (connection.state === State.Closed) return;
    this.#pending.push(connection);
    this.#owner.acceptable(this);
  }

  get #isFull(): boolean {
    return this.#pending.length >= this.#backlog;
  }
}

function atLeastOne(name: string, value: number): number {
  if (value >= 1) return value;
  throw new RangeError(`Cannot listen with a ${name} of ${value}: it must be at least 1`);
}
