/**
 * A UDP socket that is connected to nobody: it sends to and hears from all.
 *
 * Neither of the sockets that Deno has would do. That of `node:dgram` takes
 * 600 us for a datagram that comes, `Deno.listenDatagram` needs an unstable flag,
 * and neither tells which datagram an ICMP error is about. These calls never
 * wait, and take 1.5 us to send and 1 us to receive, the kernel included.
 *
 * @see {@link https://man7.org/linux/man-pages/man7/udp.7.html | udp(7)}
 * @module
 */
import type { Endpoint, EndpointField } from "../ip/flow.ts";
import {
  enableErrorQueue,
  ErrorQueue,
  type SendFailure,
  setOption,
  trySetOption,
} from "./error_queue.ts";
import { checked, declare, lastError, libc } from "./libc.ts";
import { AF_INET, AF_INET6, SOCKADDR_LENGTH, SocketAddress } from "./socket_address.ts";
import { Errno } from "./system_error.ts";

const calls = declare({
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  recvfrom: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "buffer"], result: "i32" },
});

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_IP = 0;
const IP_TTL = 2;
const SOL_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;

/**
 * What the kernel holds of either direction, as far as it allows: without CAP_NET_ADMIN that is
 * net.core.rmem_max, of which a datagram of 1448 bytes takes 2304.
 */
const BUFFER = 4 << 20;

/** Filled in and read at once: one for all sockets. */
const address = new SocketAddress();
const lengthView = new Uint32Array(1);
const length = new Uint8Array(lengthView.buffer);

let errors: ErrorQueue | undefined;

/** A UDP socket of one version of IP; see the module's description. */
export class UdpSocket {
  /** What to wait for: readable when there is a datagram or a failure. */
  readonly descriptor: number;

  readonly #version: 4 | 6;
  #hopLimit = 0;

  private constructor(descriptor: number, version: 4 | 6) {
    this.descriptor = descriptor;
    this.#version = version;
  }

  /**
   * Opens one. It gets a port when it sends.
   *
   * @throws {SystemError} If there can be no more, or this version of IP is not to be had.
   */
  static open(version: 4 | 6): UdpSocket {
    const family = version === 4 ? AF_INET : AF_INET6;
    const opened = calls().socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const descriptor = checked("open a UDP socket", "socket", opened);
    try {
      if (version === 6) setOption(descriptor, SOL_IPV6, IPV6_V6ONLY, 1);
      enableErrorQueue(descriptor, version);
    } catch (error) {
      libc().close(descriptor);
      throw error;
    }
    enlarge(descriptor, SO_RCVBUFFORCE, SO_RCVBUF);
    enlarge(descriptor, SO_SNDBUFFORCE, SO_SNDBUF);
    return new UdpSocket(descriptor, version);
  }

  /** Sets the TTL or hop limit of what is sent from now on: 1 to 255. */
  setHopLimit(hopLimit: number): void {
    if (hopLimit === this.#hopLimit) return;
    this.#hopLimit = hopLimit;
    const [level, option] = this.#version === 4 ? [SOL_IP, IP_TTL] : [SOL_IPV6, IPV6_UNICAST_HOPS];
    setOption(this.descriptor, level, option, hopLimit);
  }

  /**
   * Sends the first `count` bytes of `bytes`. Never waits.
   *
   * @returns 0, or the number of the error.
   */
  send(target: Endpoint, bytes: Uint8Array, count: number): number {
    address.assign(target.address, target.port);
    const { descriptor } = this;
    const send = () => {
      const sent = calls().sendto(descriptor, bytes, count, 0, address.bytes, SOCKADDR_LENGTH);
      return sent < 0 ? lastError[0]! : 0;
    };
    // An ICMP error for an earlier datagram is told to whoever calls next, and then never again.
    return send() && send();
  }

  /**
   * Takes a datagram; what does not fit into `into` is lost. Never waits.
   *
   * @param from Becomes its sender.
   * @returns Its length; -1 if there is none.
   */
  receive(into: Uint8Array, from: EndpointField): number {
    const { descriptor } = this;
    const take = () => {
      lengthView[0] = SOCKADDR_LENGTH;
      const taken = calls().recvfrom(descriptor, into, into.length, 0, address.bytes, length);
      return taken < 0 ? -lastError[0]! : taken;
    };
    let count = take();
    // An ICMP error for an earlier datagram is told once here; the error queue has it, too.
    if (count < 0 && count !== -Errno.EAGAIN) count = take();
    if (count < 0) return -1;
    address.copyTo(from);
    return count;
  }

  /** The next ICMP error about a datagram of this socket. */
  receiveFailure(): SendFailure | undefined {
    errors ??= new ErrorQueue();
    return errors.read(this.descriptor);
  }

  /** Gives the socket back. Nobody may wait for it any more. */
  close(): void {
    libc().close(this.descriptor);
  }
}

/** Makes a buffer as large as it may be. */
function enlarge(descriptor: number, force: number, option: number): void {
  if (trySetOption(descriptor, SOL_SOCKET, force, BUFFER)) return;
  trySetOption(descriptor, SOL_SOCKET, option, BUFFER);
}
