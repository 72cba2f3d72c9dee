/**
 * The default network for datagrams: sockets of the host.
 *
 * @module
 */
import { Epoll } from "../ffi/epoll.ts";
import type { SendFailure } from "../ffi/error_queue.ts";
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
  readonly #epoll = new Epoll<HostPort>();

  open(version: 4 | 6): DatagramPort {
    const socket = UdpSocket.open(version);
    const port = new HostPort(socket, () => this.#epoll.remove(socket.descriptor));
    try {
      this.#epoll.add(socket.descriptor, port);
    } catch (error) {
      socket.close();
      throw error;
    }
    return port;
  }

  async resolve(hostname: string): Promise<IpAddress> {
    const { lookup } = await import("node:dns/promises"); // 5 ms of each start, and hardly ever used
    return parseAddress((await lookup(hostname)).address);
  }

  collect(readable: HostPort[], failed: HostPort[]): void {
    this.#epoll.collect(readable, failed);
  }

  wait(): Promise<void> {
    return this.#epoll.wait();
  }

  close(): void {
    this.#epoll.close();
  }
}

/** A port of the host's. */
class HostPort implements DatagramPort {
  readonly #socket: UdpSocket;
  readonly #forget: () => void;

  constructor(socket: UdpSocket, forget: () => void) {
    this.#socket = socket;
    this.#forget = forget;
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
    this.#forget();
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
