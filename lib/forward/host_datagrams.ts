/**
 * The default network for datagrams: sockets of the host.
 *
 * @module
 */
import type { SendFailure } from "../ffi/error_queue.ts";
import { EPOLLERR, EPOLLIN, type Pollable, Poller, type Token } from "../ffi/poller.ts";
import { errnoName } from "../ffi/system_error.ts";
import { UdpSocket } from "../ffi/udp_socket.ts";
import { type IpAddress, isIpv4 } from "../ip/address.ts";
import type { Endpoint, EndpointField } from "../ip/flow.ts";
import type { Problem } from "../ip/header.ts";
import { parseAddress } from "../text/address.ts";
import type {
  DatagramFailure,
  DatagramNetwork,
  DatagramPort,
  LateFailure,
} from "./datagram_network.ts";

/** Sends from the host, as any program there would. */
export class HostDatagrams implements DatagramNetwork {
  readonly isPolled: boolean;
  readonly #poller: Poller;
  readonly #pending = new Pending();

  /** Makes one whose sockets are looked after by `poller`. @param poller Its own, by default. */
  constructor(poller?: Poller) {
    this.isPolled = poller !== undefined;
    this.#poller = poller ?? new Poller();
  }

  open(version: 4 | 6): DatagramPort {
    return new HostPort(version, this.#poller, this.#pending);
  }

  async resolve(hostname: string): Promise<IpAddress> {
    const { lookup } = await import("node:dns/promises"); // 5 ms of each start, and hardly ever used
    return parseAddress((await lookup(hostname)).address);
  }

  collect(readable: DatagramPort[], failed: DatagramPort[]): void {
    moveAll(this.#pending.readable, readable);
    moveAll(this.#pending.failed, failed);
  }

  wait(): Promise<void> {
    return this.isPolled ? this.#pending.wait() : this.#poller.wait();
  }

  close(): void {
    if (this.isPolled) this.#pending.end();
    else this.#poller.close();
  }
}

/** Ports to which something has happened. */
class Pending {
  readonly readable = new Set<HostPort>();
  readonly failed = new Set<HostPort>();
  #isOver = false;
  #endWait: (() => void) | undefined;

  add(port: HostPort, events: number): void {
    if (events & EPOLLIN) this.readable.add(port);
    if (events & EPOLLERR) this.failed.add(port);
    this.#endWait?.();
  }

  /** Resolves when there is one, or when it has ended. */
  async wait(): Promise<void> {
    if (this.#isOver || this.readable.size + this.failed.size > 0) return;
    await new Promise<void>((resolve) => this.#endWait = resolve);
    this.#endWait = undefined;
  }

  end(): void {
    this.#isOver = true;
    this.#endWait?.();
  }
}

function moveAll<T>(from: Set<T>, to: T[]): void {
  to.length = 0;
  for (const one of from) to.push(one);
  from.clear();
}

/** A port of the host's. */
class HostPort implements DatagramPort, Pollable {
  readonly #socket: UdpSocket;
  readonly #poller: Poller;
  readonly #token: Token;
  readonly #pending: Pending;

  constructor(version: 4 | 6, poller: Poller, pending: Pending) {
    this.#socket = UdpSocket.open(version);
    this.#poller = poller;
    this.#pending = pending;
    try {
      this.#token = poller.add(this.#socket.descriptor, EPOLLIN, this);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  ready(events: number): void {
    this.#pending.add(this, events);
  }

  send(
    target: Endpoint,
    bytes: Uint8Array,
    length: number,
    hopLimit = 64, // RFC 1122 §3.2.1.7
  ): DatagramFailure | undefined {
    this.#socket.setHopLimit(hopLimit);
    const errno = this.#socket.send(target, bytes, length);
    return errno === 0 ? undefined : { problem: problemOf(errno), mtu: 0 };
  }

  receive(into: Uint8Array, from: EndpointField): number {
    return this.#socket.receive(into, from);
  }

  receiveFailure(): LateFailure | undefined {
    const failure = this.#socket.receiveFailure();
    if (!failure?.target) return undefined;
    const problem = isTimeExceeded(failure) ? "time exceeded" : problemOf(failure.errno);
    const target = { address: failure.target, port: failure.targetPort };
    const from = problem === "time exceeded" ? failure.offender : undefined;
    return { problem, mtu: failure.mtu, target, ...(from && { from }) };
  }

  close(): void {
    this.#poller.forget(this.#token);
    this.#pending.readable.delete(this);
    this.#pending.failed.delete(this);
    this.#socket.close();
  }
}

/** What a kernel's error codes mean to the guest. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  ECONNREFUSED: "port unreachable",
  ENOPROTOOPT: "protocol unreachable",
  ENETUNREACH: "network unreachable",
  ENETDOWN: "network unreachable",
  EADDRNOTAVAIL: "network unreachable", // there is no address to send from
  EHOSTUNREACH: "host unreachable",
  EHOSTDOWN: "host unreachable",
  EACCES: "prohibited",
  EPERM: "prohibited",
  EMSGSIZE: "too big",
};

function problemOf(errno: number): Problem | "no room" {
  return PROBLEMS[errnoName(errno)] ?? "no room";
}

/** To the kernel that is an unreachable host. The types differ: RFC 792, RFC 4443 §3.3. */
function isTimeExceeded({ offender, type, target }: SendFailure): boolean {
  if (!offender || !target) return false;
  return type === (isIpv4(target) ? 11 : 3);
}
