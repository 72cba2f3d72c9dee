/**
 * A link for IP packets over one for Ethernet frames, such as a TAP device.
 *
 *     stack <-> EthernetLink <-> frames
 *                    |
 *                    +-- ARP, Neighbor Discovery, router advertisements, DHCP
 *
 * What belongs to Ethernet is dealt with here, so that the stack above sees the
 * same packets as on a TUN. Answers that the inner link has no room for are
 * lost, as they would be on a wire: who has asked will ask again.
 *
 * @module
 */
import type { Clock, Millis } from "../base/clock.ts";
import { Drop, DropCounters } from "../base/drop.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { Ethernet, type EthernetOptions, Outcome } from "../ethernet/ethernet.ts";
import { ETHERNET_HEADER_LENGTH } from "../ethernet/header.ts";
import { type Link, SendResult } from "./link.ts";
import { LinkDecorator } from "./link_decorator.ts";

/** Settings of an {@linkcode EthernetLink}. */
export interface EthernetLinkOptions extends EthernetOptions {
  /** Where time-outs are measured. */
  readonly clock: Clock;
}

/** Frames that are none for the stack, after which others have their turn. */
const MOST_FRAMES = 64;
/** The longest packet there is, with its frame. */
const LONGEST: number = HEADROOM + 65_536;

/** A link over Ethernet; see the module's description. */
export class EthernetLink extends LinkDecorator {
  /** What was dropped, by reason. */
  readonly drops: DropCounters;
  readonly #clock: Clock;
  readonly #ethernet: Ethernet;
  readonly #owed = new PacketBuffer(LONGEST);
  /** Whether `#owed` holds a frame that the inner link has not taken yet. */
  #unsent = false;

  /** Makes a link over `frames`, which becomes its own, and whose `mtu` is about frames. */
  constructor(frames: Link, options: EthernetLinkOptions) {
    super(frames);
    this.#clock = options.clock;
    this.drops = options.drops ?? new DropCounters();
    this.#ethernet = new Ethernet({ ...options, drops: this.drops });
  }

  /** The longest IP packet, in bytes: a header of Ethernet less than a frame. */
  override get mtu(): number {
    return this.inner.mtu - ETHERNET_HEADER_LENGTH;
  }

  /** Whether frames may go on in a tail, of which nothing is looked at here. */
  get gathers(): boolean {
    return this.inner.gathers ?? false;
  }

  /** Reads frames until one has a packet for the stack; answers the others. */
  override receive(packet: PacketBuffer): boolean {
    for (let count = 0; count < MOST_FRAMES && this.inner.receive(packet); count++) {
      const outcome = this.#ethernet.receive(packet, this.#clock.now());
      if (outcome === Outcome.Packet) return true;
      if (outcome === Outcome.Frame && this.inner.send(packet) !== SendResult.Sent) {
        this.drops.count(Drop.TooManyReplies);
      }
    }
    this.#transmit();
    return false;
  }

  /** Puts a packet into a frame, or holds it until its neighbor is known. */
  override send(packet: PacketBuffer): SendResult {
    if (!this.#transmit()) return SendResult.Full;
    const { start } = packet;
    switch (this.#ethernet.send(packet, this.#clock.now())) {
      case Outcome.Frame:
        break;
      case Outcome.Held:
        this.#transmit(); // the question where to
        return SendResult.Sent;
      default:
        return SendResult.Refused;
    }
    const result = this.inner.send(packet);
    if (result === SendResult.Full) packet.start = start; // it will be offered again
    return result;
  }

  /** Waits for frames, and for what is due: questions, advertisements, answers. */
  override async wait(timeout: Millis, writable: boolean): Promise<void> {
    const isTaken = this.#transmit();
    await this.inner.wait(this.#atMost(timeout), writable || !isTaken);
  }

  /** The same, but keeps the thread. */
  override look(timeout: Millis, writable: boolean): boolean {
    const isTaken = this.#transmit();
    return super.look(this.#atMost(timeout), writable || !isTaken);
  }

  #atMost(timeout: Millis): Millis {
    return Math.min(timeout, Math.max(0, this.#ethernet.nextDeadline - this.#clock.now()));
  }

  /** Sends what is owed; returns whether the inner link has taken all of it. */
  #transmit(): boolean {
    const now = this.#clock.now();
    this.#ethernet.advance(now);
    while (this.#unsent || this.#ethernet.transmit(this.#owed, now)) {
      this.#unsent = this.inner.send(this.#owed) === SendResult.Full;
      if (this.#unsent) return false;
    }
    return true;
  }
}
