/**
 * A file that others may change while we use what it says.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

/** How often the file is looked at, in milliseconds, while somebody wants to know. */
const CHECK_INTERVAL = 1000;

/** What a file says, read anew when it has changed. */
export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  readonly #clock: Clock;
  #value: T;
  #version = "";
  #checkedAt = -Infinity;

  /** Reads the file at `path`; what is not there or cannot be read is an empty text. */
  constructor(path: string, parse: (text: string) => T, clock: Clock) {
    this.#path = path;
    this.#parse = parse;
    this.#clock = clock;
    this.#value = parse("");
    this.current();
  }

  /** What the file says, or said a second ago. */
  current(): T {
    const now = this.#clock.now();
    if (now - this.#checkedAt < CHECK_INTERVAL) return this.#value;
    this.#checkedAt = now;
    try {
      const { mtime, ino, dev, size } = Deno.statSync(this.#path);
      const version = [mtime?.getTime(), ino, dev, size].join();
      if (version !== this.#version) this.#value = this.#parse(Deno.readTextFileSync(this.#path));
      this.#version = version;
    } catch {
      // It is being replaced, or gone: what it said last is the best there is.
    }
    return this.#value;
  }
}
