/**
 * A TCP socket of the host's, whose calls never wait.
 *
 * `Deno.connect` takes 64 us for a connection, and each turn of its reads and writes
 * 30 to 50; these calls take what the kernel takes. {@linkcode Poller} says when to
 * call again.
 *
 * @see {@link https://man7.org/linux/man-pages/man7/tcp.7.html | tcp(7)}
 * @module
 */
import { Views } from "../base/views.ts";
import { type IpAddress, isIpv4 } from "../ip/address.ts";
import { trySetOption } from "./error_queue.ts";
import { checked, declare, lastError, libc } from "./libc.ts";
import { AF_INET, AF_INET6, SOCKADDR_LENGTH, SocketAddress } from "./socket_address.ts";
import { Errno } from "./system_error.ts";

const calls = declare({
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  setLinger: {
    name: "setsockopt",
    parameters: ["i32", "i32", "i32", "buffer", "u32"],
    result: "i32",
  },
});

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SOL_TCP = 6;
const TCP_NODELAY = 1;

/** struct linger: on, for no time at all. */
const NO_LINGER = new Uint8Array(new Int32Array([1, 0]).buffer);

/** What {@linkcode TcpSocket.read} and {@linkcode TcpSocket.write} answer when it is not the time. */
export const NOT_NOW = -Errno.EAGAIN;

/** Of packets whose text is written. */
const texts = new Views();

/** Filled in and read at once: one for all sockets. */
const address = new SocketAddress();

/** A TCP socket; see the module's description. */
export class TcpSocket {
  /** What to wait for. */
  readonly descriptor: number;
  readonly #target: IpAddress;
  readonly #port: number;

  private constructor(descriptor: number, target: IpAddress, port: number) {
    this.descriptor = descriptor;
    this.#target = target;
    this.#port = port;
  }

  /**
   * Opens a socket for a connection to `target`; {@linkcode connect} makes it.
   *
   * @throws {SystemError} If there can be no more, or this version of IP is not to be had.
   */
  static open(target: IpAddress, port: number): TcpSocket {
    const family = isIpv4(target) ? AF_INET : AF_INET6;
    const opened = calls().socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const descriptor = checked("open a TCP socket", "socket", opened);
    // The guest has its own ideas of what to wait for; a second Nagle would cost it 40 ms.
    trySetOption(descriptor, SOL_TCP, TCP_NODELAY, 1);
    return new TcpSocket(descriptor, target, port);
  }

  /**
   * Begins to connect, or tells why that has failed: to be called again when there is an error.
   * There is a connection as soon as there is room to write.
   *
   * @returns 0 when there is a connection, EINPROGRESS when it is not known yet, or the number of
   * the error.
   */
  connect(): number {
    address.assign(this.#target, this.#port);
    const result = calls().connect(this.descriptor, address.bytes, SOCKADDR_LENGTH);
    return result === 0 ? 0 : lastError[0]!;
  }

  /** Reads some bytes into the first part of `into`; 0 at the end, {@linkcode NOT_NOW}, or a negative number of an error. */
  read(into: Uint8Array, most: number = into.length): number {
    const count = calls().recv(this.descriptor, into, most, 0);
    return count >= 0 ? count : answerOf(lastError[0]!);
  }

  /** Writes some bytes of the part `[start, end)`; returns how many, {@linkcode NOT_NOW}, or a negative number of an error. */
  write(data: Uint8Array<ArrayBuffer>, start = 0, end: number = data.length): number {
    const from = texts.from(data, start);
    const count = calls().send(this.descriptor, from, end - start, MSG_NOSIGNAL);
    return count >= 0 ? count : answerOf(lastError[0]!);
  }

  /** Says that no more will be written. */
  closeWrite(): void {
    calls().shutdown(this.descriptor, SHUT_WR); // fails only if the connection is lost: reading tells
  }

  /** Gives the socket back. What was written is still sent. Nobody may wait for it any more. */
  close(): void {
    libc().close(this.descriptor);
  }

  /** Gives the socket back, and the other end sees a reset. */
  reset(): void {
    calls().setLinger(this.descriptor, SOL_SOCKET, SO_LINGER, NO_LINGER, NO_LINGER.length);
    this.close();
  }
}

/** A signal has changed nothing. */
function answerOf(error: number): number {
  return error === Errno.EINTR ? NOT_NOW : -error;
}
