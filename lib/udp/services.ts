/**
 * The sockets of a stack's own services, by port and address.
 *
 * @module
 */
import type { MemoryBudget } from "../base/memory_budget.ts";
import { ReadyList } from "../base/ready_list.ts";
import { type IpAddress, sameAddress } from "../ip/address.ts";
import type { Sender } from "./sender.ts";
import { type BindOptions, type BoundEndpoint, type SocketOwner, UdpSocket } from "./socket.ts";

/** The sockets of a stack; there are as many as its services want. */
export class Services {
  readonly #byPort = new Map<number, UdpSocket[]>();
  readonly #readable = new ReadyList<UdpSocket>((socket) => socket.inReadable);
  readonly #owner: SocketOwner;

  /** Makes an empty set, whose queues count against `memory`. */
  constructor(memory: MemoryBudget, markReady: (sender: Sender) => void) {
    this.#owner = { memory, markReady, forget: (socket) => this.#forget(socket) };
  }

  /**
   * Opens a socket.
   *
   * @throws {RangeError} When there is one in that place, or can be none.
   */
  bind(own: BoundEndpoint, options: BindOptions = {}): UdpSocket {
    const { address, port } = own;
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new RangeError(`Cannot bind to port ${port}: ports are 1 to 65535`);
    }
    const others = this.#byPort.get(port) ?? [];
    if (others.some((other) => isSamePlace(other.own.address, address))) {
      throw new RangeError(`Cannot bind to port ${port}: it is taken`);
    }
    const socket = new UdpSocket(own, options, this.#owner);
    // Those with an address first: find() takes the first that fits.
    this.#byPort.set(port, address ? [socket, ...others] : [...others, socket]);
    return socket;
  }

  /** Who takes datagrams to this place. */
  find(address: IpAddress, port: number): UdpSocket | undefined {
    return this.#byPort.get(port)?.find((socket) => socket.isAt(address));
  }

  /** Notes that something has come to `socket`. */
  noteArrival(socket: UdpSocket): void {
    this.#readable.add(socket);
  }

  /** The next socket to which something has come and is still there. */
  next(): UdpSocket | undefined {
    for (let next = this.#readable.take(); next; next = this.#readable.take()) {
      if (!next.incoming.isEmpty) return next;
    }
    return undefined;
  }

  #forget(socket: UdpSocket): void {
    const { port } = socket.own;
    const others = this.#byPort.get(port)?.filter((other) => other !== socket) ?? [];
    if (others.length > 0) this.#byPort.set(port, others);
    else this.#byPort.delete(port);
  }
}

function isSamePlace(a: IpAddress | undefined, b: IpAddress | undefined): boolean {
  return a && b ? sameAddress(a, b) : a === b;
}
