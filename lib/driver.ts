/**
 * Runs a {@linkcode Stack} on a {@linkcode Link} in real time.
 *
 *     link -> stack -> shell -> stack -> link      one step, bounded
 *          wait: poll(2), the only yield           once per step
 *
 * @module
 */
import type { Clock, Millis } from "./base/clock.ts";
import { Drop } from "./base/drop.ts";
import { HEADROOM, PacketBuffer } from "./base/packet_buffer.ts";
import { type Link, SendResult } from "./link/link.ts";
import type { Stack } from "./stack/stack.ts";

/** Packets handled before other tasks of the event loop get their turn. */
const BURST = 64;
/** Bursts that are sent when the driver is closed, at most. */
const MOST_LAST_BURSTS = 1024;
/** A packet of the greatest length that IP can say, and a little more than that. */
const PACKET_CAPACITY: number = HEADROOM + 65_536;
/**
 * While there is traffic, no sleep is longer than TCP's shortest timer, that of the tail
 * loss probe. Answers to the guest then need not wake the poll only because they have started it.
 */
const ACTIVE_SLEEP: Millis = 2;

/** Who takes requests and events from the stack. */
export interface Shell {
  /** Pulls what the stack has to say; called in every step. */
  pump(): void;
}

/** Monotonic time of this process. */
export const systemClock: Clock = { now: () => performance.now() };

/** Runs a stack on a link; see the module's description. */
export class Driver {
  readonly #stack: Stack;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #incoming = new PacketBuffer(PACKET_CAPACITY);
  readonly #outgoing = new PacketBuffer(PACKET_CAPACITY);
  readonly #shells: Shell[] = [];
  /** Whether `#outgoing` holds a packet that the link has not taken yet. */
  #unsent = false;
  #stepping = false;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;
  #sleepsUntil: Millis = 0;

  /** Joins a stack and a link; {@linkcode Driver.run} sets them going. */
  constructor(stack: Stack, link: Link, clock: Clock = systemClock) {
    this.#stack = stack;
    this.#link = link;
    this.#clock = clock;
  }

  /** Lets `shell`, too, pull requests and events from now on. */
  attach(shell: Shell): void {
    this.#shells.push(shell);
  }

  /**
   * Runs until {@linkcode Driver.close}, or until the link is gone; closes the link.
   *
   * Waits once per step even when there is more to do: of all ways to yield,
   * only a real asynchronous operation gives Deno's sockets their turn.
   *
   * @throws What a step has thrown, which is a mistake in the stack or the shell.
   */
  async run(): Promise<void> {
    try {
      await this.#runSteps();
      this.#transmitLast();
    } finally {
      this.#closed = true;
      this.#link.close();
    }
  }

  async #runSteps(): Promise<void> {
    while (!this.#closed && !this.#link.isClosed) {
      if (this.#failure) throw this.#failure.error;
      const { busy, idle } = this.#step();
      const now = this.#clock.now();
      const longest = idle ? Infinity : now + ACTIVE_SLEEP;
      this.#sleepsUntil = busy ? now : Math.min(this.#stack.nextDeadline, longest);
      await this.#link.wait(Math.max(0, this.#sleepsUntil - now), this.#unsent);
    }
  }

  /**
   * Does a step now: sends what the application has just made possible, and
   * takes what has come meanwhile, which saves waiting for the poll to say so
   * (a tenth of the time of a bulk flow). To be called whenever
   * something was done with a connection or a request outside of
   * {@linkcode Shell.pump}.
   */
  kick(): void {
    if (this.#stepping || this.#closed) return;
    let isMore = true;
    try {
      isMore = this.#step().busy;
    } catch (error) { // not the caller's fault: run() ends with it
      this.#failure = { error };
    }
    if (isMore || this.#unsent || this.#stack.nextDeadline < this.#sleepsUntil) this.#link.wake();
  }

  /** Ends {@linkcode Driver.run}, which closes the link. */
  close(): void {
    this.#closed = true;
    this.#link.wake();
  }

  /** Resets of connections that end with the driver leave, as far as the link takes them. */
  #transmitLast(): void {
    const now = this.#clock.now();
    for (let burst = 0; burst < MOST_LAST_BURSTS && !this.#link.isClosed; burst++) {
      if (!this.#transmitBurst(now)) return;
    }
  }

  /** In, timers, events, out; `busy`: there may be more; `idle`: there was nothing at all. */
  #step(): { busy: boolean; idle: boolean } {
    const now = this.#clock.now();
    const received = this.#takeIn(now);
    const before = this.#stack.transmitted;
    const isMore = this.#transmitBurst(now);
    const sent = this.#stack.transmitted - before;
    return { busy: received === BURST || isMore, idle: received + sent === 0 };
  }

  /** What has come, timers, and events; returns how many packets there were. */
  #takeIn(now: Millis): number {
    this.#stepping = true; // what the shell does now is sent at the end of the step
    try {
      let received = 0;
      while (received < BURST && this.#link.receive(this.#incoming)) {
        this.#stack.receive(this.#incoming, now);
        received++;
      }
      this.#stack.advance(now);
      for (const shell of this.#shells) shell.pump();
      return received;
    } finally {
      this.#stepping = false;
    }
  }

  /** Returns whether there may be more to send although the link is not full. */
  #transmitBurst(now: Millis): boolean {
    for (let sent = 0; sent < BURST; sent++) {
      // A packet that the link did not take stays here and goes first.
      if (!this.#unsent && !this.#stack.transmit(this.#outgoing, now)) return false;
      const result = this.#link.send(this.#outgoing);
      this.#unsent = result === SendResult.Full;
      if (this.#unsent) {
        this.#outgoing.makeWhole(); // until then what it was made of may have changed
        return false;
      }
      if (result === SendResult.Refused) this.#stack.drops.count(Drop.LinkRefused);
    }
    return true;
  }
}
