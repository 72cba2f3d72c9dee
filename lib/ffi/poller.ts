/**
 * Which of many descriptors something has happened to.
 *
 * One epoll(7) stands for all of them, so that waiting for it costs the same however
 * many there are. There are two ways to wait: {@linkcode Poller.wait} leaves the thread
 * to others, on a thread of Deno's pool that takes 30 us or more to wake us;
 * {@linkcode Poller.look} keeps it, and returns as soon as the kernel does.
 *
 * @see {@link https://man7.org/linux/man-pages/man7/epoll.7.html | epoll(7)}
 * @module
 */
import { checked, declare, libc } from "./libc.ts";

const calls = declare({
  create: { name: "epoll_create1", parameters: ["i32"], result: "i32" },
  control: { name: "epoll_ctl", parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  look: { name: "epoll_wait", parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  wait: {
    name: "epoll_wait",
    parameters: ["i32", "buffer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
});

/** Something to read, or the end of it. */
export const EPOLLIN = 0x001;
/** Urgent data. */
export const EPOLLPRI = 0x002;
/** Room to write. */
export const EPOLLOUT = 0x004;
/** An error, which is always told. */
export const EPOLLERR = 0x008;
/** Both directions are over, which is always told. */
export const EPOLLHUP = 0x010;
/** The other side will send no more. */
export const EPOLLRDHUP = 0x2000;
/** Tells what changes, once, instead of what is, every time. */
export const EPOLLET = 0x8000_0000;

const CLOEXEC = 0o2000000;
const NONBLOCK = 0o4000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

// struct epoll_event: events, then 64 bits of ours: a number as it is, of which there are enough
// for a million connections a second and 285 years. Packed on x86-64, and only there.
const IS_PACKED = Deno.build.arch === "x86_64";
const EVENT_LENGTH = IS_PACKED ? 12 : 16;
const DATA = IS_PACKED ? 4 : 8;

/** Descriptors to be told of at a time. */
const MOST_EVENTS = 256;
/** The longest wait that epoll_wait(2) can express, in milliseconds: 24 days. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Who wants to know what happens to a descriptor. */
export interface Pollable {
  /** Takes a set of events. It may be late: to find nothing to do is no error. */
  ready(events: number): void;
}

/** The name of a descriptor in a {@linkcode Poller}; never used twice. */
export type Token = number;

/** Descriptors to which something may happen; see the module's description. */
export class Poller {
  readonly #descriptor: number;
  readonly #eventfd: number;
  readonly #members = new Map<Token, Pollable>();
  readonly #event = new Uint8Array(EVENT_LENGTH);
  readonly #eventView = new DataView(this.#event.buffer);
  readonly #events = new Uint8Array(EVENT_LENGTH * MOST_EVENTS);
  readonly #eventsView = new DataView(this.#events.buffer);
  readonly #count = new Uint8Array(new BigUint64Array([1n]).buffer);
  #lastToken = 0;
  #isWaiting = false;
  #isClosed = false;

  /**
   * Makes one with no descriptors.
   *
   * @throws {SystemError} If there can be no more of its own.
   */
  constructor() {
    const action = "wait for sockets";
    this.#descriptor = checked(action, "epoll_create1", calls().create(CLOEXEC));
    try {
      this.#eventfd = checked(action, "eventfd", calls().eventfd(0, CLOEXEC | NONBLOCK));
    } catch (error) {
      libc().close(this.#descriptor);
      throw error;
    }
    // Each write to it is told once: nobody has to read it.
    this.#control(EPOLL_CTL_ADD, this.#eventfd, EPOLLIN | EPOLLET, 0);
  }

  /**
   * Tells `member` of `events` of `descriptor` from now on.
   *
   * @throws {SystemError} If it cannot be waited for.
   */
  add(descriptor: number, events: number, member: Pollable): Token {
    const token = ++this.#lastToken;
    const added = this.#control(EPOLL_CTL_ADD, descriptor, events, token);
    checked("wait for a socket", "epoll_ctl", added);
    this.#members.set(token, member);
    return token;
  }

  /** Tells of other events than before. */
  change(token: Token, descriptor: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, descriptor, events, token);
  }

  /** Tells another one from now on. */
  hand(token: Token, member: Pollable): void {
    this.#members.set(token, member);
  }

  /** Tells no more of a descriptor, which is still open. */
  remove(token: Token, descriptor: number): void {
    if (!this.forget(token)) return;
    this.#control(EPOLL_CTL_DEL, descriptor, 0, 0);
  }

  /** Tells no more of a descriptor that is closed next, which takes it out of the kernel's list. */
  forget(token: Token): boolean {
    return this.#members.delete(token);
  }

  /**
   * Tells of what happens, and keeps the thread until something does or `timeout` is over.
   *
   * @param timeout Milliseconds; 0 only looks, in 0.3 us.
   * @returns Whether something has happened.
   */
  look(timeout: number): boolean {
    if (this.#isClosed || this.#isWaiting) return false;
    const count = calls().look(this.#descriptor, this.#events, MOST_EVENTS, limitOf(timeout));
    this.#tell(count);
    return count > 0;
  }

  /**
   * Tells of what happens, once something does, upon {@linkcode wake}, also one that came before,
   * or when `timeout` is over. One may wait at a time.
   *
   * @param timeout Milliseconds, rounded up. @default {Infinity}
   */
  async wait(timeout = Infinity): Promise<void> {
    if (this.#isClosed) return;
    if (this.#isWaiting) throw new Error("Cannot wait with one poller twice at a time");
    this.#isWaiting = true;
    const count = await calls().wait(
      this.#descriptor,
      this.#events,
      MOST_EVENTS,
      limitOf(timeout),
    );
    this.#isWaiting = false;
    if (this.#isClosed) this.#release();
    else this.#tell(count);
  }

  /** Ends a {@linkcode wait}, or the next one. */
  wake(): void {
    if (!this.#isClosed) libc().write(this.#eventfd, this.#count, 8);
  }

  /** Gives its own descriptors back, those of its members not. A wait ends first. */
  close(): void {
    if (this.#isClosed) return;
    this.wake();
    this.#isClosed = true;
    this.#members.clear();
    if (!this.#isWaiting) this.#release();
  }

  #tell(count: number): void {
    const view = this.#eventsView;
    for (let index = 0; index < count; index++) {
      const at = index * EVENT_LENGTH;
      this.#members.get(view.getFloat64(at + DATA, true))?.ready(view.getUint32(at, true));
    }
  }

  #control(operation: number, descriptor: number, events: number, token: Token): number {
    this.#eventView.setUint32(0, events, true);
    this.#eventView.setFloat64(DATA, token, true);
    return calls().control(this.#descriptor, operation, descriptor, this.#event);
  }

  #release(): void {
    libc().close(this.#descriptor);
    libc().close(this.#eventfd);
  }
}

function limitOf(timeout: number): number {
  return timeout > MAX_TIMEOUT ? -1 : Math.ceil(Math.max(0, timeout));
}
