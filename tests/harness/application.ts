/**
 * An application that does what a script says: it writes and reads at its own
 * pace, checks every byte, and closes when it is told to.
 *
 * @module
 */
import { type Millis, NEVER } from "../../lib/base/clock.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { Event } from "../../lib/tcp/control_block.ts";
import { State } from "../../lib/tcp/state.ts";
import type { Content } from "./content.ts";

/** What an {@linkcode Application} does. Sizes in bytes, times in milliseconds. */
export interface Script {
  /** How much it writes. */
  readonly total: number;
  /** How much at a time. @default {65536} */
  readonly writeChunk?: number;
  /** How long it thinks between writes. @default {0} */
  readonly writePause?: Millis;
  /** How much it reads at a time. @default {65536} */
  readonly readChunk?: number;
  /** How long it thinks between reads. @default {0} */
  readonly readPause?: Millis;
  /** It does not read before this long after the connection was made. @default {0} */
  readonly readAfter?: Millis;
  /** Whether it closes its side only when the other has. @default {false} */
  readonly closesLast?: boolean;
  /** Whether it reads and writes in place, by spans. @default {false} */
  readonly inPlace?: boolean;
  /** It resets the connection once it has read this much. @default {Infinity} */
  readonly abortsAfter?: number;
}

/** An application with a connection; see the module's description. */
export class Application {
  /** What it has written so far. */
  written = 0;
  /** What it has read so far. */
  read = 0;
  /** Whether it has seen the end of what the other side sends. */
  isAtEnd = false;
  /** When it read last. */
  readAt: Millis;
  /** All events so far. */
  events = 0;
  readonly connection: Connection;
  readonly #script: Required<Script>;
  readonly #speaks: Content;
  readonly #hears: Content;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #hasClosed = false;
  #nextWrite: Millis;
  #nextRead: Millis;

  /** Gives `connection` to an application that says `speaks` and expects `hears`. */
  constructor(
    connection: Connection,
    script: Script,
    speaks: Content,
    hears: Content,
    now: Millis,
  ) {
    this.connection = connection;
    this.#script = { ...DEFAULTS, ...script };
    this.#speaks = speaks;
    this.#hears = hears;
    this.#buffer = new Uint8Array(this.#script.readChunk);
    this.#nextWrite = this.readAt = now;
    this.#nextRead = now + this.#script.readAfter;
  }

  /** Whether it wants no more of its connection. */
  get isDone(): boolean {
    const { state, error } = this.connection;
    if (error) return true;
    if (state === State.Closed) return this.isAtEnd;
    return this.isAtEnd && this.#hasClosed && this.connection.isDrained;
  }

  /** When it will do something if nothing else happens. */
  get nextDue(): Millis {
    const writes = this.#wantsToWrite ? this.#nextWrite : NEVER;
    return Math.min(writes, this.connection.readable > 0 ? this.#nextRead : NEVER);
  }

  /** Does what can be done at `now`; returns whether that was anything. */
  step(now: Millis): boolean {
    this.events |= this.connection.takeEvents();
    const wrote = this.#wantsToWrite && now >= this.#nextWrite && this.#write(now);
    const didRead = this.connection.readable > 0 && now >= this.#nextRead && this.#read(now);
    this.isAtEnd = this.connection.isAtEnd;
    return this.#close() || wrote || didRead;
  }

  get #wantsToWrite(): boolean {
    return this.written < this.#script.total && this.connection.writable > 0;
  }

  #write(now: Millis): boolean {
    const { total, writeChunk, writePause, inPlace } = this.#script;
    const wanted = Math.min(writeChunk, total - this.written);
    const bytes = this.#speaks.at(this.written, wanted);
    if (inPlace) {
      const span = this.connection.writableSpan(bytes.length);
      span.set(bytes.subarray(0, span.length));
      this.connection.commit(span.length);
      this.written += span.length;
    } else {
      this.written += this.connection.write(bytes);
    }
    this.#nextWrite = now + writePause;
    return true;
  }

  #read(now: Millis): boolean {
    const { readChunk, readPause, inPlace } = this.#script;
    let bytes: Uint8Array = this.#buffer;
    let count: number;
    if (inPlace) {
      bytes = this.connection.readableSpan();
      count = Math.min(bytes.length, readChunk);
    } else {
      count = this.connection.read(this.#buffer);
    }
    const wrong = this.#hears.firstWrong(this.read, bytes, 0, count);
    if (wrong >= 0) throw new Error(`byte ${this.read + wrong} was read wrong`);
    if (inPlace) this.connection.consume(count);
    this.read += count;
    this.readAt = now;
    this.#nextRead = now + readPause;
    return true;
  }

  /** Aborts or closes when the time has come. */
  #close(): boolean {
    const { total, closesLast, abortsAfter } = this.#script;
    if (this.#hasClosed || !(this.events & Event.Established)) return false;
    if (this.read >= abortsAfter) {
      this.connection.abort();
    } else {
      if (this.written < total || (closesLast && !this.isAtEnd)) return false;
      this.connection.closeWrite();
    }
    this.#hasClosed = true;
    return true;
  }
}

const DEFAULTS: Required<Script> = {
  total: 0,
  writeChunk: 65_536,
  writePause: 0,
  readChunk: 65_536,
  readPause: 0,
  readAfter: 0,
  closesLast: false,
  inPlace: false,
  abortsAfter: Infinity,
};
