/**
 * Two stacks that talk over a bad link, in virtual time.
 *
 *     client application            server application
 *     client stack - faulty link === memory link - server stack
 *                 one clock, which jumps to the soonest wake-up
 *
 * A world is described by its options alone: the same options give the same
 * conversation, packet for packet. So only a world that has failed is run again
 * to record it.
 *
 * @module
 */
import type { Clock, Millis } from "../../lib/base/clock.ts";
import { Drop } from "../../lib/base/drop.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { type IpAddress, ipv4 } from "../../lib/ip/address.ts";
import { FaultyLink } from "../../lib/link/faulty_link.ts";
import type { Faults } from "../../lib/link/impairment.ts";
import { type Link, SendResult } from "../../lib/link/link.ts";
import { MemoryLink } from "../../lib/link/memory_link.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import type { IsnGenerator } from "../../lib/tcp/isn.ts";
import { toSeq } from "../../lib/tcp/seq.ts";
import { Application, type Script } from "./application.ts";
import { Content } from "./content.ts";
import { WireWatch } from "./wire_watch.ts";

/** One end of a world. */
export interface EndOptions {
  /** What its stack takes for the MTU, in bytes; the link carries the larger of both. */
  readonly mtu: number;
  readonly tcp: TcpOptions;
  readonly script: Script;
}

/** Everything there is to know of a world. */
export interface WorldOptions {
  /** Decides which packets the faults befall. */
  readonly seed: number;
  readonly client: EndOptions;
  readonly server: EndOptions;
  /** Whether the link takes partial checksums and super-segments. */
  readonly offload: boolean;
  /** The version of IP. @default {4} */
  readonly version?: 4 | 6;
  /** From the client to the server. */
  readonly up: Faults;
  /** From the server to the client. */
  readonly down: Faults;
  /** Whether the server listens; else it is asked. @default {false} */
  readonly listens?: boolean;
  /** How long the server takes to accept. @default {0} */
  readonly acceptAfter?: Millis;
  /** Packets that the link holds. @default {256} */
  readonly linkCapacity?: number;
}

/** What a world came to. */
export interface WorldResult {
  /** From the first SYN until both applications were done, in milliseconds. */
  readonly elapsed: Millis;
  /** From the first SYN until the last byte was read. */
  readonly lastRead: Millis;
  /** The longest time in which no byte moved although some should have. */
  readonly longestStall: Millis;
  /** Packets that both stacks made, super-segments counting as one. */
  readonly packets: number;
  /** Wire packets that left both stacks. */
  readonly wirePackets: number;
  /** Packets that the faults took away. */
  readonly lost: number;
  readonly client: Application;
  readonly server: Application | undefined;
}

/** The initial sequence numbers are a few bytes before both wraps. */
const CLIENT_ISN = 0xfffffffe;
const SERVER_ISN = 0x7ffffffe;
const START: Millis = 1000.5;
const BURST = 64;
const MOST_STEPS = 3_000_000;
/** Timers in a second of virtual time, beside two for each packet. */
const MOST_TIMERS = 250;

/** Decorates the links, from the inside: `end` is 0 for the client. */
export type Decorate = (link: Link, end: 0 | 1, clock: Clock) => Link;

class End {
  readonly stack: Stack;
  readonly link: Link;
  readonly packet = new PacketBuffer(HEADROOM + 65_536);
  unsent = false;

  constructor(stack: Stack, link: Link) {
    this.stack = stack;
    this.link = link;
  }
}

/** Two stacks, their applications and their link; see the module's description. */
export class World {
  now: Millis = START;
  readonly #options: WorldOptions;
  readonly #faulty: FaultyLink;
  readonly #ends: readonly [End, End];
  readonly #watch: WireWatch;
  readonly #contents: readonly [Content, Content];
  readonly #client: Application;
  #server: Application | undefined;
  #requestedAt: Millis | undefined;
  #steps = 0;
  /** In this second of virtual time: timers that ran, and packets that moved. */
  #second = 0;
  #timersRun = 0;
  #packetsMoved = 0;
  #progressAt: Millis = START;
  #longestStall: Millis = 0;

  /** Makes a world in which the client is about to connect. */
  constructor(options: WorldOptions, decorate: Decorate = (link) => link) {
    this.#options = options;
    const { seed, client, server, offload, up, down, linkCapacity = 256 } = options;
    const clock: Clock = { now: () => this.now };
    const [left, right] = MemoryLink.pair({
      mtu: Math.max(client.mtu, server.mtu),
      checksumOffload: offload,
      maxSegmentation: offload ? 65_455 : 0,
      capacity: linkCapacity,
    });
    this.#faulty = new FaultyLink(left, { clock, seed, send: up, receive: down });
    this.#ends = [
      newEnd(client, decorate(this.#faulty, 0, clock), seed, CLIENT_ISN),
      newEnd(server, decorate(right, 1, clock), seed, SERVER_ISN),
    ];
    this.#contents = [new Content(seed), new Content(~seed)];
    this.#watch = new WireWatch(...this.#contents);
    const { version = 4 } = this.#options;
    const connection = this.#ends[0].stack.connect(
      { address: addressOf(1, version), port: 40_000 },
      { address: addressOf(2, version), port: 80 },
    );
    if (this.#options.listens) this.#ends[1].stack.listen({ port: 80 });
    this.#client = new Application(connection, client.script, ...this.#contents, this.now);
  }

  /** The client's connection. */
  get clientConnection(): Connection {
    return this.#client.connection;
  }

  /**
   * Runs until both applications are done, and then until both stacks have
   * forgotten their connections.
   *
   * @throws {Error} When something is wrong.
   */
  run(): WorldResult {
    this.runUntil(() => this.#client.isDone && (this.#server?.isDone ?? true));
    const elapsed = this.now - START;
    const result = {
      elapsed,
      lastRead: Math.max(this.#client.readAt, this.#server?.readAt ?? 0) - START,
      longestStall: this.#longestStall,
      packets: this.#ends[0].stack.transmitted + this.#ends[1].stack.transmitted,
      wirePackets: this.#faulty.sent.passed + this.#faulty.received.passed,
      lost: this.#faulty.sent.lost + this.#faulty.received.lost,
      client: this.#client,
      server: this.#server,
    };
    this.runUntil(() => this.#ends.every(({ stack }) => stack.flowCount === 0));
    for (const { stack } of this.#ends) {
      if (stack.drops.of(Drop.LinkRefused) > 0) throw new Error("the link has refused packets");
    }
    return result;
  }

  /** Runs until `isOver`. */
  runUntil(isOver: () => boolean): void {
    while (!isOver()) {
      if (this.#step()) continue;
      if (isOver()) return;
      const next = this.#nextDue;
      if (next === Infinity) throw new Error(`everything has come to a halt: ${this.#describe()}`);
      this.now = Math.max(this.now, next);
    }
  }

  get #nextDue(): Millis {
    return Math.min(
      this.#faulty.nextDue,
      this.#ends[0].stack.nextDeadline,
      this.#ends[1].stack.nextDeadline,
      this.#client.nextDue,
      this.#server ? this.#server.nextDue : this.#requestedAt ?? Infinity,
    );
  }

  /** Does everything that can be done now, once; returns whether there was anything. */
  #step(): boolean {
    if (++this.#steps > MOST_STEPS) throw new Error(`too many steps: ${this.#describe()}`);
    const before = this.#client.read + (this.#server?.read ?? 0);
    this.#faulty.release();
    let isBusy = false;
    for (const sender of [0, 1] as const) {
      const end = this.#ends[sender];
      isBusy = this.#receive(end) || isBusy;
      if (end.stack.nextDeadline <= this.now) {
        end.stack.advance(this.now);
        this.#countTimer();
        isBusy = true;
      }
      isBusy = this.#stepApplication(sender) || isBusy;
      isBusy = this.#transmit(end, sender) || isBusy;
    }
    if (this.#client.read + (this.#server?.read ?? 0) > before) {
      this.#longestStall = Math.max(this.#longestStall, this.now - this.#progressAt);
      this.#progressAt = this.now;
    }
    return isBusy;
  }

  /** Timers that run for nothing, again and again, are a storm. */
  #countTimer(): void {
    const second = Math.floor(this.now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#timersRun = this.#packetsMoved = 0;
    }
    if (++this.#timersRun > MOST_TIMERS + 2 * this.#packetsMoved) {
      throw new Error(`${this.#timersRun} timers in a second: ${this.#describe()}`);
    }
  }

  #receive({ link, stack, packet: outgoing }: End): boolean {
    const packet = incoming;
    if (packet === outgoing) throw new Error("buffers must not be shared");
    let count = 0;
    while (count < BURST && link.receive(packet)) {
      stack.receive(packet, this.now);
      count++;
    }
    this.#packetsMoved += count;
    return count > 0;
  }

  #stepApplication(sender: 0 | 1): boolean {
    if (sender === 0) return this.#client.step(this.now);
    const accept = this.#nextToAccept();
    if (accept) {
      this.#requestedAt = this.now + (this.#options.acceptAfter ?? 0);
      this.#accept = accept;
    }
    if (!this.#server && this.#requestedAt !== undefined && this.now >= this.#requestedAt) {
      const connection = this.#accept();
      this.#requestedAt = undefined;
      if (!connection) return true;
      const [client, server] = this.#contents;
      const { script } = this.#options.server;
      this.#server = new Application(connection, script, server, client, this.now);
    }
    return this.#server?.step(this.now) ?? false;
  }

  #nextToAccept(): (() => Connection | undefined) | undefined {
    const { stack } = this.#ends[1];
    const request = stack.nextRequest();
    if (request && !request.isWithdrawn) return () => request.accept();
    const listener = stack.nextListener();
    return listener && (() => {
      const connection = listener.accept();
      listener.close(); // a SYN that comes late must not open another one
      return connection;
    });
  }

  #accept: () => Connection | undefined = () => undefined;

  #transmit(end: End, sender: 0 | 1): boolean {
    const { stack, link, packet } = end;
    let count = 0;
    while (count < BURST) {
      if (!end.unsent) {
        if (!stack.transmit(packet, this.now)) break;
        this.#watch.watch(sender, packet);
      }
      const result = link.send(packet);
      end.unsent = result === SendResult.Full;
      if (end.unsent) break;
      if (result === SendResult.Refused) stack.drops.count(Drop.LinkRefused);
      count++;
    }
    return count > 0;
  }

  #describe(): string {
    const side = (name: string, app: Application | undefined) =>
      app
        ? `${name} ${
          JSON.stringify({ ...app.connection.info, written: app.written, read: app.read })
        }`
        : `no ${name}`;
    return `${this.now} ms: ${side("client", this.#client)}, ${side("server", this.#server)}`;
  }
}

const incoming = new PacketBuffer(HEADROOM + 65_536);

function newEnd({ mtu, tcp }: EndOptions, link: Link, seed: number, isn: number): End {
  const { checksumOffload, maxSegmentation } = link;
  const generator: IsnGenerator = {
    initialSequence: () => toSeq(isn),
    timestampOffset: () => isn, // which wraps soon, too
  };
  const options = { tcp, random: new SeededRandom(seed), isn: generator };
  const stack = new Stack({ mtu, checksumOffload, maxSegmentation }, options);
  return new End(stack, link);
}

/** 10.0.0.`number` or 2001:db8::`number`. */
function addressOf(number: number, version: 4 | 6): IpAddress {
  if (version === 4) return ipv4(0x0a00_0000 + number);
  return { w0: 0x2001_0db8, w1: 0, w2: 0, w3: number };
}
