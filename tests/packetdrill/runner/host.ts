/**
 * A stack in virtual time, and what it has sent.
 *
 * Time moves from deadline to deadline, so that each timer of the stack's goes
 * off to the microsecond. After every step whoever waits for the stack is asked
 * whether they can go on.
 *
 * @module
 */
import type { Millis } from "../../../lib/base/clock.ts";
import { HEADROOM, PacketBuffer } from "../../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../../lib/base/random.ts";
import { type LinkCapabilities, Stack } from "../../../lib/stack/stack.ts";
import type { TcpOptions } from "../../../lib/tcp/config.ts";
import { toSeq } from "../../../lib/tcp/seq.ts";
import { takeWire } from "../../harness/sent_packet.ts";
import type { WireError, WireSegment } from "../../harness/wire.ts";
import type { Micros } from "./time.ts";

/** A packet that the stack has sent. */
export interface SentPacket {
  readonly time: Micros;
  readonly wire: WireSegment | WireError;
}

/** When scripts begin, by the stack's clock; not 0, so that nothing works only because it is. */
const START: Millis = 5000;
/** Sums of decimal fractions do not meet; this is less than the microsecond of scripts. */
const SLACK: Micros = 1e-3;
/** The stack's first sequence number and its timestamps cross 2^31 soon. */
const FIRST_ISN = 0x7fff_fffe;
const FIRST_TIMESTAMP = 0x7fff_ff80;
/** Between the initial sequence numbers of two connections. */
const NEXT_CONNECTION = 1_000_003;
/** What all wire packets of a super-segment but the last are without. */
const FIN_AND_PSH = 0x09;
const MOST_STEPS = 1_000_000;

/** A stack in virtual time; see the module's description. */
export class Host {
  readonly stack: Stack;
  readonly #link: LinkCapabilities;
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);
  readonly #sent: SentPacket[] = [];
  readonly #wake: () => boolean;
  readonly #note: (sent: SentPacket) => void;
  #now: Micros = 0;
  #connections = 0;
  #steps = 0;

  /**
   * Makes a stack.
   *
   * @param maxSegmentation The most text of a super-segment, which the link cuts; 0: it cuts none.
   * @param wake Asks everybody who waits; returns whether somebody went on.
   * @param note Is told of each packet.
   */
  constructor(
    mtu: number,
    tcp: TcpOptions,
    maxSegmentation: number,
    wake: () => boolean,
    note: (sent: SentPacket) => void,
  ) {
    this.#link = { mtu, checksumOffload: maxSegmentation > 0, maxSegmentation };
    this.#wake = wake;
    this.#note = note;
    this.stack = new Stack(this.#link, {
      random: new SeededRandom(1),
      isn: {
        initialSequence: () => toSeq(FIRST_ISN + NEXT_CONNECTION * this.#connections++),
        timestampOffset: () => (FIRST_TIMESTAMP - START) | 0,
      },
      tcp,
    });
  }

  /** Since the script began. */
  get now(): Micros {
    return this.#now;
  }

  /** Packets that nobody has taken. */
  get sent(): readonly SentPacket[] {
    return this.#sent;
  }

  /** Lets time pass until `time`. */
  runUntil(time: Micros): void {
    while (this.#runTimer(time)) { /* all that are due */ }
    this.#now = Math.max(this.#now, time);
    this.stack.advance(this.#millis); // tells the stack what time it is
  }

  /** Hands the bytes of an IP packet to the stack. */
  inject(bytes: Uint8Array): void {
    const packet = this.#packet;
    packet.clear();
    packet.bytes.set(bytes, packet.append(bytes.length));
    this.stack.receive(packet, this.#millis);
    this.settle();
  }

  /** Takes the next packet of the stack's, if it comes by `deadline`; time passes until it does. */
  take(deadline: Micros): SentPacket | undefined {
    this.settle();
    while (this.#sent.length === 0 && this.#runTimer(deadline)) { /* until there is one */ }
    return this.#sent.shift();
  }

  /** Lets time pass until `isOver`, at most until `deadline`. */
  runWhile(isGoingOn: () => boolean, deadline: Micros): void {
    while (isGoingOn() && this.#runTimer(deadline)) { /* the next timer */ }
    if (isGoingOn()) this.runUntil(deadline);
  }

  /** Takes what the stack wants to send, until nobody has anything left to do now. */
  settle(): void {
    for (;;) {
      this.#transmit();
      const isAwake = this.#wake();
      if (!this.#transmit() && !isAwake) return;
    }
  }

  #transmit(): boolean {
    // Nobody is there to answer for addresses on which no socket listens.
    for (let next = this.stack.nextRequest(); next; next = this.stack.nextRequest()) next.reject();
    let hasSent = false;
    for (; this.stack.transmit(this.#packet, this.#millis); hasSent = true) {
      this.#countStep();
      const { segmentSize } = this.#packet;
      for (const wire of cut(takeWire(this.#packet, this.#link), segmentSize)) {
        const sent = { time: this.#now, wire };
        this.#sent.push(sent);
        this.#note(sent);
      }
    }
    return hasSent;
  }

  get #millis(): Millis {
    return START + this.#now / 1000;
  }

  /** Meets the next deadline of the stack's, if that is not after `limit`. */
  #runTimer(limit: Micros): boolean {
    const due = (this.stack.nextDeadline - START) * 1000;
    if (due > limit + SLACK || due === Infinity) return false;
    this.#countStep();
    this.#now = Math.max(this.#now, due);
    this.stack.advance(Math.max(this.#millis, this.stack.nextDeadline));
    this.settle();
    return true;
  }

  #countStep(): void {
    if (++this.#steps > MOST_STEPS) throw new Error("the stack does not come to rest");
  }
}

/** The wire packets into which a link cuts `wire`, with `size` bytes of text each; 0: it does not. */
function cut(wire: WireSegment | WireError, size: number): (WireSegment | WireError)[] {
  if ("quoted" in wire || size === 0) return [wire];
  const parts: WireSegment[] = [];
  for (let at = 0; at < wire.payload.length; at += size) {
    const payload = wire.payload.subarray(at, at + size);
    const isLast = at + size >= wire.payload.length;
    const flags = isLast ? wire.flags : wire.flags & ~FIN_AND_PSH;
    parts.push({ ...wire, seq: (wire.seq + at) % 2 ** 32, flags, payload });
  }
  return parts;
}
