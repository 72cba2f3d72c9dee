/**
 * Joins a guest's connection to a stream of the outside.
 *
 *     guest -> receive ring -> write()     up
 *     guest <- send ring    <- read()      down
 *
 * Each direction has its own end, and its own pace: a ring that is full stops
 * the side that fills it. A reset on one side becomes a reset on the other.
 *
 * @module
 */
import type { Connection } from "../tcp/connection.ts";
import { Event } from "../tcp/control_block.ts";
import { State } from "../tcp/state.ts";
import type { ByteStream } from "./dialer.ts";
import { Signal } from "./signal.ts";

/** How a spliced flow ended. */
export type SpliceEnd = "closed" | "reset by guest" | "reset by target" | "timed out" | "stopped";

/**
 * An idle direction waits in a buffer of this size, bytes are few then; once it
 * is filled, the ring is read into in place. Ten thousand idle connections hold
 * 10 MB so, with places in their rings it would be gigabytes.
 */
const IDLE_READ = 1024;
/** The most that is read from outside at a time: half of a send ring, many super-segments. */
const BULK_READ = 1_048_576;
/** Reading goes on when this much of the send ring is free. */
const LOW_WATER = 65_536;

/** A guest's connection joined to a stream; see the module's description. */
export class Splice {
  /** Bytes from the guest that the outside has taken. */
  bytesUp = 0;
  /** Bytes from the outside that were queued for the guest. */
  bytesDown = 0;
  /** Whether all that the guest will ever send has been passed on. */
  isUpDone = false;
  readonly #connection: Connection;
  readonly #stream: ByteStream;
  readonly #kick: () => void;
  readonly #changed = { up: new Signal(), down: new Signal() };
  #end: SpliceEnd | undefined;
  #isStreamClosed = false;

  /** Joins the two; `kick` is called after something was done with the connection. */
  constructor(connection: Connection, stream: ByteStream, kick: () => void) {
    this.#connection = connection;
    this.#stream = stream;
    this.#kick = kick;
  }

  /** Copies both ways until both ends have closed, or one is lost. */
  async run(): Promise<SpliceEnd> {
    await Promise.all([
      this.#up().catch(() => this.#targetLost()),
      this.#down().catch(() => this.#targetLost()),
    ]);
    this.#closeStream();
    return this.#end ?? "closed";
  }

  /** Takes the events of the connection. */
  notify(): void {
    const events = this.#connection.takeEvents();
    if (events & Event.Closed && this.#connection.error) this.#guestLost();
    if (events & (Event.Readable | Event.EndOfStream | Event.Closed)) this.#changed.up.tell();
    if (events & (Event.Writable | Event.Established | Event.Closed)) this.#changed.down.tell();
  }

  /** Ends both directions at once, with resets; but a guest that has ended its own is heard out. */
  stop(): void {
    // A reset would take back what the host's kernel has not delivered yet.
    const isHeardOut = this.isUpDone && !this.#end;
    this.#finish("stopped");
    this.#connection.abort();
    if (isHeardOut) this.#closeStream();
    else this.#reset();
  }

  async #up(): Promise<void> {
    const connection = this.#connection;
    while (!this.#end) {
      const span = connection.readableSpan();
      if (span.length > 0) {
        const count = await this.#stream.write(span);
        this.bytesUp += count;
        connection.consume(count);
        this.#kick();
      } else if (connection.isAtEnd) {
        await this.#stream.closeWrite();
        break;
      } else {
        await this.#changed.up.wait();
      }
    }
    this.isUpDone = true;
  }

  async #down(): Promise<void> {
    const connection = this.#connection;
    // A flood of SYNs is nothing to read for, nor to take memory for.
    while (connection.state === State.SynReceived) await this.#changed.down.wait();
    const idle = new Uint8Array(IDLE_READ);
    let isBulk = false;
    while (!this.#end) {
      if (connection.writable < LOW_WATER && !connection.isDrained) {
        await this.#changed.down.wait();
        continue;
      }
      const span: Uint8Array<ArrayBuffer> = isBulk ? connection.writableSpan(BULK_READ) : idle;
      const count = await this.#stream.read(span);
      if (this.#end) return;
      if (count === null) {
        connection.closeWrite();
        this.#kick();
        return;
      }
      if (isBulk) connection.commit(count);
      else await this.#queue(idle.subarray(0, count));
      this.bytesDown += count;
      isBulk = count === span.length || (isBulk && count > IDLE_READ);
      this.#kick();
    }
  }

  /** Writes all of `data`: there was room for it, but memory may have become tight since. */
  async #queue(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length && !this.#end;) {
      at += this.#connection.write(data.subarray(at));
      if (at < data.length) await this.#changed.down.wait();
    }
  }

  /** The guest has reset its side, or does not answer any more. */
  #guestLost(): void {
    this.#finish(this.#connection.error === "timeout" ? "timed out" : "reset by guest");
    this.#reset();
  }

  /** Reading or writing outside failed: because we closed it, or the target has. */
  #targetLost(): void {
    if (this.#end) return;
    this.#finish("reset by target");
    this.#connection.abort();
    this.#reset();
    this.#kick();
  }

  #finish(end: SpliceEnd): void {
    this.#end ??= end;
    this.isUpDone = true;
    this.#changed.up.tell();
    this.#changed.down.tell();
  }

  #reset(): void {
    this.#closeStream(true);
  }

  /** Once: a `Deno.TcpConn` that is closed again throws. */
  #closeStream(withReset = false): void {
    if (this.#isStreamClosed) return;
    this.#isStreamClosed = true;
    if (withReset && this.#stream.reset) this.#stream.reset();
    else this.#stream.close();
  }
}
