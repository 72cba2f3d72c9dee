/**
 * A port of the stack's own, where a service takes and sends datagrams.
 *
 * @module
 */
import type { MemoryBudget } from "../base/memory_budget.ts";
import { type Listed, unlisted } from "../base/ready_list.ts";
import { copyAddress, type IpAddress, isIpv4, sameAddress } from "../ip/address.ts";
import type { Endpoint } from "../ip/flow.ts";
import { DatagramQueue, QueuedDatagram } from "./datagram_queue.ts";
import { longestPayload } from "./header.ts";
import type { Sender } from "./sender.ts";

/** Where a {@linkcode DatagramSocket} is. */
export interface BoundEndpoint {
  /** The address. @default any, broadcast and multicast ones included */
  readonly address?: IpAddress;
  /** The port, 1 to 65535. */
  readonly port: number;
}

/** Settings of a {@linkcode DatagramSocket}. */
export interface BindOptions {
  /**
   * Bytes of datagrams that wait in each direction, forty more for each of them.
   *
   * @default {262144}
   */
  readonly queueBytes?: number;
}

/** One datagram that a service has taken. */
export interface Received {
  /** Who has sent it. */
  readonly from: Endpoint;
  /** Whom it was for. */
  readonly to: Endpoint;
  /** Its bytes, those included that did not fit. */
  readonly length: number;
}

/** A port of the stack's own; see the module's description. */
export interface DatagramSocket {
  /** Where it is. */
  readonly own: BoundEndpoint;
  /**
   * Takes the oldest datagram, which may have no bytes at all. What does not fit into `into` is
   * lost.
   */
  receive(into: Uint8Array): Received | undefined;
  /**
   * Sends a datagram from the socket's port. Nothing of `data` is kept.
   *
   * @param from The address to send from.
   * @returns False when too many wait already.
   * @throws {RangeError} When it cannot be sent at all: too long, to port 0, or between addresses
   * of different versions of IP.
   */
  send(from: IpAddress, to: Endpoint, data: Uint8Array): boolean;
  /** Gives the port back; what waits is thrown away. */
  close(): void;
}

const QUEUE_BYTES = 256 * 1024;

/** What a socket asks of UDP. */
export interface SocketOwner {
  /** What all queues count against. */
  readonly memory: MemoryBudget;
  /** Lets `sender` send when it can. */
  markReady(sender: Sender): void;
  /** Forgets `socket`. */
  forget(socket: UdpSocket): void;
}

/** The stack's side of a {@linkcode DatagramSocket}. */
export class UdpSocket implements DatagramSocket, Sender {
  readonly own: BoundEndpoint;
  readonly incoming: DatagramQueue;
  readonly outgoing: DatagramQueue;
  readonly inReady: Listed<Sender> = unlisted();
  /** Of the list of sockets with something to read. */
  readonly inReadable: Listed<UdpSocket> = unlisted();
  readonly #owner: SocketOwner;
  readonly #about = new QueuedDatagram();
  #isClosed = false;

  /** Makes a socket without datagrams. */
  constructor(own: BoundEndpoint, options: BindOptions, owner: SocketOwner) {
    const { queueBytes = QUEUE_BYTES } = options;
    this.own = own;
    this.incoming = new DatagramQueue(queueBytes, owner.memory);
    this.outgoing = new DatagramQueue(queueBytes, owner.memory);
    this.#owner = owner;
  }

  /** Whether it takes datagrams for `address`. */
  isAt(address: IpAddress): boolean {
    return this.own.address === undefined || sameAddress(this.own.address, address);
  }

  receive(into: Uint8Array): Received | undefined {
    const about = this.#about;
    if (!this.incoming.peek(about)) return undefined;
    this.incoming.take(about, into, 0);
    return {
      from: { address: copyAddress(about.peer), port: about.peerPort },
      to: { address: copyAddress(about.own), port: about.ownPort },
      length: about.length,
    };
  }

  send(from: IpAddress, to: Endpoint, data: Uint8Array): boolean {
    if (this.#isClosed) return false;
    const most = longestPayload(isIpv4(from) ? 4 : 6);
    if (data.length > most) {
      throw new RangeError(`Cannot send a datagram of ${data.length} bytes: ${most} at most`);
    }
    if (to.port === 0) throw new RangeError("Cannot send a datagram to port 0");
    if (isIpv4(from) !== isIpv4(to.address)) {
      throw new RangeError("Cannot send a datagram: the addresses are of different versions of IP");
    }
    this.#about.assign(to.address, to.port, from, this.own.port);
    if (!this.outgoing.put(this.#about, data, 0, data.length)) return false;
    this.#owner.markReady(this);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.incoming.release();
    this.outgoing.release();
    this.#owner.forget(this);
  }
}
