/**
 * A link with faults: seeded loss, duplication, corruption, reordering, delay
 * and a limited rate, each way by itself.
 *
 *     stack -> send ----> impairment -> inner link
 *     stack <- receive <- impairment <- inner link
 *
 * Faults befall wire packets: a super-segment is cut first. The same seed and
 * the same traffic give the same faults.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { SeededRandom } from "../base/random.ts";
import { type FaultCounts, type Faults, Impairment } from "./impairment.ts";
import { type Link, SendResult } from "./link.ts";
import { LinkDecorator } from "./link_decorator.ts";
import { cutSegments, restorePartial } from "./offload.ts";
import { PacketPool } from "./packet_pool.ts";

/** Settings of a {@linkcode FaultyLink}. */
export interface FaultyLinkOptions {
  /** Where delays are measured. */
  readonly clock: Clock;
  /** Decides what happens to which packet. */
  readonly seed: number;
  /** What befalls packets that are sent. @default {{}} */
  readonly send?: Faults;
  /** What befalls packets that are received. @default {{}} */
  readonly receive?: Faults;
}

const LONGEST: number = HEADROOM + 65_536;

/** A link with faults; see the module's description. */
export class FaultyLink extends LinkDecorator {
  readonly #clock: Clock;
  readonly #outgoing: Impairment;
  readonly #incoming: Impairment;
  readonly #whole = new PacketBuffer(LONGEST);
  readonly #wire = new PacketBuffer(LONGEST);
  readonly #passOut = (packet: PacketBuffer): void =>
    this.#outgoing.pass(packet, this.#clock.now());
  readonly #passIn = (packet: PacketBuffer): void => this.#incoming.pass(packet, this.#clock.now());

  /** Adds faults to `inner`, which becomes its own. */
  constructor(inner: Link, { clock, seed, send = {}, receive = {} }: FaultyLinkOptions) {
    super(inner);
    this.#clock = clock;
    const random = new SeededRandom(seed);
    const pool = new PacketPool(HEADROOM + inner.mtu);
    this.#outgoing = new Impairment(send, new SeededRandom(random.nextUint32()), pool);
    this.#incoming = new Impairment(receive, new SeededRandom(random.nextUint32()), pool);
  }

  /** When a packet that is on its way arrives, at either end; `NEVER` when none is. */
  get nextDue(): Millis {
    return Math.min(this.#outgoing.nextDue, this.#incoming.nextDue);
  }

  /** What has been done to packets that were sent. */
  get sent(): Readonly<FaultCounts> {
    return this.#outgoing.counts;
  }

  /** What has been done to packets that were received. */
  get received(): Readonly<FaultCounts> {
    return this.#incoming.counts;
  }

  override receive(packet: PacketBuffer): boolean {
    while (this.inner.receive(this.#whole)) {
      restorePartial(this.#whole);
      cutSegments(this.#whole, this.#wire, this.#passIn);
    }
    const next = this.#incoming.arrived(this.#clock.now());
    if (!next) return false;
    packet.copyFrom(next);
    this.#incoming.drop();
    return true;
  }

  override send(packet: PacketBuffer): SendResult {
    if (this.isClosed || (packet.segmentSize === 0 && packet.length > this.mtu)) {
      return SendResult.Refused;
    }
    if (!this.release()) return SendResult.Full;
    cutSegments(packet, this.#wire, this.#passOut);
    this.release();
    return SendResult.Sent;
  }

  /**
   * Hands packets that have been on their way long enough to the inner link.
   * Called by all other methods; who drives the link in virtual time must call
   * it when `nextDue` has come.
   *
   * @returns Whether the inner link has taken all of them.
   */
  release(): boolean {
    const now = this.#clock.now();
    for (let due = this.#outgoing.arrived(now); due; due = this.#outgoing.arrived(now)) {
      if (this.inner.send(due) === SendResult.Full) return false;
      this.#outgoing.drop();
    }
    return true;
  }

  override async wait(timeout: Millis, writable: boolean): Promise<void> {
    const isTaken = this.release();
    const now = this.#clock.now();
    const nextSend = isTaken ? this.#outgoing.nextDue : Infinity; // else: once there is room
    const next = Math.min(nextSend, this.#incoming.nextDue);
    await this.inner.wait(Math.min(timeout, Math.max(0, next - now)), writable || !isTaken);
    this.release();
  }
}
