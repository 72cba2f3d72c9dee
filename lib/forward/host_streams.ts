/**
 * Connections of the host's, on sockets of our own that wait where the guest's link does.
 *
 * @module
 */
import type { Poller } from "../ffi/poller.ts";
import type { IpAddress } from "../ip/address.ts";
import type { Connection } from "../tcp/connection.ts";
import { SocketDial } from "./socket_dial.ts";
import { SocketSplice } from "./socket_splice.ts";
import type { SpliceEnd } from "./splice.ts";

/** Dials, and joins what has been dialled to the guest's connections; see the module's description. */
export class HostStreams {
  readonly #poller: Poller;
  /** Those to which something has happened. */
  #stirred: SocketSplice[] = [];
  #passing: SocketSplice[] = [];

  /** Makes one whose sockets are looked after by `poller`. */
  constructor(poller: Poller) {
    this.#poller = poller;
  }

  /**
   * Opens a socket for a connection to `target`.
   *
   * @param answered Is told 0 when there is a connection, or the number of an error.
   * @throws {SystemError} If there can be no more sockets.
   */
  dial(
    target: IpAddress,
    port: number,
    answered: (dial: SocketDial, error: number, events: number) => void,
  ): SocketDial {
    return new SocketDial(target, port, this.#poller, answered);
  }

  /** Joins the connection that `dial` has made to the guest's; `ended` is called when it is over. */
  join(
    connection: Connection,
    dial: SocketDial,
    events: number,
    ended: (end: SpliceEnd) => void,
  ): SocketSplice {
    const splice = new SocketSplice(connection, dial.socket, {
      stir: (splice) => this.#stir(splice),
      ended: (_, end) => {
        this.#poller.forget(dial.token);
        ended(end);
      },
    });
    this.#poller.hand(dial.token, splice);
    splice.ready(events);
    return splice;
  }

  /** Passes on what has come. @returns Whether there is more. */
  pump(): boolean {
    const passing = this.#stirred;
    this.#stirred = this.#passing;
    this.#passing = passing;
    for (const splice of passing) {
      splice.isStirred = false;
      if (splice.pass()) this.#stir(splice);
    }
    passing.length = 0;
    return this.#stirred.length > 0;
  }

  #stir(splice: SocketSplice): void {
    if (splice.isStirred) return;
    splice.isStirred = true;
    this.#stirred.push(splice);
  }
}
