/**
 * A connection that is being made to a target of the host's.
 *
 * @module
 */
import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  type Pollable,
  type Poller,
  type Token,
} from "../ffi/poller.ts";
import { Errno, SystemError } from "../ffi/system_error.ts";
import { TcpSocket } from "../ffi/tcp_socket.ts";
import type { IpAddress } from "../ip/address.ts";

/** Tells each change once: what is to be done about it is for whoever is told. */
const ALL = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/** Asks for a connection, and tells how it went; see the module's description. */
export class SocketDial implements Pollable {
  /** The socket, which has to be closed by whoever has it when there is a connection. */
  readonly socket: TcpSocket;
  readonly #poller: Poller;
  readonly #answered: (dial: SocketDial, error: number, events: number) => void;
  #token: Token = 0;

  /**
   * Opens a socket for a connection to `target`, which {@linkcode begin} makes.
   *
   * @param answered Is told 0 when there is a connection, or the number of an error, and of
   * what else has happened by then.
   * @throws {SystemError} If there can be no more sockets.
   */
  constructor(
    target: IpAddress,
    port: number,
    poller: Poller,
    answered: (dial: SocketDial, error: number, events: number) => void,
  ) {
    this.#poller = poller;
    this.#answered = answered;
    this.socket = TcpSocket.open(target, port);
  }

  /** Its name in the poller, once it has begun. */
  get token(): Token {
    return this.#token;
  }

  /** Begins to connect; what comes of it may be told before this returns. */
  begin(): void {
    const error = this.socket.connect();
    if (error !== 0 && error !== Errno.EINPROGRESS) return this.#fail(error);
    try {
      // Not before: to a thread that waits meanwhile, a socket without a connection is a lost one.
      this.#token = this.#poller.add(this.socket.descriptor, ALL, this);
    } catch (failure) {
      if (!(failure instanceof SystemError)) throw failure;
      this.#fail(failure.errno);
    }
  }

  ready(events: number): void {
    const error = events & (EPOLLERR | EPOLLHUP) ? this.socket.connect() : 0; // tells which it was
    if (error !== 0) this.#fail(error);
    else if (events & EPOLLOUT) this.#answered(this, 0, events);
  }

  #fail(error: number): void {
    this.abort();
    this.#answered(this, error, 0);
  }

  /** Gives it up. */
  abort(): void {
    this.#poller.forget(this.#token);
    this.socket.close();
  }
}
