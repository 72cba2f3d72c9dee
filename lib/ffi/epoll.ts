/**
 * Which of many descriptors have something for us.
 *
 * One descriptor stands for all of them (epoll(7)), so that waiting for it costs
 * the same however many there are: poll(2) on a thread of Deno's. Asking which
 * they are never waits, and takes 0.3 us.
 *
 * @module
 */
import { checked, declare, libc } from "./libc.ts";
import { POLLIN, PollSet } from "./poll.ts";

const calls = declare({
  create: { name: "epoll_create1", parameters: ["i32"], result: "i32" },
  control: { name: "epoll_ctl", parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  wait: { name: "epoll_wait", parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
});

const CLOEXEC = 0o2000000;
const NONBLOCK = 0o4000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 0x001;
const EPOLLERR = 0x008; // always told

// struct epoll_event: events, then 64 bits of ours. Packed on x86-64, and only there.
const IS_PACKED = Deno.build.arch === "x86_64";
const EVENT_LENGTH = IS_PACKED ? 12 : 16;
const DATA = IS_PACKED ? 4 : 8;

/** Descriptors to be asked about at a time. */
const MOST_EVENTS = 256;

/** Descriptors of which some may be readable; see the module's description. */
export class Epoll<T> {
  readonly #descriptor: number;
  readonly #members = new Map<number, T>();
  readonly #event = new Uint8Array(EVENT_LENGTH);
  readonly #eventView = new DataView(this.#event.buffer);
  readonly #events = new Uint8Array(EVENT_LENGTH * MOST_EVENTS);
  readonly #eventsView = new DataView(this.#events.buffer);
  readonly #eventfd: number;
  readonly #polled = new PollSet(2);
  readonly #count = new Uint8Array(new BigUint64Array([1n]).buffer);
  readonly #drained = new Uint8Array(8);
  #isWaiting = false;
  #isClosed = false;

  /**
   * Makes an empty set.
   *
   * @throws {SystemError} If there can be no more descriptors.
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
  }

  /**
   * Adds a descriptor, which is called `member`.
   *
   * @throws {SystemError} If it cannot be waited for.
   */
  add(descriptor: number, member: T): void {
    this.#eventView.setUint32(0, EPOLLIN, true);
    this.#eventView.setInt32(DATA, descriptor, true);
    const added = calls().control(this.#descriptor, EPOLL_CTL_ADD, descriptor, this.#event);
    checked("wait for a socket", "epoll_ctl", added);
    this.#members.set(descriptor, member);
  }

  /** Removes a descriptor that is still open. */
  remove(descriptor: number): void {
    if (!this.#members.delete(descriptor)) return;
    calls().control(this.#descriptor, EPOLL_CTL_DEL, descriptor, this.#event);
  }

  /** Puts those that are readable now into `readable`, and those with an error into `failed`. */
  collect(readable: T[], failed: T[]): void {
    readable.length = failed.length = 0;
    const view = this.#eventsView;
    const count = calls().wait(this.#descriptor, this.#events, MOST_EVENTS, 0);
    for (let index = 0; index < count; index++) {
      const at = index * EVENT_LENGTH;
      const member = this.#members.get(view.getInt32(at + DATA, true));
      if (member === undefined) continue;
      const events = view.getUint32(at, true);
      if (events & EPOLLIN) readable.push(member);
      if (events & EPOLLERR) failed.push(member);
    }
  }

  /** Waits until one is readable or has an error, or for {@linkcode wake}. One may wait at a time. */
  async wait(): Promise<void> {
    if (this.#isClosed) return;
    this.#isWaiting = true;
    this.#polled.set(0, this.#descriptor, POLLIN);
    this.#polled.set(1, this.#eventfd, POLLIN);
    await this.#polled.poll(Infinity);
    this.#isWaiting = false;
    if (this.#polled.isReady(1)) libc().read(this.#eventfd, this.#drained, 8);
    if (this.#isClosed) this.#release();
  }

  /** Ends a {@linkcode wait}, or the next one. */
  wake(): void {
    if (!this.#isClosed) libc().write(this.#eventfd, this.#count, 8);
  }

  /** Gives the descriptors of the set back, those of its members not. A wait ends first. */
  close(): void {
    if (this.#isClosed) return;
    this.wake();
    this.#isClosed = true;
    if (!this.#isWaiting) this.#release();
  }

  #release(): void {
    libc().close(this.#descriptor);
    libc().close(this.#eventfd);
  }
}
