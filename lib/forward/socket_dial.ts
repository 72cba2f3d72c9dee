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
import { Errno } from "../ffi/system_error.ts";
import { TcpSocket } from "../ffi/tcp_socket.ts";
import type { IpAddress } from "../ip/address.ts";

/** Tells each change once: what is to be done about it is for whoever is told. */
const ALL = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/** Asks for a connection, and tells how it went; see the module's description. */
export class SocketDial implements Pollable {
  /** The socket, which has to be closed by whoever has it when there is a connection. */
  readonly socket: TcpSocket;
  /** Its name in the poller. */
  readonly token: Token;
  readonly #poller: Poller;
  readonly #answered: (dial: SocketDial, error: number, events: number) => void;

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
    try {
      this.token = poller.add(this.socket.descriptor, ALL, this);
    } catch (error) {
      this.socket.close();
      throw error;
    }
  }

  /** Begins to connect; what comes of it may be told before this returns. */
  begin(): void {
    const error = this.socket.connect();
    if (error !== Errno.EINPROGRESS) this.#tell(error, 0);
  }

  ready(events: number): void {
    if (events & (EPOLLERR | EPOLLHUP)) this.#tell(this.socket.connect(), events); // which it was
    else if (events & EPOLLOUT) this.#tell(0, events);
  }

  #tell(error: number, events: number): void {
    if (error !== 0) this.abort();
    this.#answered(this, error, events);
  }

  /** Gives it up. */
  abort(): void {
    this.#poller.forget(this.token);
    this.socket.close();
  }
}
