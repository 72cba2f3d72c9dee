/**
 * Two stacks whose applications call anything at any time.
 *
 * They listen, connect, accept, write, read, shut down, close, abort and change
 * settings in any state, over a link that loses, doubles and reorders. Calls may
 * throw what they say they throw. What is read must be what was written. When
 * everything has been let go of, nothing may be left: no flow, no timer, no
 * memory, no place in a queue; whether the link still works by then or not.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Millis } from "../../lib/base/clock.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { type IpAddress, ipv4 } from "../../lib/ip/address.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { TcpError } from "../../lib/tcp/error.ts";
import type { Listener } from "../../lib/tcp/listener.ts";
import type { Tap } from "../harness/record.ts";
import { fillText, isText } from "../harness/text.ts";
import { someConnectionOptions, someListenOptions, someTcpOptions } from "./settings.ts";

const PORTS = 3;
const MOST_CONNECTIONS = 12;
const MOST_WRITTEN = 4000;
/** Packets that one step may cause: more of them are a loop. */
const MOST_PACKETS = 5000;
/** The longest that anything waits for: 15 retransmissions and as many probes, by the minute. */
const LONGEST_END: Millis = 2 * 3600 * 1000;

/** A connection, and how far its application is with both streams. */
interface Held {
  readonly connection: Connection;
  written: number;
  read: number;
}

/** One of the two ends. */
interface End {
  readonly name: "peer" | "stack";
  readonly address: IpAddress;
  readonly stack: Stack;
  readonly listeners: Listener[];
  held: Held[];
  /** What is on its way to this end, soonest first. */
  readonly coming: { readonly at: Millis; readonly packet: PacketBuffer }[];
}

/**
 * Makes `rounds` random calls, then closes everything.
 *
 * @param tap Is shown what is sent.
 * @returns How many packets there were.
 */
export function fuzzSockets(seed: number, rounds: number, tap?: Tap): number {
  const fuzz = new SocketsFuzz(seed, tap);
  for (let round = 0; round < rounds; round++) fuzz.step();
  fuzz.end();
  return fuzz.packets;
}

class SocketsFuzz {
  packets = 0;
  readonly #tap: Tap | undefined;
  readonly #random: SeededRandom;
  readonly #ends: readonly [End, End];
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);
  readonly #loss: number;
  readonly #jitter: number;
  #now: Millis = 1000;
  #isCut = false;
  #isEnding = false;

  constructor(seed: number, tap: Tap | undefined) {
    this.#tap = tap;
    const random = this.#random = new SeededRandom(seed);
    const isVersion6 = random.below(2) === 1;
    this.#loss = [0, 0.05, 0.3][random.below(3)]!;
    this.#jitter = [0, 5, 200][random.below(3)]!;
    this.#ends = [this.#makeEnd("peer", 1, isVersion6), this.#makeEnd("stack", 2, isVersion6)];
  }

  #makeEnd(name: End["name"], host: number, isVersion6: boolean): End {
    const stack = new Stack({ mtu: 1500, checksumOffload: false, maxSegmentation: 0 }, {
      random: this.#random,
      tcp: someTcpOptions(this.#random),
    });
    const address = isVersion6
      ? { w0: 0xfd00_0000 | 0, w1: 0, w2: 0, w3: host }
      : ipv4(0x0a00_0000 + host);
    return { name, address, stack, listeners: [], held: [], coming: [] };
  }

  step(): void {
    const random = this.#random;
    const end = this.#ends[random.below(2)]!;
    this.#call(() => this.#use(end));
    if (random.below(3) === 0) this.#pass(random.below(20) ? random.below(300) : 100_000);
    else this.#settle();
  }

  /** Lets go of everything; then nothing may be left. */
  end(): void {
    const random = this.#random;
    this.#isCut = random.below(3) === 0;
    for (const end of this.#ends) this.#attend(end);
    this.#isEnding = true;
    for (const end of this.#ends) {
      for (const listener of end.listeners) listener.close();
      for (const { connection } of end.held) {
        if (random.below(4)) connection.close();
        else connection.abort();
      }
    }
    this.#settle();
    const begin = this.#now;
    for (let next = this.#next(); next !== Infinity; next = this.#next()) {
      assert(next - begin < LONGEST_END, "it does not end");
      this.#pass(Math.max(next - this.#now, 0));
    }
    for (const { stack, listeners } of this.#ends) {
      assertEquals(stack.flowCount, 0, "flows are left");
      assertEquals(stack.memory.used, 0, "memory is left");
      for (const { info } of listeners) assertEquals([info.halfOpen, info.pending], [0, 0]);
    }
  }

  /** Makes `call`, which may throw what an application has to expect. */
  #call(call: () => void): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof TcpError || error instanceof RangeError)) throw error;
    }
  }

  #use(end: End): void {
    const random = this.#random;
    const dice = random.below(100);
    const target = this.#ends[end === this.#ends[0] ? 1 : 0];
    const port = 1 + random.below(PORTS);
    if (dice < 4) {
      const address = random.below(2) ? end.address : undefined;
      end.listeners.push(end.stack.listen({ address, port }, someListenOptions(random)));
    } else if (dice < 5) {
      end.listeners[random.below(end.listeners.length)]?.close();
    } else if (dice < 15) {
      if (end.held.length >= MOST_CONNECTIONS) return;
      // Now and then from a fixed port, so that both may ask at once, or a flow come again.
      const own = { address: end.address, port: random.below(3) ? 0 : 1 + random.below(PORTS) };
      const peer = { address: target.address, port };
      this.#hold(end, end.stack.connect(own, peer, someConnectionOptions(random)));
    } else {
      const held = end.held[random.below(end.held.length)];
      if (held) this.#useConnection(end, held);
    }
  }

  #useConnection(end: End, held: Held): void {
    const random = this.#random;
    const { connection } = held;
    const dice = random.below(40);
    if (dice < 14) this.#write(end, held);
    else if (dice < 28) this.#read(end, held);
    else if (dice < 31) connection.closeWrite();
    else if (dice < 33) connection.closeRead();
    else if (dice < 35) connection.setOptions(someConnectionOptions(random));
    else if (dice < 36) assert(connection.info.state !== "");
    else {
      if (dice < 39) connection.close();
      else connection.abort();
      if (random.below(2)) end.held = end.held.filter((other) => other !== held);
    }
  }

  #write({ name }: End, held: Held): void {
    const { connection } = held;
    const data = new Uint8Array(this.#random.below(MOST_WRITTEN));
    fillText(name, 1 + held.written, data);
    if (this.#random.below(2)) {
      held.written += connection.write(data);
      return;
    }
    const span = connection.writableSpan(data.length);
    span.set(data.subarray(0, span.length));
    connection.commit(span.length);
    held.written += span.length;
  }

  #read({ name }: End, held: Held): void {
    const { connection } = held;
    const data = new Uint8Array(this.#random.below(3 * MOST_WRITTEN));
    const count = connection.read(data);
    const isRight = isText(
      name === "peer" ? "stack" : "peer",
      1 + held.read,
      data.subarray(0, count),
    );
    assert(isRight, "what is read is not what was written");
    held.read += count;
  }

  #hold(end: End, connection: Connection): void {
    end.held.push({ connection, written: 0, read: 0 });
  }

  /** Takes what the stack has to tell. */
  #attend(end: End): void {
    const { stack } = end;
    const random = this.#random;
    for (let request = stack.nextRequest(); request; request = stack.nextRequest()) {
      const dice = random.below(8);
      if (dice === 0) request.unreachable("host");
      else if (dice === 1) request.ignore();
      else if (dice < 5 || this.#isEnding) request.reject();
      else {
        const connection = request.accept();
        if (connection) this.#hold(end, connection);
      }
    }
    for (let listener = stack.nextListener(); listener; listener = stack.nextListener()) {
      if (random.below(4) === 0) continue; // an application that is slow to accept
      for (let made = listener.accept(); made; made = listener.accept()) this.#hold(end, made);
    }
    for (let next = stack.nextConnection(); next; next = stack.nextConnection()) next.takeEvents();
  }

  /** When something happens by itself. */
  #next(): Millis {
    let next = Infinity;
    for (const { stack, coming } of this.#ends) {
      next = Math.min(next, stack.nextDeadline, coming[0]?.at ?? Infinity);
    }
    return next;
  }

  /** Lets `time` pass; what happens meanwhile happens in time. */
  #pass(time: Millis): void {
    const end = this.#now + time;
    for (let count = 0; this.#now < end || count === 0; count++) {
      assert(count < MOST_PACKETS, "time stands still");
      this.#now = Math.min(Math.max(this.#next(), this.#now), end);
      for (const { stack } of this.#ends) stack.advance(this.#now);
      this.#settle();
    }
  }

  /** Lets packets and applications do what they can do at once. */
  #settle(): void {
    for (let count = 0, isBusy = true; isBusy; count++) {
      assert(count < MOST_PACKETS, "it does not stop sending");
      isBusy = false;
      for (const [i, end] of this.#ends.entries()) {
        while (end.coming[0] && end.coming[0].at <= this.#now) {
          const { packet } = end.coming.shift()!;
          end.stack.receive(packet, this.#now);
          isBusy = true;
        }
        this.#attend(end);
        while (end.stack.transmit(this.#packet, this.#now)) {
          this.#send(this.#ends[1 - i]!);
          isBusy = true;
        }
      }
    }
  }

  #send(to: End): void {
    const random = this.#random;
    this.packets++;
    this.#tap?.(this.#packet, this.#now);
    if (this.#isCut || random.next() < this.#loss) return;
    for (let copies = random.below(20) ? 1 : 2; copies > 0; copies--) {
      const packet = new PacketBuffer(HEADROOM + this.#packet.length);
      packet.copyFrom(this.#packet);
      const at = this.#now + random.below(this.#jitter + 1);
      const place = to.coming.findIndex((other) => other.at > at);
      to.coming.splice(place < 0 ? to.coming.length : place, 0, { at, packet });
    }
  }
}
