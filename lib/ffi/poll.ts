/**
 * Waiting for one descriptor that Deno does not know; {@link ./poller.ts} waits for many.
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
const POLLIN = 0x001;

// struct pollfd: int fd, short events, short revents
const POLLFD_LENGTH = 8;
const EVENTS = 4;
const RETURNED = 6;

/** The longest wait that poll(2) can express, in milliseconds: 24 days. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * Waits until there is something to read from `descriptor`, or its other side has gone. It must
 * stay open meanwhile.
 *
 * @param timeout Milliseconds, rounded up. @default {Infinity}
 * @returns Whether that has happened in time.
 */
export async function untilReadable(descriptor: number, timeout = Infinity): Promise<boolean> {
  const polled = new DataView(new ArrayBuffer(POLLFD_LENGTH));
  polled.setInt32(0, descriptor, true);
  polled.setUint16(EVENTS, POLLIN, true);
  const limit = timeout > MAX_TIMEOUT ? -1 : Math.ceil(Math.max(0, timeout));
  await calls().poll(polled, 1, limit);
  return polled.getUint16(RETURNED, true) !== 0;
}
