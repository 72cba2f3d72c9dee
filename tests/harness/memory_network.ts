/**
 * An outside for datagrams that does what a test says.
 *
 * @module
 */
import type {
  DatagramFailure,
  DatagramNetwork,
  DatagramPort,
  LateFailure,
} from "../../lib/forward/datagram_network.ts";
import { Signal } from "../../lib/forward/signal.ts";
import type { IpAddress } from "../../lib/ip/address.ts";
import type { Endpoint, EndpointField } from "../../lib/ip/flow.ts";
import { formatEndpoint, parseAddress } from "../../lib/text/address.ts";

/** What a port has sent. */
export interface Sent {
  /** To whom. */
  readonly to: string;
  /** Its bytes as text. */
  readonly text: string;
}

/** An outside that does what a test says. */
export class MemoryNetwork implements DatagramNetwork {
  /** The ports that were opened, closed ones included. */
  readonly ports: MemoryPort[] = [];
  /** What opening a port throws, if anything. */
  failure: unknown;
  isClosed = false;
  readonly #signal = new Signal();

  open(version: 4 | 6): MemoryPort {
    if (this.failure) throw this.failure;
    const port = new MemoryPort(version, () => this.#signal.tell());
    this.ports.push(port);
    return port;
  }

  resolve(hostname: string): Promise<IpAddress> {
    if (hostname !== "known.example") return Promise.reject(new Error("no such name"));
    return Promise.resolve(parseAddress("198.51.100.7"));
  }

  collect(readable: DatagramPort[], failed: DatagramPort[]): void {
    readable.length = failed.length = 0;
    for (const port of this.ports) {
      if (port.isClosed) continue;
      if (port.incoming.length > 0) readable.push(port);
      if (port.failures.length > 0) failed.push(port);
    }
  }

  wait(): Promise<void> {
    return this.#signal.wait();
  }

  close(): void {
    this.isClosed = true;
    this.#signal.tell();
  }
}

/** A port of such an outside. */
export class MemoryPort implements DatagramPort {
  readonly version: 4 | 6;
  /** What was sent since a test has looked last. */
  readonly sent: Sent[] = [];
  readonly incoming: { readonly from: Endpoint; readonly data: Uint8Array }[] = [];
  readonly failures: LateFailure[] = [];
  /** What sending answers. */
  refusal: DatagramFailure | undefined;
  isClosed = false;
  /** Of what was sent last. */
  hopLimit = 0;
  readonly #changed: () => void;

  constructor(version: 4 | 6, changed: () => void) {
    this.version = version;
    this.#changed = changed;
  }

  /** Lets something come. */
  say(from: Endpoint, data: Uint8Array): void {
    this.incoming.push({ from, data });
    this.#changed();
  }

  /** Lets an ICMP error come. */
  fail(failure: LateFailure): void {
    this.failures.push(failure);
    this.#changed();
  }

  send(
    target: Endpoint,
    bytes: Uint8Array,
    length: number,
    hopLimit = 64,
  ): DatagramFailure | undefined {
    if (this.refusal) return this.refusal;
    this.hopLimit = hopLimit;
    const text = new TextDecoder().decode(bytes.subarray(0, length));
    this.sent.push({ to: formatEndpoint(target), text });
    return undefined;
  }

  receive(into: Uint8Array, from: EndpointField): number {
    const next = this.incoming.shift();
    if (!next) return -1;
    from.address.assign(next.from.address);
    from.port = next.from.port;
    into.set(next.data);
    return next.data.length;
  }

  receiveFailure(): LateFailure | undefined {
    return this.failures.shift();
  }

  close(): void {
    this.isClosed = true;
  }
}
