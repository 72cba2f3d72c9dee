/**
 * A guest in memory: its own stack, whose applications reach a forwarder over a
 * pipe, and targets that do what a test tells them.
 *
 *     application -> stack -> MemoryLink -> stack -> Forwarder -> Target
 *
 * @module
 */
import { assert } from "@std/assert";
import { Driver } from "../../lib/driver.ts";
import type { ByteStream, Dialer } from "../../lib/forward/dialer.ts";
import { Forwarder, type ForwarderOptions } from "../../lib/forward/forwarder.ts";
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { type IpAddress, ipv4 } from "../../lib/ip/address.ts";
import type { Link } from "../../lib/link/link.ts";
import { MemoryLink } from "../../lib/link/memory_link.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { PolledLink } from "./polled_link.ts";

const GUEST = ipv4(0x0a000264);
/** Where targets of tests are said to be: 192.0.2.1 (RFC 5737). */
export const TARGET: IpAddress = ipv4(0xc0000201 | 0);
const PROTOCOL = 9;
const ICMP = 1;

/** What a test may set. */
export interface MemoryGuestOptions extends Partial<ForwarderOptions> {
  /** Settings of the TCP behind the forwarder. */
  readonly tcp?: TcpOptions;
  /** Buffers of each of the guest's connections, in bytes. @default {65536} */
  readonly guestBuffer?: number;
}

/** A guest in memory; see the module's description. Ends with the block that it is declared in. */
export class MemoryGuest implements AsyncDisposable {
  /** What is tested. */
  readonly forwarder: Forwarder;
  /** The stack behind the forwarder. */
  readonly stack: Stack;
  /** Types and codes of the ICMP messages to the guest. */
  readonly icmp: [type: number, code: number][] = [];
  readonly #guest: Stack;
  readonly #drivers: readonly [Driver, Driver];
  readonly #running: Promise<unknown>;
  readonly #checks = new Set<() => void>();
  #nextPort = 40_000;

  /** Makes a guest whose connections are dialled by `dialer`, or on sockets of the host's. */
  constructor(dialer: Dialer | undefined, options: MemoryGuestOptions = {}) {
    const [left, right] = dialer ? MemoryLink.pair({ mtu: 1500 }) : PolledLink.pair();
    const { tcp = {}, guestBuffer: size = 65_536, ...forwarding } = options;
    this.#guest = new Stack(left, { tcp: { sendBuffer: size, receiveBuffer: size } });
    this.stack = new Stack(right, { tcp });
    this.#drivers = [new Driver(this.#guest, this.#watch(left)), new Driver(this.stack, right)];
    this.#drivers[0].attach({ pump: () => this.#pump() });
    this.forwarder = new Forwarder(this.stack, this.#drivers[1], {
      policy: {
        decide: (flow) => ({ kind: "allow", target: { hostname: "", port: flow.target.port } }),
      },
      ...(dialer && { dialer }),
      ...forwarding,
    });
    this.#running = Promise.all(this.#drivers.map((driver) => driver.run()));
  }

  /** Opens a connection from the guest to `port`. */
  connect(port = 80): GuestConnection {
    const client = { address: GUEST, port: this.#nextPort++ };
    const connection = this.#guest.connect(client, { address: TARGET, port });
    this.#drivers[0].kick();
    return new GuestConnection(connection, this);
  }

  /** Opens a connection, and waits until it is established. */
  async established(port = 80): Promise<GuestConnection> {
    const client = this.connect(port);
    await this.until(() => client.connection.info.state === "ESTABLISHED");
    return client;
  }

  /** Resolves when `predicate` holds; it is asked whenever the guest's stack has done something. */
  async until(predicate: () => boolean): Promise<void> {
    if (predicate()) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!predicate()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
    });
  }

  /** Lets the guest's stack send. */
  kick(): void {
    this.#drivers[0].kick();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.forwarder.stop();
    for (const driver of this.#drivers) driver.close();
    await this.#running;
  }

  #pump(): void {
    for (let next = this.#guest.nextConnection(); next; next = this.#guest.nextConnection()) {
      next.takeEvents();
    }
    for (const check of [...this.#checks]) check();
  }

  /** Looks at what comes to the guest. */
  #watch(link: Link): Link {
    const receive = link.receive.bind(link);
    link.receive = (packet: PacketBuffer): boolean => {
      const isOne = receive(packet);
      const { bytes, start } = packet;
      if (isOne && bytes[start + PROTOCOL] === ICMP) {
        this.icmp.push([bytes[start + 20] ?? -1, bytes[start + 21] ?? -1]);
      }
      return isOne;
    };
    return link;
  }
}

/** A connection as an application of the guest has it. */
export class GuestConnection {
  /** The connection itself. */
  readonly connection: Connection;
  readonly #guest: MemoryGuest;

  constructor(connection: Connection, guest: MemoryGuest) {
    this.connection = connection;
    this.#guest = guest;
  }

  /** Writes all of `data`. */
  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) {
      await this.#guest.until(() => this.connection.writable > 0 || !!this.connection.error);
      at += this.connection.write(data.subarray(at));
      this.#guest.kick();
    }
  }

  /** Reads to the end. */
  async readAll(): Promise<Uint8Array> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const { connection } = this;
    while (!connection.isAtEnd) {
      await this.#guest.until(() => connection.readable > 0 || connection.isAtEnd);
      const piece = new Uint8Array(connection.readable);
      connection.read(piece);
      pieces.push(piece);
      this.#guest.kick();
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  /** Ends the guest's side. */
  closeWrite(): void {
    this.connection.closeWrite();
    this.#guest.kick();
  }

  /** Resets the connection. */
  abort(): void {
    this.connection.abort();
    this.#guest.kick();
  }

  /** Resolves when the connection is lost, with why. */
  async lost(): Promise<string> {
    await this.#guest.until(() => this.connection.error !== undefined);
    return this.connection.error ?? "";
  }
}

/** A target that does what a test says. */
export class FakeTarget implements ByteStream {
  /** What it has taken. */
  readonly taken: number[] = [];
  /** Bytes that were read from it. */
  given = 0;
  /** Whether its input has been closed. */
  isInputClosed = false;
  /** How the stream was ended, if it was. */
  ended: "closed" | "reset" | undefined;
  /** The most that it takes of one write. @default no limit */
  mostPerWrite = Infinity;
  /** How much it takes before writes wait. @default no limit */
  capacity = Infinity;
  #output: Uint8Array[] = [];
  #isOutputOver = false;
  #failure: Error | undefined;
  readonly #waiting = new Set<() => void>();

  /** Lets it say `data`. */
  say(data: Uint8Array): void {
    this.#output.push(data);
    this.#changed();
  }

  /** Lets it close its output. */
  closeOutput(): void {
    this.#isOutputOver = true;
    this.#changed();
  }

  /** Lets it fail, as a socket does after a reset. */
  fail(): void {
    this.#failure = new Deno.errors.ConnectionReset("Connection reset by peer");
    this.#changed();
  }

  /** Lets it take `more` bytes than so far before writes wait. */
  makeRoom(more: number): void {
    this.capacity += more;
    this.#changed();
  }

  /** Resolves when `predicate` holds; it is asked whenever something was done with the target. */
  async until(predicate: () => boolean): Promise<void> {
    while (!predicate()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    await this.#untilOrLost(() => this.#output.length > 0 || this.#isOutputOver);
    const piece = this.#output.shift();
    if (!piece) return null;
    assert(into.length > 0, "A read of no bytes");
    const count = Math.min(into.length, piece.length);
    into.set(piece.subarray(0, count));
    if (count < piece.length) this.#output.unshift(piece.subarray(count));
    this.given += count;
    this.#changed();
    return count;
  }

  async write(data: Uint8Array<ArrayBuffer>): Promise<number> {
    assert(!this.isInputClosed, "A write after the end");
    await this.#untilOrLost(() => this.taken.length < this.capacity);
    const count = Math.min(data.length, this.mostPerWrite, this.capacity - this.taken.length);
    for (const byte of data.subarray(0, count)) this.taken.push(byte);
    this.#changed();
    return count;
  }

  closeWrite(): Promise<void> {
    this.isInputClosed = true;
    this.#changed();
    return Promise.resolve();
  }

  close(): void {
    this.ended ??= "closed";
    this.#changed();
  }

  reset(): void {
    this.ended ??= "reset";
    this.#changed();
  }

  async #untilOrLost(predicate: () => boolean): Promise<void> {
    await this.until(() => predicate() || !!this.ended || !!this.#failure);
    if (this.ended) throw new Deno.errors.BadResource("Bad resource ID");
    if (this.#failure) throw this.#failure;
  }

  #changed(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

/** A dialer of one target. */
export function dialerOf(target: ByteStream): Dialer {
  return { dial: () => Promise.resolve(target) };
}

/** `length` bytes of which no two neighbours, and no two far ones, are alike. */
export function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => (at * 7) ^ (at >> 8) ^ (at >> 16));
}
