/**
 * Waiting for descriptors that Deno does not know.
 *
 * poll(2) runs on a thread of Deno's pool, one per call that is pending, and
 * leaves the JavaScript thread free. A round trip costs about 30 us.
 *
 * @module
 */

import { declare } from "./libc.ts";

const calls = declare({
  /** On a thread of its own: errno of this one cannot be read. */
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32", nonblocking: true },
});

/** There is something to read, or the other side has gone. */
export const POLLIN = 0x001;
/** There is room to write. */
export const POLLOUT = 0x004;

// struct pollfd: int fd, short events, short revents
const POLLFD_LENGTH = 8;
const EVENTS = 4;
const RETURNED = 6;

/** The longest wait that poll(2) can express, in milliseconds: 24 days. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Descriptors to wait for, and what happened to them. Reusable, but by one wait at a time. */
export class PollSet {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /** Makes a set of none yet. @param length For how many descriptors. */
  constructor(length: number) {
    this.#bytes = new Uint8Array(length * POLLFD_LENGTH);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Puts a descriptor and the events to wait for at `index`. */
  set(index: number, descriptor: number, events: number): void {
    this.#view.setInt32(index * POLLFD_LENGTH, descriptor, true);
    this.#view.setUint16(index * POLLFD_LENGTH + EVENTS, events, true);
    this.#view.setUint16(index * POLLFD_LENGTH + RETURNED, 0, true);
  }

  /** Whether the last wait saw anything of the descriptor at `index`: an event, an error, its end. */
  isReady(index: number): boolean {
    return this.#view.getUint16(index * POLLFD_LENGTH + RETURNED, true) !== 0;
  }

  /**
   * Waits for an event. The descriptors must stay open until it returns.
   *
   * @param timeout Milliseconds, rounded up; Infinity is allowed.
   */
  async poll(timeout: number): Promise<void> {
    const length = this.#bytes.length / POLLFD_LENGTH;
    const limit = timeout > MAX_TIMEOUT ? -1 : Math.ceil(Math.max(0, timeout));
    await calls().poll(this.#bytes, length, limit);
  }
}

/**
 * Waits until there is something to read from `descriptor`, or its other side has gone.
 *
 * @param timeout Milliseconds. @default {Infinity}
 * @returns Whether that has happened in time.
 */
export async function untilReadable(descriptor: number, timeout = Infinity): Promise<boolean> {
  const polled = new PollSet(1);
  polled.set(0, descriptor, POLLIN);
  await polled.poll(timeout);
  return polled.isReady(0);
}
