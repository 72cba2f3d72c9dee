/**
 * Runs a {@linkcode Stack} on a {@linkcode Link} in real time.
 *
 *     link -> stack -> shell -> stack -> link      one step, bounded
 *          look: has anything happened?            after each step
 *          wait: the only yield                    when nothing has, or it is time
 *
 * Waiting gives the thread to Deno's event loop, and takes 30 us or more to get it back. So
 * as long as nothing depends on the event loop and something happens, the driver keeps the
 * thread; but not for longer than a slice.
 *
 * @module
 */
import type { Clock, Millis } from "./base/clock.ts";
import { Drop } from "./base/drop.ts";
import { HEADROOM, PacketBuffer } from "./base/packet_buffer.ts";
import type { Poller } from "./ffi/poller.ts";
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
/** The longest that the thread is kept from the rest of a program that may want it, too. */
const SLICE: Millis = 1;
/** The same where the program has nothing else to do. */
const LONG_SLICE: Millis = 50;
/** How long the thread waits for more after something has happened, if it may. */
const PATIENCE: Millis = 1;
/** For how much of that it does not sleep. */
const SPIN: Millis = 0.05;
/**
 * Bytes in a step from which on it sleeps at once: it is not latency that counts then, and others
 * may need the processor.
 */
const BULK = 16_384;

/** Who takes requests and events from the stack. */
export interface Shell {
  /**
   * Pulls what the stack has to say; called in every step.
   *
   * @param isBehind Whether packets wait on the link that the stack has not seen.
   * @returns Whether it is to be called again at once. @default {false}
   */
  pump(isBehind: boolean): boolean | void;
  /** Whether it waits for something that only Deno's event loop brings. @default {false} */
  readonly awaits?: boolean;
}

/** Settings of a {@linkcode Driver}. */
export interface DriverOptions {
  /** What time it is. @default {the system's clock} */
  readonly clock?: Clock;
  /**
   * Whether the program has nothing better to do than to wait for the link: the driver may then
   * keep the thread, some milliseconds at a time, while there is traffic. Answers come sooner by
   * what a wake-up takes; timers and promises of the program come later. @default {false}
   */
  readonly mayBlock?: boolean;
}

/** Monotonic time of this process. */
export const systemClock: Clock = { now: () => performance.now() };

/** Whether `shell` depends on the event loop. */
function awaits(shell: Shell): boolean {
  return shell.awaits ?? false;
}

/** Runs a stack on a link; see the module's description. */
export class Driver {
  readonly #stack: Stack;
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #mayBlock: boolean;
  readonly #slice: Millis;
  readonly #incoming = new PacketBuffer(PACKET_CAPACITY);
  readonly #outgoing = new PacketBuffer(PACKET_CAPACITY);
  readonly #shells: Shell[] = [];
  /** Whether `#outgoing` holds a packet that the link has not taken yet. */
  #unsent = false;
  #stepping = false;
  #closed = false;
  #failure: { readonly error: unknown } | undefined;
  #sleepsUntil: Millis = 0;
  /** In packets of the last step. */
  #bytes = 0;
  /** When others last had the thread. */
  #yieldedAt: Millis = -Infinity;

  /** Joins a stack and a link; {@linkcode Driver.run} sets them going. */
  constructor(stack: Stack, link: Link, options: DriverOptions = {}) {
    this.#stack = stack;
    this.#link = link;
    this.#clock = options.clock ?? systemClock;
    this.#mayBlock = options.mayBlock ?? false;
    this.#slice = this.#mayBlock ? LONG_SLICE : SLICE;
  }

  /** What waits for the link, if it is a device. */
  get poller(): Poller | undefined {
    return this.#link.poller;
  }

  /** Lets `shell`, too, pull requests and events from now on. */
  attach(shell: Shell): void {
    this.#shells.push(shell);
  }

  /**
   * Runs until {@linkcode Driver.close}, or until the link is gone; closes the link.
   *
   * Waits at times even when there is more to do: of all ways to yield,
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
      const until = busy ? now : Math.min(this.#stack.nextDeadline, longest);
      const isFree = this.#link.poller !== undefined && !this.#shells.some(awaits);
      const isWatchful = isFree && this.#mayBlock && !idle;
      if (isFree && now < this.#yieldedAt + this.#slice) {
        if (this.#look(isWatchful ? until - now : 0) || busy) continue;
        this.#sleepsUntil = until;
      } else {
        this.#sleepsUntil = isWatchful ? now : until; // others just have their turn
      }
      await this.#link.wait(Math.max(0, this.#sleepsUntil - this.#clock.now()), this.#unsent);
      this.#yieldedAt = this.#clock.now();
    }
  }

  /**
   * Sees whether something has happened; with patience it waits for that, and keeps the thread:
   * without sleeping at first, since to wake a processor takes 20 us and more.
   */
  #look(patience: Millis): boolean {
    const link = this.#link;
    if (!link.look) return false;
    if (link.look(0, this.#unsent)) return true;
    if (patience <= 0) return false;
    const spinsUntil = this.#bytes < BULK ? this.#clock.now() + Math.min(patience, SPIN) : 0;
    while (this.#clock.now() < spinsUntil) {
      if (link.look(0, this.#unsent)) return true;
    }
    return patience > SPIN && link.look(Math.min(patience, PATIENCE), this.#unsent);
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
    this.#bytes = 0;
    const before = this.#stack.received + this.#stack.transmitted;
    const hasMoreIn = this.#takeIn(now);
    const hasMoreOut = this.#transmitBurst(now);
    const after = this.#stack.received + this.#stack.transmitted;
    return { busy: hasMoreIn || hasMoreOut, idle: after === before };
  }

  /** What has come, timers, and events; returns whether there may be more. */
  #takeIn(now: Millis): boolean {
    this.#stepping = true; // what the shell does now is sent at the end of the step
    try {
      let received = 0;
      while (received < BURST && this.#link.receive(this.#incoming)) {
        this.#bytes += this.#incoming.length;
        this.#stack.receive(this.#incoming, now);
        received++;
      }
      this.#stack.advance(now);
      const isBehind = received === BURST;
      let isMore = isBehind;
      for (const shell of this.#shells) isMore = shell.pump(isBehind) === true || isMore;
      return isMore;
    } finally {
      this.#stepping = false;
    }
  }

  /** Returns whether there may be more to send although the link is not full. */
  #transmitBurst(now: Millis): boolean {
    for (let sent = 0; sent < BURST; sent++) {
      // A packet that the link did not take stays here and goes first.
      if (!this.#unsent && !this.#stack.transmit(this.#outgoing, now)) return false;
      this.#bytes += this.#outgoing.length;
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
