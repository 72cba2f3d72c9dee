/**
 * A socket for pings that waits where the link does, in the driver's poller: a
 * reply is passed on in the step in which it is seen. What remains to be waited
 * for is that requests grow old.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { PingFailure, PingReply, PingSocket } from "../ffi/ping_socket.ts";
import { EPOLLIN, type Pollable, type Poller, type Token } from "../ffi/poller.ts";
import type { IpAddress } from "../ip/address.ts";
import type { PingDevice } from "./pinger.ts";

/** A socket in a poller; see the module's description. */
export class PolledPings implements PingDevice, Pollable {
  readonly isPolled = true;
  readonly #socket: PingSocket;
  readonly #poller: Poller;
  readonly #heard: () => void;
  readonly #token: Token;
  #isShutDown = false;
  #endWait: () => void = () => {};

  /** Puts `socket`, which is its own from now on, into `poller`. */
  constructor(socket: PingSocket, poller: Poller, heard: () => void) {
    this.#socket = socket;
    this.#poller = poller;
    this.#heard = heard;
    try {
      this.#token = poller.add(socket.descriptor, EPOLLIN, this);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  ready(): void {
    this.#heard();
  }

  send(target: IpAddress, hopLimit: number, sequence: number, data: Uint8Array): number {
    return this.#socket.send(target, hopLimit, sequence, data);
  }

  receive(): PingReply | undefined {
    return this.#socket.receive();
  }

  receiveFailure(): PingFailure | undefined {
    return this.#socket.receiveFailure();
  }

  async wait(timeout: Millis): Promise<void> {
    if (this.#isShutDown) return;
    const over = Promise.withResolvers<void>();
    this.#endWait = over.resolve;
    const timer = setTimeout(over.resolve, timeout);
    await over.promise;
    clearTimeout(timer);
  }

  shutDown(): void {
    this.#isShutDown = true;
    this.#endWait();
  }

  close(): void {
    this.#poller.forget(this.#token);
    this.#socket.close();
  }
}
