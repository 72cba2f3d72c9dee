/**
 * Two stacks joined in memory, without a driver: for measuring the stack alone.
 *
 * @module
 */
import { PacketBuffer } from "../lib/base/packet_buffer.ts";
import { ipv4 } from "../lib/ip/address.ts";
import { MemoryLink, type MemoryLinkOptions } from "../lib/link/memory_link.ts";
import { Stack } from "../lib/stack/stack.ts";
import type { Connection } from "../lib/tcp/connection.ts";
import type { Listener } from "../lib/tcp/listener.ts";

const CLIENT = { address: ipv4(0x0a000264) };
const SERVER = { address: ipv4(0x0a000202), port: 80 };

/** A client and a server; time passes only as far as it has to. */
export class TwoStacks {
  readonly #client: Stack;
  readonly #server: Stack;
  readonly #links: readonly [MemoryLink, MemoryLink];
  readonly #listener: Listener;
  readonly #packet = new PacketBuffer(66_000);
  #now = 0;

  /** Joins two stacks by a link. */
  constructor(options: MemoryLinkOptions) {
    this.#links = MemoryLink.pair(options);
    // Connections come and go here by the million.
    const tcp = { timeWait: 0 };
    this.#client = new Stack(this.#links[0], { tcp });
    this.#server = new Stack(this.#links[1], { tcp });
    this.#listener = this.#server.listen(SERVER);
  }

  /** Opens a connection; returns its ends. */
  connect(): readonly [client: Connection, server: Connection] {
    const client = this.#client.connect(CLIENT, SERVER);
    this.settle();
    const server = this.#listener.accept();
    if (!server) throw new Error("Cannot open a connection");
    return [client, server];
  }

  /** Sends `data` from one end and reads it at the other. */
  pass(from: Connection, to: Connection, data: Uint8Array): void {
    for (let sent = 0, read = 0; read < data.length;) {
      if (sent < data.length) sent += from.write(sent === 0 ? data : data.subarray(sent));
      this.settle();
      read += to.readable;
      to.consume(to.readable);
    }
  }

  /** Ends a connection on both sides. */
  close(client: Connection, server: Connection): void {
    client.close();
    this.settle();
    server.close();
    this.settle();
  }

  /** Carries packets until none is left. */
  settle(): void {
    this.#now++;
    const { 0: left, 1: right } = this.#links;
    while (
      this.#carry(this.#client, left, this.#server, right) +
          this.#carry(this.#server, right, this.#client, left) > 0
    );
    this.#takeEvents(this.#client);
    this.#takeEvents(this.#server);
  }

  #takeEvents(stack: Stack): void {
    stack.advance(this.#now);
    for (let next = stack.nextConnection(); next; next = stack.nextConnection()) next.takeEvents();
  }

  #carry(from: Stack, out: MemoryLink, to: Stack, into: MemoryLink): number {
    let carried = 0;
    while (from.transmit(this.#packet, this.#now)) {
      out.send(this.#packet);
      while (into.receive(this.#packet)) {
        to.receive(this.#packet, this.#now);
        carried++;
      }
    }
    return carried;
  }
}
