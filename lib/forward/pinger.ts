/**
 * Sends echo requests from the host, and finds the request that an answer is to.
 *
 * One socket carries those of all guests' programs; each request has a sequence
 * number of ours on its way, and its own again when it comes back. An ICMP error
 * that came instead tells who says so, so that traceroute sees the real hops.
 *
 * The socket is open while there is something to wait for, and that is bounded; one that waits
 * where the link does stays until its next request would have grown old.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import type { PingFailure, PingReply } from "../ffi/ping_socket.ts";
import { errnoName } from "../ffi/system_error.ts";
import type { EchoRequest } from "../icmp/echo.ts";
import { icmpv4, icmpv6 } from "../icmp/version.ts";
import { type IpAddress, sameAddress } from "../ip/address.ts";
import type { Problem } from "../ip/header.ts";
import type { Unreachable } from "../tcp/request.ts";
import { classifyFailure, type Failure } from "./failure.ts";

/** How long an answer may take, in milliseconds: passt's ICMP_ECHO_TIMEOUT. */
const PATIENCE: Millis = 60_000;
/** Requests that wait for an answer, at most; beyond it the oldest gives way. */
const MOST_REQUESTS = 1024;
/** Bytes of data that they have, at most. */
const MOST_BYTES = 4 * 1024 * 1024;
/** How often a request that was too big for the path is sent again: the kernel then cuts it. */
const MOST_RESENDS = 3;

/** What a failure of the host's is, in the words of ICMP. */
export const PROBLEMS: Readonly<Record<Unreachable, Problem>> = {
  network: "network unreachable",
  host: "host unreachable",
  prohibited: "prohibited",
};

const SEQUENCE_NUMBERS = 0x1_0000;

/** What pings are sent with: a socket of the host's, or something in its place. */
export interface PingDevice {
  /**
   * Whether it tells by itself what has come, where the link is waited for, too: nothing but the
   * age of requests depends on {@linkcode wait} then. @default {false}
   */
  readonly isPolled?: boolean;
  /**
   * Sends an echo request, without waiting.
   *
   * @returns 0, or the number of the error that came instead: perhaps of an earlier one.
   */
  send(target: IpAddress, hopLimit: number, sequence: number, data: Uint8Array): number;
  /** The next reply that has come. */
  receive(): PingReply | undefined;
  /** The next error that has come. */
  receiveFailure(): PingFailure | undefined;
  /** Waits until there may be one or the other, for `timeout` milliseconds at most. */
  wait(timeout: Millis): Promise<unknown>;
  /** Ends waiting, at once and for good. */
  shutDown(): void;
  /** Gives it back; nobody waits any more. */
  close(): void;
}

/** What a {@linkcode Pinger} needs. */
export interface PingerSettings {
  /** Opens the socket; one that is polled calls `heard` when there may be something. */
  readonly open: (heard: () => void) => PingDevice;
  /** By which requests grow old. */
  readonly clock: Clock;
  /** Is called when requests may have been answered. */
  readonly answered: () => void;
}

/** A request on its way. */
interface Sent {
  readonly request: EchoRequest;
  readonly target: IpAddress;
  /** When nobody waits for it any more. */
  readonly deadline: Millis;
  resends: number;
}

/** Sends the echo requests of one version of IP; see the module's description. */
export class Pinger {
  readonly #version: 4 | 6;
  readonly #settings: PingerSettings;
  /** By sequence number, in the order in which they were sent. */
  readonly #sent = new Map<number, Sent>();
  #bytes = 0;
  #next = 0;
  #socket: PingDevice | undefined;
  #isListening = false;
  #listening: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** Makes one that opens its socket when it has something to send. */
  constructor(version: 4 | 6, settings: PingerSettings) {
    this.#version = version;
    this.#settings = settings;
  }

  /** Whether answers are to come that only Deno's event loop brings. */
  get awaits(): boolean {
    return this.#sent.size > 0 && !this.#socket?.isPolled;
  }

  /**
   * Sends `request` to `target`, one hop nearer to its end.
   *
   * @returns Why not, if it could not be sent.
   * @throws {SystemError} If the host lets us send none at all.
   */
  send(request: EchoRequest, target: IpAddress): Failure | undefined {
    this.#socket ??= this.#settings.open(() => this.#collect());
    const sequence = this.#freeSequence();
    const sent = { request, target, deadline: this.#settings.clock.now() + PATIENCE, resends: 0 };
    this.#sent.set(sequence, sent);
    this.#bytes += request.data.length;
    this.#keepToBounds();
    const error = this.#transmit(this.#socket, sequence, sent);
    if (error !== 0) this.#take(sequence);
    if (!this.#isListening) this.#listening = this.#listen(this.#socket);
    return error === 0 ? undefined : classifyFailure({ code: errnoName(error) });
  }

  /** Forgets all requests. Resolves when the socket is closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#socket?.shutDown();
    await this.#listening;
  }

  #freeSequence(): number {
    do this.#next = (this.#next + 1) % SEQUENCE_NUMBERS; while (this.#sent.has(this.#next));
    return this.#next;
  }

  #keepToBounds(): void {
    for (const sequence of this.#sent.keys()) {
      if (this.#sent.size <= MOST_REQUESTS && this.#bytes <= MOST_BYTES) return;
      this.#take(sequence);
    }
  }

  /** The request with this number, which no longer waits. */
  #take(sequence: number): Sent | undefined {
    const sent = this.#sent.get(sequence);
    if (!sent) return undefined;
    this.#sent.delete(sequence);
    this.#bytes -= sent.request.data.length;
    return sent;
  }

  /** Sends; returns an error number, or 0. */
  #transmit(socket: PingDevice, sequence: number, { request, target }: Sent): number {
    const send = () => socket.send(target, hopsLeft(request), sequence, request.data);
    if (send() === 0) return 0;
    // That may have been the error of an earlier one, which the socket tells at the next occasion.
    this.#takeFailures(socket);
    return send();
  }

  async #listen(socket: PingDevice): Promise<void> {
    this.#isListening = true;
    try {
      for (;;) {
        const oldest = this.#sent.values().next().value;
        if (this.#isStopped || !oldest) return;
        await socket.wait(oldest.deadline - this.#settings.clock.now());
        this.#collect();
        this.#forgetLate();
        this.#settings.answered();
      }
    } finally {
      this.#isListening = false;
      this.#socket = undefined;
      socket.close();
    }
  }

  /** Takes what has come. */
  #collect(): void {
    const socket = this.#socket;
    if (!socket) return;
    for (let reply = socket.receive(); reply; reply = socket.receive()) this.#pass(reply);
    this.#takeFailures(socket);
  }

  #pass({ sequence, from }: PingReply): void {
    const sent = this.#sent.get(sequence);
    if (sent && from && sameAddress(from, sent.target)) this.#take(sequence)?.request.reply();
  }

  #takeFailures(socket: PingDevice): void {
    for (let next = socket.receiveFailure(); next; next = socket.receiveFailure()) {
      const sent = this.#sent.get(next.sequence);
      if (sent && next.target && sameAddress(next.target, sent.target)) {
        this.#fail(socket, next, sent);
      }
    }
  }

  #fail(socket: PingDevice, failure: PingFailure, sent: Sent): void {
    const { sequence, offender, mtu } = failure;
    const problem = this.#problemOf(failure);
    if (problem === "too big" && sent.resends++ < MOST_RESENDS) {
      socket.send(sent.target, hopsLeft(sent.request), sequence, sent.request.data);
      return;
    }
    this.#take(sequence);
    sent.request.fail(problem, offender ? { from: offender, mtu } : { mtu });
  }

  #problemOf({ offender, type, code, errno }: PingFailure): Problem {
    if (!offender) {
      const { unreachable = "host" } = classifyFailure({ code: errnoName(errno) });
      return PROBLEMS[unreachable];
    }
    const kind = (this.#version === 4 ? icmpv4 : icmpv6).kindOf(type, code);
    return kind === undefined || kind === "parameter problem" ? "host unreachable" : kind;
  }

  #forgetLate(): void {
    const now = this.#settings.clock.now();
    for (const [sequence, { deadline }] of this.#sent) {
      if (deadline > now) return;
      this.#take(sequence);
    }
  }
}

/** We are a hop, unless the stack does not play the router; then there may be none left. */
function hopsLeft({ hopLimit }: EchoRequest): number {
  return Math.max(1, hopLimit - 1);
}
