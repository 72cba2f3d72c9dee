/**
 * A name service in a stack, and a second stack that asks it, joined in memory.
 *
 * @module
 */
import { NameService, type NameServiceOptions } from "../../lib/dns/name_service.ts";
import { offerNames } from "../../lib/dns/offer_names.ts";
import { Driver } from "../../lib/driver.ts";
import { ConnectionStream } from "../../lib/forward/connection_stream.ts";
import { Services } from "../../lib/forward/services.ts";
import type { Shell } from "../../lib/driver.ts";
import { MemoryLink } from "../../lib/link/memory_link.ts";
import { Stack } from "../../lib/stack/stack.ts";
import { parseAddress } from "../../lib/text/address.ts";
import type { Connection } from "../../lib/tcp/connection.ts";

const ADDRESSES = {
  4: { server: parseAddress("10.0.2.3"), guest: parseAddress("10.0.2.100") },
  6: { server: parseAddress("fd00::3"), guest: parseAddress("fd00::100") },
} as const;
const PORT = 53;

/** See the module's description. Ends with the block that it is declared in. */
export class NameWorld implements AsyncDisposable {
  /** What is tested. */
  readonly service: NameService;
  readonly #services: Services;
  readonly #guest: Stack;
  readonly #drivers: readonly [Driver, Driver];
  readonly #running: Promise<unknown>;
  readonly #streams = new Map<Connection, ConnectionStream>();
  readonly #answers: Uint8Array<ArrayBuffer>[] = [];
  #tell: () => void = () => {};

  /** Makes a world whose service has these settings. */
  constructor(options: NameServiceOptions, readonly version: 4 | 6 = 4) {
    const [left, right] = MemoryLink.pair({ mtu: 65_520 });
    this.#guest = new Stack(left);
    const stack = new Stack(right);
    this.#drivers = [new Driver(this.#guest, left), new Driver(stack, right)];
    this.service = new NameService(options);
    this.#services = new Services(stack, this.#drivers[1]);
    offerNames(this.#services, this.service, [ADDRESSES[4].server, ADDRESSES[6].server]);
    this.#drivers[1].attach(this.#eventsOf(stack));
    this.#drivers[0].attach({ pump: () => this.#pump() });
    this.#running = Promise.all(this.#drivers.map((driver) => driver.run()));
  }

  /** A connection to the service. */
  connect(): ConnectionStream {
    const { guest: address, server } = ADDRESSES[this.version];
    const connection = this.#guest.connect({ address }, { address: server, port: PORT });
    const stream = new ConnectionStream(connection, () => this.#drivers[0].kick());
    this.#streams.set(connection, stream);
    this.#drivers[0].kick();
    return stream;
  }

  /** A port of the guest's, whose answers come out of {@linkcode NameWorld.answer}. */
  bind(port: number): { send(query: Uint8Array): void } {
    const { guest: address, server } = ADDRESSES[this.version];
    const socket = this.#guest.bind({ address, port });
    return {
      send: (query) => {
        socket.send(address, { address: server, port: PORT }, query);
        this.#drivers[0].kick();
      },
    };
  }

  /** The next datagram that comes to the guest. */
  async answer(): Promise<Uint8Array<ArrayBuffer>> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer) return answer;
      await new Promise<void>((resolve) => this.#tell = resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.service.stop();
    this.#services.stop();
    for (const driver of this.#drivers) driver.close();
    await this.#running;
  }

  /** What a forwarder does beside services. */
  #eventsOf(stack: Stack): Shell {
    return {
      pump: () => {
        for (let next = stack.nextConnection(); next; next = stack.nextConnection()) {
          this.#services.streamOf(next)?.notify();
        }
      },
    };
  }

  #pump(): void {
    for (let next = this.#guest.nextConnection(); next; next = this.#guest.nextConnection()) {
      this.#streams.get(next)?.notify();
    }
    const buffer = new Uint8Array(65_535);
    for (
      let socket = this.#guest.nextDatagramSocket();
      socket;
      socket = this.#guest.nextDatagramSocket()
    ) {
      for (let got = socket.receive(buffer); got; got = socket.receive(buffer)) {
        this.#answers.push(buffer.slice(0, got.length));
      }
    }
    this.#tell();
  }
}
