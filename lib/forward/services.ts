/**
 * Services inside the stack: who answers at addresses of the stack's own.
 *
 * Connections to them have listeners, and datagrams sockets; all other flows are
 * the forwarder's. Events of connections come from one place, the stack: the
 * forwarder passes on those that are not of its own.
 *
 * @module
 */
import type { Driver, Shell } from "../driver.ts";
import type { Endpoint } from "../ip/flow.ts";
import type { Stack } from "../stack/stack.ts";
import type { Connection } from "../tcp/connection.ts";
import type { ListenEndpoint, Listener } from "../tcp/listener.ts";
import type { BoundEndpoint, DatagramSocket } from "../udp/socket.ts";
import { ConnectionStream } from "./connection_stream.ts";
import type { ByteStream } from "./dialer.ts";

/** A service that takes connections. */
export interface StreamService {
  /** Connections at a time, at most; further ones are reset. */
  readonly maxStreams: number;
  /** Serves one connection, which is closed when that is done, and reset when it fails. */
  serve(stream: ByteStream): Promise<void>;
}

/** A datagram for a service. */
export interface Datagram {
  /** The service's own copy. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Who has sent it. */
  readonly from: Endpoint;
  /** Sends a datagram back, from where this one was sent to. It is lost when too many wait. */
  reply(data: Uint8Array): void;
}

/** A service that takes datagrams. */
export interface DatagramService {
  /** Takes one of them, and answers now, later or never. */
  take(datagram: Datagram): void;
  /** Whether answers are to come that Deno's event loop brings. @default {false} */
  readonly awaits?: boolean;
}

const LONGEST_DATAGRAM = 65_535;

/** Pulls for the services of a stack; see the module's description. */
export class Services implements Shell {
  readonly #stack: Stack;
  readonly #driver: Driver;
  readonly #listeners = new Map<Listener, StreamService>();
  readonly #sockets = new Map<DatagramSocket, DatagramService>();
  readonly #buffer = new Uint8Array(LONGEST_DATAGRAM);
  readonly #streams = new Map<Connection, ConnectionStream>();
  readonly #streamCounts = new Map<StreamService, number>();

  /** Attaches services to the stack that `driver` runs. */
  constructor(stack: Stack, driver: Driver) {
    this.#stack = stack;
    this.#driver = driver;
    driver.attach(this);
  }

  /**
   * Offers a service to those who connect to `own`.
   *
   * @throws {RangeError} When somebody listens there.
   */
  listen(own: ListenEndpoint, service: StreamService): void {
    this.#listeners.set(this.#stack.listen(own), service);
  }

  /**
   * Offers a service to those who send datagrams to `own`.
   *
   * @throws {RangeError} When the port is taken.
   */
  bind(own: BoundEndpoint, service: DatagramService): void {
    this.#sockets.set(this.#stack.bind(own), service);
  }

  get awaits(): boolean {
    if (this.#streams.size > 0) return true;
    for (const { awaits } of this.#sockets.values()) if (awaits) return true;
    return false;
  }

  pump(): void {
    for (let next = this.#stack.nextListener(); next; next = this.#stack.nextListener()) {
      const service = this.#listeners.get(next);
      if (service) this.#accept(next, service);
    }
    for (
      let next = this.#stack.nextDatagramSocket();
      next;
      next = this.#stack.nextDatagramSocket()
    ) {
      const service = this.#sockets.get(next);
      if (service) this.#receive(next, service);
    }
  }

  /** Who wants to know of the events of a connection, if that is one of a service. */
  streamOf(connection: Connection): ConnectionStream | undefined {
    return this.#streams.get(connection);
  }

  /** Ends all services at once, and for good. */
  stop(): void {
    for (const listener of this.#listeners.keys()) listener.close();
    for (const socket of this.#sockets.keys()) socket.close();
    for (const stream of this.#streams.values()) stream.reset();
    this.#driver.kick();
  }

  #receive(socket: DatagramSocket, service: DatagramService): void {
    for (
      let received = socket.receive(this.#buffer);
      received;
      received = socket.receive(this.#buffer)
    ) {
      const { from, to, length } = received;
      service.take({
        data: this.#buffer.slice(0, length),
        from,
        reply: (data) => {
          if (from.port === 0) return; // it wants no answer (RFC 768)
          socket.send(to.address, from, data);
          this.#driver.kick();
        },
      });
    }
  }

  #accept(listener: Listener, service: StreamService): void {
    for (let next = listener.accept(); next; next = listener.accept()) {
      const count = this.#streamCounts.get(service) ?? 0;
      if (count < service.maxStreams) this.#serve(next, service, count + 1);
      else next.abort();
    }
  }

  async #serve(connection: Connection, service: StreamService, count: number): Promise<void> {
    const stream = new ConnectionStream(connection, () => this.#driver.kick());
    this.#streams.set(connection, stream);
    this.#streamCounts.set(service, count);
    try {
      await service.serve(stream);
      stream.close();
    } catch {
      stream.reset(); // the peer's fault or its network's: the service tells what is not
    } finally {
      this.#streams.delete(connection);
      this.#streamCounts.set(service, (this.#streamCounts.get(service) ?? 1) - 1);
    }
  }
}
