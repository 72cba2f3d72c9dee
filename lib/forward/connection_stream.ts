/**
 * A guest's connection as a stream of bytes, for services inside the stack.
 *
 * @module
 */
import { Event } from "../tcp/control_block.ts";
import type { Connection } from "../tcp/connection.ts";
import { TcpError } from "../tcp/error.ts";
import type { ByteStream } from "./dialer.ts";
import { Signal } from "./signal.ts";

/** A {@linkcode Connection} whose reads and writes wait until they can be done; one of each at a time. */
export class ConnectionStream implements ByteStream {
  readonly #connection: Connection;
  readonly #kick: () => void;
  readonly #changed = { in: new Signal(), out: new Signal() };

  /** Wraps `connection`; `kick` is called after something was done with it. */
  constructor(connection: Connection, kick: () => void) {
    this.#connection = connection;
    this.#kick = kick;
  }

  /** Takes the events of the connection. */
  notify(): void {
    const events = this.#connection.takeEvents();
    if (events & (Event.Readable | Event.EndOfStream | Event.Closed)) this.#changed.in.tell();
    if (events & (Event.Writable | Event.Established | Event.Closed)) this.#changed.out.tell();
  }

  /**
   * Reads some bytes; null at the end.
   *
   * @throws {TcpError} When the connection is lost.
   */
  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    for (;;) {
      const count = this.#connection.read(into);
      if (count > 0) {
        this.#kick();
        return count;
      }
      if (this.#connection.isAtEnd) return null;
      this.#assertAlive("read");
      await this.#changed.in.wait();
    }
  }

  /**
   * Queues some of `data`, and returns how much that was.
   *
   * @throws {TcpError} When our side is closed or the connection is lost.
   */
  async write(data: Uint8Array<ArrayBuffer>): Promise<number> {
    for (;;) {
      const count = this.#connection.write(data);
      if (count > 0 || data.length === 0) {
        this.#kick();
        return count;
      }
      await this.#changed.out.wait();
    }
  }

  closeWrite(): Promise<void> {
    this.#connection.closeWrite();
    this.#kick();
    return Promise.resolve();
  }

  close(): void {
    this.#connection.close();
    this.#wakeAll();
  }

  reset(): void {
    this.#connection.abort();
    this.#wakeAll();
  }

  #wakeAll(): void {
    this.#changed.in.tell();
    this.#changed.out.tell();
    this.#kick();
  }

  #assertAlive(action: string): void {
    const { error } = this.#connection;
    if (error) throw new TcpError(error, `Cannot ${action}: the connection is lost (${error})`);
  }
}
