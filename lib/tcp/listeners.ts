/**
 * The listeners of a stack: which one a SYN is for, and which has something to accept.
 *
 * @module
 */
import { ReadyList } from "../base/ready_list.ts";
import { type IpAddress, sameAddress } from "../ip/address.ts";
import { connectionConfig, type TcpConfig } from "./config.ts";
import type { TcpConnection } from "./connection.ts";
import {
  type ListenEndpoint,
  type ListenerOwner,
  type ListenOptions,
  TcpListener,
} from "./listener.ts";
import { isPort } from "./ports.ts";

/** The listeners of a stack, by port. */
export class Listeners {
  readonly #config: TcpConfig;
  readonly #owner: ListenerOwner;
  readonly #byPort = new Map<number, TcpListener[]>();
  readonly #acceptable = new ReadyList<TcpListener>((listener) => listener.inAcceptable);

  /** Makes an empty set; `accepted` is told of connections that have an application now. */
  constructor(config: TcpConfig, accepted: (connection: TcpConnection) => void) {
    this.#config = config;
    this.#owner = {
      acceptable: (listener) => this.#acceptable.add(listener),
      accepted,
      closed: (listener) => this.#remove(listener),
    };
  }

  /**
   * Adds a listener.
   *
   * @throws {RangeError} When there is one in that place, or a setting cannot be.
   */
  listen(own: ListenEndpoint, options: ListenOptions = {}): TcpListener {
    const { address, port } = own;
    if (!isPort(port)) throw new RangeError(`Cannot listen on port ${port}`);
    const others = this.#byPort.get(port) ?? [];
    if (find(others, address)) {
      throw new RangeError(`Cannot listen on port ${port}: somebody does already`);
    }
    const config = connectionConfig(this.#config, options);
    const listener = new TcpListener(own, config, options, this.#owner);
    this.#byPort.set(port, [...others, listener]);
    return listener;
  }

  /** The listener at this address, or else the one at any address of that port. */
  find(address: IpAddress, port: number): TcpListener | undefined {
    const listeners = this.#byPort.get(port);
    return listeners && (find(listeners, address) ?? find(listeners, undefined));
  }

  /** The next one to which a connection has come since it was named last. */
  next(): TcpListener | undefined {
    return this.#acceptable.take();
  }

  #remove(listener: TcpListener): void {
    const { port } = listener.own;
    const others = (this.#byPort.get(port) ?? []).filter((other) => other !== listener);
    if (others.length > 0) this.#byPort.set(port, others);
    else this.#byPort.delete(port);
  }
}

function find(
  listeners: readonly TcpListener[],
  address: IpAddress | undefined,
): TcpListener | undefined {
  return listeners.find(({ own }) =>
    own.address && address ? sameAddress(own.address, address) : own.address === address
  );
}
