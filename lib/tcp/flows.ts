/**
 * The flows of a stack: found by their ends, woken by their deadlines, and
 * bounded in number.
 *
 * When there are as many as may be, a new one takes the place of the least
 * useful: the oldest in TIME-WAIT, which has done its work; else the oldest in
 * SYN-RECEIVED, whose peer may not exist; else the one that has been silent for
 * longest and has nothing to send or to read, if that is longer than any
 * middlebox has to keep it (RFC 5382 REQ-5). Otherwise the new one is turned
 * away: a guest that opens too many cannot close those that work.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { TimerHeap } from "../base/timer_heap.ts";
import { type Endpoint, FlowKey } from "../ip/flow.ts";
import { FlowTable } from "../ip/flow_table.ts";
import type { TcpConfig } from "./config.ts";
import { TcpConnection } from "./connection.ts";
import { State } from "./state.ts";
import type { TcpFlow } from "./tcp_flow.ts";

/** Silence after which a connection may give way: 2 hours and 4 minutes (RFC 5382 REQ-5). */
export const EVICTABLE_AFTER: Millis = 7_440_000;

/** The flows of a stack; see the module's description. */
export class Flows {
  readonly #config: TcpConfig;
  readonly #table: FlowTable<TcpFlow>;
  readonly #timers = new TimerHeap<TcpFlow>();
  readonly #timeWait = new Set<TcpConnection>();
  readonly #halfOpen = new Set<TcpConnection>();
  readonly #key = new FlowKey();
  /** No connection has been silent for long enough before this. */
  #noneIdleBefore: Millis = EVICTABLE_AFTER;

  /** Makes an empty table; `seed` is a random 32-bit number. */
  constructor(config: TcpConfig, seed: number) {
    this.#config = config;
    this.#table = new FlowTable(seed);
  }

  /** How many there are. */
  get size(): number {
    return this.#table.size;
  }

  /** When {@linkcode takeDue} has something. */
  get nextDeadline(): Millis {
    return this.#timers.next;
  }

  /** The flow with this key. */
  find(key: FlowKey): TcpFlow | undefined {
    return this.#table.find(key);
  }

  /** The flow between these ends. */
  between(own: Endpoint, peer: Endpoint): TcpFlow | undefined {
    this.#key.own.assign(own.address);
    this.#key.peer.assign(peer.address);
    this.#key.ownPort = own.port;
    this.#key.peerPort = peer.port;
    return this.#table.find(this.#key);
  }

  /** All flows, in no particular order. They may not come or go meanwhile. */
  values(): Iterable<TcpFlow> {
    return this.#table.values();
  }

  /** Adds `flow`, whose ends have none yet. */
  add(flow: TcpFlow): void {
    this.#table.add(flow);
    if (flow instanceof TcpConnection && flow.state === State.SynReceived) this.#halfOpen.add(flow);
  }

  /** Removes `flow`. */
  remove(flow: TcpFlow): void {
    this.#table.remove(flow);
    this.#timers.set(flow, Infinity);
    if (!(flow instanceof TcpConnection)) return;
    this.#timeWait.delete(flow);
    this.#halfOpen.delete(flow);
  }

  /** Wakes `flow` at `deadline`. */
  wake(flow: TcpFlow, deadline: Millis): void {
    this.#timers.set(flow, deadline);
  }

  /** Takes the next flow that is to be woken at `now`. */
  takeDue(now: Millis): TcpFlow | undefined {
    return this.#timers.pop(now);
  }

  /** Takes note of the state of `connection`, and of when it is to be woken. */
  update(connection: TcpConnection): void {
    this.#timers.set(connection, connection.nextDeadline);
    const { state } = connection;
    if (state === State.TimeWait) this.#timeWait.add(connection);
    if (state !== State.SynReceived && this.#halfOpen.size > 0) this.#halfOpen.delete(connection);
  }

  /** A connection in TIME-WAIT that has to end because there are too many of them. */
  get excessTimeWait(): TcpConnection | undefined {
    return this.#timeWait.size > this.#config.maxTimeWait ? first(this.#timeWait) : undefined;
  }

  /** A connection in SYN-RECEIVED that has to end because there are too many of them. */
  get excessHalfOpen(): TcpConnection | undefined {
    return this.#halfOpen.size > this.#config.maxHalfOpen ? first(this.#halfOpen) : undefined;
  }

  /** Whether another flow would be one too many. */
  get isFull(): boolean {
    return this.#table.size >= this.#config.maxConnections;
  }

  /** The connection that gives way to a new one, if any does. */
  leastUseful(now: Millis): TcpConnection | undefined {
    return first(this.#timeWait) ?? first(this.#halfOpen) ?? this.#longestIdle(now);
  }

  /** Looks at all flows, but not again before there can be one. */
  #longestIdle(now: Millis): TcpConnection | undefined {
    if (now < this.#noneIdleBefore) return undefined;
    let longest: TcpConnection | undefined;
    for (const flow of this.#table.values()) {
      if (!(flow instanceof TcpConnection) || !flow.isDrained || flow.readable > 0) continue;
      if (!longest || flow.heardAt < longest.heardAt) longest = flow;
    }
    const isOld = longest && now - longest.heardAt >= EVICTABLE_AFTER;
    if (!isOld) this.#noneIdleBefore = (longest?.heardAt ?? now) + EVICTABLE_AFTER;
    return isOld ? longest : undefined;
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  const [oldest] = set;
  return oldest;
}
