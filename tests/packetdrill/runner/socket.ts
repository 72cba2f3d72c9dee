/**
 * A socket of a script's: what read(2), write(2) and the like mean on the stack.
 *
 * No call waits. What cannot be done yet returns undefined, which is EAGAIN or a
 * reason to ask again later, as the socket is.
 *
 * @module
 */
import type { DeliveryErrorKind } from "../../../lib/ip/ip.ts";
import type { Connection } from "../../../lib/tcp/connection.ts";
import type { TcpErrorCode } from "../../../lib/tcp/error.ts";
import type { ConnectionOptions } from "../../../lib/tcp/config.ts";
import type { Listener } from "../../../lib/tcp/listener.ts";
import { State } from "../../../lib/tcp/state.ts";
import { fillText, isText } from "../../harness/text.ts";
import { type Errno, POLL } from "./constants.ts";
import { Mismatch } from "./failure.ts";
import type { ScriptFlow } from "./flow.ts";

/** What a call returned: a number, or an error. */
export type Outcome =
  | { readonly value: number; readonly error?: undefined }
  | { readonly value: -1; readonly error: Errno };

/** The outcome of a call that failed. */
export function failed(error: Errno): Outcome {
  return { value: -1, error };
}

const ERRORS: Readonly<Record<TcpErrorCode, Errno>> = {
  refused: "ECONNREFUSED",
  unreachable: "EHOSTUNREACH",
  reset: "ECONNRESET",
  aborted: "ECONNABORTED",
  timeout: "ETIMEDOUT",
};

/** How a system's sockets differ from Linux's. */
export interface SocketManners {
  /** What writing to a socket that was never connected says. */
  readonly unconnectedWrite: Errno;
  /** What a reset says that comes after the peer's FIN. */
  readonly resetAtEnd: Errno;
  /** What those errors of ICMP say that are not EHOSTUNREACH. */
  readonly unreachable: Readonly<Partial<Record<DeliveryErrorKind, Errno>>>;
  /** What a write says while the handshake is going on, if it does not wait. */
  readonly earlyWrite: Errno;
  /** Whether what comes after shutdown(SHUT_RD) can still be read. */
  readonly readsAfterShutdown: boolean;
}

/** A socket; see the module's description. */
export class Socket {
  isBlocking = true;
  /** Options for connections that it makes. */
  options: ConnectionOptions = {};
  /** Values of options that only getsockopt(2) cares for. */
  readonly values = new Map<string, number>();
  port: number | undefined;
  listener: Listener | undefined;
  /** How many connections may wait for accept(2). */
  backlog = 1;
  connection: Connection | undefined;
  flow: ScriptFlow | undefined;
  /** How long close(2) waits, in milliseconds. */
  lingers: number | undefined;
  readonly #manners: SocketManners;
  #written = 0;
  #read = 0;
  #hasReported = false;
  #readOver = false;
  #writeOver = false;
  #isConfirmed = false;

  /** Makes a socket of a system with these manners. */
  constructor(manners: SocketManners) {
    this.#manners = manners;
  }

  /** Sets options of the connection, and of those to be made. */
  setOptions(options: ConnectionOptions): void {
    this.options = { ...this.options, ...options };
    this.connection?.setOptions(options);
  }

  /** Whether the handshake is going on. */
  get isConnecting(): boolean {
    const state = this.connection?.state;
    return state === State.SynSent || state === State.SynReceived;
  }

  /** The error that nobody has been told of; it is told once. */
  takeError(): Errno | undefined {
    const error = this.#pendingError;
    if (error) this.#hasReported = true;
    return error;
  }

  /** The state of a call to connect(2) that has been made. */
  connected(): Outcome | undefined {
    const error = this.takeError();
    if (error) return failed(error);
    if (this.isConnecting) return undefined;
    return this.connection?.state === State.Closed ? failed("ECONNABORTED") : { value: 0 };
  }

  /** Whether this is the first time that somebody is told that the connection stands. */
  confirmConnected(): boolean {
    const isFirst = !this.#isConfirmed;
    this.#isConfirmed = true;
    return isFirst;
  }

  /** Reads at most `most` bytes; undefined when there is nothing yet. */
  read(most: number, isPeek = false): Outcome | undefined {
    const { connection, flow } = this;
    if (!connection || !flow) return failed("ENOTCONN");
    if (connection.readable > 0 && (!this.#readOver || this.#manners.readsAfterShutdown)) {
      const bytes = new Uint8Array(Math.min(most, connection.readable));
      if (isPeek) bytes.set(connection.readableSpan().subarray(0, bytes.length));
      else connection.read(bytes);
      const start = (flow.numbering.peerStart ?? 0) + 1 + this.#read;
      if (!isText("peer", start, bytes)) {
        throw new Mismatch(`what was read is not what the peer said from ${start} on`);
      }
      if (!isPeek) this.#read += bytes.length;
      return { value: bytes.length };
    }
    const error = this.takeError();
    if (error) return failed(error);
    const isOver = this.#readOver || connection.isAtEnd || connection.state === State.Closed;
    return isOver ? { value: 0 } : undefined;
  }

  /** Writes as much as fits of `count` bytes; undefined when nothing does. */
  write(count: number, holdsBack = false): Outcome | undefined {
    const { connection } = this;
    if (!connection) return failed(this.#manners.unconnectedWrite);
    const error = this.takeError();
    if (error) return failed(error);
    if (this.#writeOver || connection.state === State.Closed) return failed("EPIPE");
    if (this.isConnecting) return this.isBlocking ? undefined : failed(this.#manners.earlyWrite);
    const bytes = new Uint8Array(Math.min(count, connection.writable));
    fillText("stack", 1 + this.#written, bytes);
    if (bytes.length > 0) this.#written += connection.write(bytes, holdsBack);
    return bytes.length === 0 && count > 0 ? undefined : { value: bytes.length };
  }

  /** shutdown(2). */
  shutdown(reads: boolean, writes: boolean): Outcome {
    const { connection } = this;
    if (!connection || connection.state === State.Closed) return failed("ENOTCONN");
    if (reads) {
      this.#readOver = true;
      if (!this.#manners.readsAfterShutdown) connection.closeRead();
    }
    if (writes) {
      this.#writeOver = true;
      connection.closeWrite();
    }
    return { value: 0 };
  }

  /** The bits of poll(2) that hold. */
  poll(): number {
    const { connection, listener } = this;
    if (listener) return listener.pending > 0 ? POLL.POLLIN | POLL.POLLRDNORM : 0;
    if (!connection) return POLL.POLLOUT | POLL.POLLHUP;
    if (this.isConnecting) return 0;
    const isClosed = connection.state === State.Closed;
    const isAtEnd = isClosed || this.#readOver || hasSentFin(connection.state);
    let bits = this.#pendingError ? POLL.POLLERR : 0;
    if (isAtEnd || connection.readable > 0) bits |= POLL.POLLIN | POLL.POLLRDNORM;
    if (isAtEnd) bits |= POLL.POLLRDHUP;
    if (isClosed || (isAtEnd && this.#writeOver)) bits |= POLL.POLLHUP;
    if (isClosed || this.#writeOver || connection.writable > 0) {
      bits |= POLL.POLLOUT | POLL.POLLWRNORM;
    }
    return bits;
  }

  /** What has been written and is not acknowledged: SIOCOUTQ. */
  get unacknowledged(): number {
    return this.connection?.info.unacknowledged ?? 0;
  }

  get #pendingError(): Errno | undefined {
    const { connection } = this;
    if (!connection || this.#hasReported) return undefined;
    const { error } = connection;
    const { softError, wasReset } = connection.info;
    if (error === undefined) return wasReset ? "ECONNRESET" : undefined;
    if (error === "reset" && connection.isAtEnd) return this.#manners.resetAtEnd;
    const isUnreachable = error === "unreachable" && softError !== undefined;
    return (isUnreachable && this.#manners.unreachable[softError]) || ERRORS[error];
  }
}

/** Whether the peer has sent its FIN. */
function hasSentFin(state: State): boolean {
  return state === State.CloseWait || state === State.LastAck || state === State.Closing ||
    state === State.TimeWait;
}
