/**
 * Queries to name servers over UDP, from the host.
 *
 * Each has a port and an ID of its own, so that who wants to forge its answer
 * has to guess 32 bits; what is not from that server, with that ID and to that
 * question is not the answer. A server that is not there is known at once, from
 * the ICMP error.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5452 | RFC 5452}
 * @module
 */
import type { DatagramNetwork, DatagramPort } from "../forward/datagram_network.ts";
import { sameAddress } from "../ip/address.ts";
import { type Endpoint, EndpointField } from "../ip/flow.ts";
import { parseAddress } from "../text/address.ts";
import { type Exchange, isAnswerTo, withIdOf, withRandomId } from "./exchange.ts";

const LONGEST_MESSAGE = 65_535;

/** A query that waits for its answer. */
interface Pending {
  readonly server: Endpoint;
  readonly query: Uint8Array;
  readonly settle: PromiseWithResolvers<Uint8Array<ArrayBuffer>>;
}

/** Asks over UDP; see the module's description. */
export class UdpExchange {
  readonly #open: () => DatagramNetwork;
  readonly #pending = new Map<DatagramPort, Pending>();
  readonly #buffer = new Uint8Array(LONGEST_MESSAGE);
  readonly #from = new EndpointField();
  /** While somebody waits; without, nothing keeps the process from ending. */
  #network: DatagramNetwork | undefined;

  /** Makes one that sends from networks as `open` yields them. */
  constructor(open: () => DatagramNetwork) {
    this.#open = open;
  }

  /** Sends a query and waits for its answer. */
  readonly ask: Exchange = async ({ address, port: number }, query, signal) => {
    signal.throwIfAborted();
    const server = { address: parseAddress(address), port: number };
    const asked = withRandomId(query);
    const settle = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    const abort = () => settle.reject(signal.reason);
    let port: DatagramPort | undefined;
    try {
      port = this.#start().open(address.includes(":") ? 6 : 4);
      this.#pending.set(port, { server, query: asked, settle });
      signal.addEventListener("abort", abort);
      const failure = port.send(server, asked, asked.length);
      if (failure) throw new Error(`Cannot ask ${address}: ${failure.problem}`);
      return withIdOf(query, await settle.promise);
    } finally {
      signal.removeEventListener("abort", abort);
      port?.close();
      if (port) this.#pending.delete(port);
      if (this.#pending.size === 0) this.#stop();
    }
  };

  #start(): DatagramNetwork {
    if (this.#network) return this.#network;
    this.#network = this.#open();
    this.#collectFrom(this.#network);
    return this.#network;
  }

  #stop(): void {
    this.#network?.close();
    this.#network = undefined;
  }

  async #collectFrom(network: DatagramNetwork): Promise<void> {
    const readable: DatagramPort[] = [];
    const failed: DatagramPort[] = [];
    while (this.#network === network) {
      await network.wait();
      if (this.#network !== network) return; // nobody waits for anything of it
      network.collect(readable, failed);
      for (const port of failed) this.#takeFailures(port);
      for (const port of readable) this.#takeAnswers(port);
    }
  }

  #takeFailures(port: DatagramPort): void {
    for (let failure = port.receiveFailure(); failure; failure = port.receiveFailure()) {
      this.#pending.get(port)?.settle.reject(new Error(`Cannot ask: ${failure.problem}`));
    }
  }

  #takeAnswers(port: DatagramPort): void {
    const pending = this.#pending.get(port);
    const { address } = this.#from;
    for (
      let length = port.receive(this.#buffer, this.#from);
      length >= 0;
      length = port.receive(this.#buffer, this.#from)
    ) {
      if (!pending || this.#from.port !== pending.server.port) continue;
      if (!sameAddress(address, pending.server.address)) continue;
      const message = this.#buffer.subarray(0, length);
      if (isAnswerTo(pending.query, message)) pending.settle.resolve(message.slice());
    }
  }
}
