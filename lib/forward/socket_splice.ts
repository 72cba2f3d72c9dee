/**
 * Joins a guest's connection to a socket of the host's, by events.
 *
 *     guest -> receive ring -> send(2)     up
 *     guest <- send ring    <- recv(2)     down
 *
 * What {@link ./splice.ts} does with promises happens here in one turn: what has
 * come on one side is passed on to the other at once, as far as that takes it. A
 * ring that is full stops the side that fills it. A reset on one side becomes a
 * reset on the other.
 *
 * @module
 */
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  type Pollable,
} from "../ffi/poller.ts";
import { NOT_NOW, type TcpSocket } from "../ffi/tcp_socket.ts";
import type { Connection } from "../tcp/connection.ts";
import { Event } from "../tcp/control_block.ts";
import { State } from "../tcp/state.ts";
import type { SpliceEnd } from "./splice.ts";

/** What is read at first, and again after a while with little to read: few bytes are few bytes. */
const FIRST_READ = 4096;
/** The most that is read in a turn. */
const BULK_READ = 1_048_576;
/** Reading goes on when this much of the send ring is free. */
const LOW_WATER = 65_536;

/** Filled in and used at once: one for all splices. */
const little = new Uint8Array(FIRST_READ);

/** Something may have come, or the end. */
const IN = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
/**
 * A short read is not the end of it any more: of the end nothing more is told, and at urgent data
 * a read stops with more behind them. Reading goes on until there is nothing.
 */
const LAST = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;
const OUT = EPOLLOUT | EPOLLHUP | EPOLLERR;

/** Who looks after a {@linkcode SocketSplice}. */
export interface SpliceKeeper {
  /** Something has happened to its socket: {@linkcode SocketSplice.pass} is to be called. */
  stir(splice: SocketSplice): void;
  /** It is over; its socket is closed next. */
  ended(splice: SocketSplice, end: SpliceEnd): void;
}

/** A guest's connection joined to a socket; see the module's description. */
export class SocketSplice implements Pollable {
  /** Bytes from the guest that the outside has taken. */
  bytesUp = 0;
  /** Bytes from the outside that were queued for the guest. */
  bytesDown = 0;
  /** Whether all that the guest will ever send has been passed on. */
  isUpDone = false;
  /** Of its keeper: whether {@linkcode pass} is to be called. */
  isStirred = false;
  readonly #connection: Connection;
  readonly #socket: TcpSocket;
  readonly #keeper: SpliceKeeper;
  #isDownDone = false;
  #mayRead = true;
  #mayWrite = true;
  /** Whether a short read is not the end of it: see {@linkcode LAST}. */
  #isLast = false;
  /** Whether the target has reset the connection. What it has said before is still there. */
  #isReset = false;
  #readSize = FIRST_READ;
  /** The most that the last read could have been. */
  #asked = 0;
  /** What has been read and found no place. */
  #leftover: Uint8Array | undefined;
  #isOver = false;

  /** Joins the two; the socket is connected. */
  constructor(connection: Connection, socket: TcpSocket, keeper: SpliceKeeper) {
    this.#connection = connection;
    this.#socket = socket;
    this.#keeper = keeper;
    connection.deliverTo((bytes, start, end) => this.#take(bytes, start, end));
  }

  ready(events: number): void {
    if (events & IN) this.#mayRead = true;
    if (events & OUT) this.#mayWrite = true;
    if (events & LAST) this.#isLast = true;
    if (events & EPOLLERR) this.#isReset = true;
    this.#keeper.stir(this);
  }

  /** Takes the events of the connection. */
  notify(): void {
    const events = this.#connection.takeEvents();
    if (this.#isOver) return;
    if (events & Event.Closed && this.#connection.error) this.#guestLost();
    else this.#keeper.stir(this);
  }

  /** Passes on what there is. @returns Whether there may be more to pass on at once. */
  pass(): boolean {
    if (this.#isOver) return false;
    const isTaken = this.#up();
    let hasRead = this.#down();
    // The end often comes with the last text, and then leaves with it; but a reset takes text along.
    if (hasRead && this.#isLast && !this.#isReset) hasRead = this.#down();
    if (this.#isOver) return false;
    const isLost = !isTaken || (this.#isReset && this.#isDownDone);
    if (isLost && !hasRead) this.#targetLost();
    else if (this.isUpDone && this.#isDownDone) this.#finish("closed");
    return hasRead && !this.#isOver && (isLost || (this.#mayRead && this.#hasRoom));
  }

  /** Ends both directions at once, with resets; but a guest that has ended its own is heard out. */
  stop(): void {
    if (this.#isOver) return;
    // A reset would take back what the host's kernel has not delivered yet.
    const isHeardOut = this.isUpDone;
    this.#connection.abort();
    this.#finish("stopped", !isHeardOut);
  }

  /** Sends text as it comes: nearly always all of it. */
  #take(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): number {
    if (!this.#mayWrite || this.#isOver) return 0;
    const count = this.#socket.write(bytes, start, end);
    if (count < 0) return 0; // it is queued, and then it will be seen why
    this.bytesUp += count;
    this.#mayWrite = count === end - start;
    return count;
  }

  /** Passes on what the guest has said. @returns Whether the target still takes it. */
  #up(): boolean {
    const connection = this.#connection;
    while (this.#mayWrite) {
      const span = connection.readableSpan();
      if (span.length === 0) break;
      const count = this.#socket.write(span);
      if (count > 0) {
        this.bytesUp += count;
        connection.consume(count);
      } else if (count !== NOT_NOW) {
        this.#isReset = this.#isLast = this.#mayRead = true; // this call was told, and no other is
        return false;
      }
      this.#mayWrite = count === span.length;
    }
    if (!this.isUpDone && connection.isAtEnd) {
      if (!this.#isDownDone) this.#socket.closeWrite(); // or else it is closed next
      this.isUpDone = true;
    }
    return true;
  }

  /** Passes on what the target has said. @returns Whether that was any text. */
  #down(): boolean {
    if (this.#isDownDone || !this.#mayRead || !this.#hasRoom) return false;
    const count = this.#readSize === FIRST_READ ? this.#readLittle() : this.#readMuch();
    if (count > 0) {
      this.bytesDown += count;
      this.#mayRead = count === this.#asked || this.#isLast;
      this.#fitReadSize(count);
    } else if (count === 0) {
      this.#isDownDone = true;
      if (!this.#isReset) this.#connection.closeWrite();
    } else if (count === NOT_NOW) {
      this.#mayRead = false;
    } else {
      this.#targetLost();
    }
    return count > 0;
  }

  /** By way of a buffer that all have in common: the ring is read into only if that saves much. */
  #readLittle(): number {
    this.#asked = Math.min(FIRST_READ, this.#connection.writable);
    const count = this.#socket.read(little, this.#asked);
    if (count > 0) this.#queue(little.subarray(0, count));
    return count;
  }

  #readMuch(): number {
    const span = this.#connection.writableSpan(this.#readSize);
    if (span.length === 0) return this.#readLittle(); // there was room, but no memory for it
    this.#asked = span.length;
    const count = this.#socket.read(span);
    this.#connection.commit(Math.max(0, count));
    return count;
  }

  /** There was room for `data`, but memory may be tight: then the rest waits here. */
  #queue(data: Uint8Array): void {
    const taken = this.#connection.write(data);
    this.#leftover = taken < data.length ? data.slice(taken) : undefined;
  }

  /** Whether the guest's side takes some more. A flood of SYNs is nothing to take memory for. */
  get #hasRoom(): boolean {
    if (this.#connection.state === State.SynReceived) return false;
    if (this.#leftover) this.#queue(this.#leftover);
    if (this.#leftover) return false;
    const { writable, isDrained } = this.#connection;
    return writable >= LOW_WATER || (isDrained && writable > 0);
  }

  #fitReadSize(count: number): void {
    if (count === this.#readSize) this.#readSize = Math.min(BULK_READ, this.#readSize * 4);
    else if (count < FIRST_READ) this.#readSize = FIRST_READ;
  }

  /** The guest has reset its side, or does not answer any more. */
  #guestLost(): void {
    this.#finish(this.#connection.error === "timeout" ? "timed out" : "reset by guest", true);
  }

  #targetLost(): void {
    this.#connection.abort();
    this.#finish("reset by target", true);
  }

  #finish(end: SpliceEnd, withReset = false): void {
    this.#isOver = true;
    this.isUpDone = true;
    this.#keeper.ended(this, end);
    if (withReset) this.#socket.reset();
    else this.#socket.close();
  }
}
