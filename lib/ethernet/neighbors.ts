/**
 * Who is where on the link: MAC addresses by IP addresses, of both versions.
 *
 *     Incomplete --answer--> Reachable --30 s--> Stale --use--> Delay --5 s--> Probe
 *         |                      ^                  ^ word of its own              |
 *         +--3 unanswered        +-----------------answer--------------------------+
 *            forgotten                                       3 unanswered: forgotten
 *
 * ARP and Neighbor Discovery feed the same table; a neighbor of either sort is
 * asked and forgotten by the rules of the latter. There is place for so many
 * neighbors only; the one not used for longest gives way, so that somebody who
 * invents neighbors displaces their like.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4861#section-7.3 | RFC 4861 §7.3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-2.3.2 | RFC 1122 §2.3.2}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { type Timed, TimerHeap } from "../base/timer_heap.ts";
import { copyAddress, type IpAddress, sameAddress } from "../ip/address.ts";
import type { MacAddress } from "./header.ts";

/** What is known of a neighbor (RFC 4861 §7.3.2). */
export const Reachability = {
  /** Everybody has been asked, and nobody has answered yet. */
  Incomplete: 0,
  /** It has answered not long ago. */
  Reachable: 1,
  /** Its address is known; whether it is still there will be asked when it matters. */
  Stale: 2,
  /** It was stale when it was used, and will be asked soon. */
  Delay: 3,
  /** It is being asked. */
  Probe: 4,
} as const;
/** One of the values of {@linkcode Reachability}. */
export type Reachability = typeof Reachability[keyof typeof Reachability];

// RFC 4861 §10
const REACHABLE_TIME: Millis = 30_000;
const RETRANSMIT_TIME: Millis = 1000;
const DELAY_TIME: Millis = 5000;
const MOST_SOLICITATIONS = 3;

/** Somebody on the link. Only {@linkcode Neighbors} changes one. */
export class Neighbor implements Timed {
  deadline: Millis = NEVER;
  heapIndex = -1;
  /** Who it is. */
  readonly address: IpAddress;
  /** Where it is; means nothing while `Incomplete`. */
  mac: MacAddress = 0;
  reachability: Reachability = Reachability.Incomplete;
  /** Until when `Reachable` holds. */
  reachableUntil: Millis = 0;
  /** When a packet was last sent to it. */
  usedAt: Millis = -Infinity;
  /** How often it has been asked in vain. */
  asked = 0;
  /** Whether it is to be asked. */
  owesQuestion = false;
  /** The latest packet for it, until it is known where it is (RFC 1122 §2.3.2.2). */
  waiting: PacketBuffer | undefined;
  /** Whether it is not in the table any more. */
  isForgotten = false;

  /** Makes a neighbor of whom nothing else is known. */
  constructor(address: IpAddress) {
    this.address = copyAddress(address);
  }
}

/** The neighbors on a link; see the module's description. */
export class Neighbors {
  /** How many there can be. */
  static readonly LIMIT = 256;
  /** How many packets wait, at most: one for a neighbor. */
  static readonly MOST_WAITING = 16;

  readonly #all: Neighbor[] = [];
  readonly #timers = new TimerHeap<Neighbor>();
  readonly #questions: Neighbor[] = [];
  readonly #released: Neighbor[] = [];
  readonly #dropped: (reason: Drop) => void;
  #waiting = 0;

  /** @param dropped Is told of packets that have waited in vain. */
  constructor(dropped: (reason: Drop) => void) {
    this.#dropped = dropped;
  }

  /** How many there are. */
  get count(): number {
    return this.#all.length;
  }

  /** When {@linkcode Neighbors.advance} has something to do, or `NEVER`. */
  get nextDeadline(): Millis {
    return this.#timers.next;
  }

  /** The neighbor with this address, if there is one. */
  find(address: IpAddress): Neighbor | undefined {
    for (const neighbor of this.#all) {
      if (sameAddress(neighbor.address, address)) return neighbor;
    }
    return undefined;
  }

  /**
   * Takes down what a neighbor has said of itself without being asked.
   *
   * @param isNew Whether one that is not known is to be added.
   */
  learn(address: IpAddress, mac: MacAddress, isNew: boolean): void {
    const neighbor = this.find(address) ?? (isNew ? this.#add(address) : undefined);
    if (!neighbor) return;
    const isKnown = neighbor.reachability !== Reachability.Incomplete;
    if (isKnown && neighbor.mac === mac) return;
    neighbor.mac = mac;
    this.#enter(neighbor, Reachability.Stale, NEVER);
    this.#release(neighbor);
  }

  /** Takes down that `neighbor` has answered: it is at `mac`, and there. */
  confirm(neighbor: Neighbor, mac: MacAddress, now: Millis): void {
    neighbor.mac = mac;
    neighbor.reachableUntil = now + REACHABLE_TIME;
    this.#enter(neighbor, Reachability.Reachable, NEVER);
    this.#release(neighbor);
  }

  /** Lets what is known of `neighbor` be asked again before it is relied on. */
  doubt(neighbor: Neighbor): void {
    this.#enter(neighbor, Reachability.Stale, NEVER);
  }

  /** The neighbor to which a packet for `address` is to go; it may be unknown where that is. */
  use(address: IpAddress, now: Millis): Neighbor {
    const neighbor = this.find(address) ?? this.#add(address);
    this.touch(neighbor, now);
    return neighbor;
  }

  /** Notes that a packet goes to `neighbor`, which may have to be asked because of that. */
  touch(neighbor: Neighbor, now: Millis): void {
    neighbor.usedAt = now;
    switch (neighbor.reachability) {
      case Reachability.Incomplete:
        if (neighbor.deadline === NEVER) this.#ask(neighbor, now);
        break;
      case Reachability.Reachable:
        if (now < neighbor.reachableUntil) break;
        this.#enter(neighbor, Reachability.Delay, now + DELAY_TIME);
        break;
      case Reachability.Stale:
        this.#enter(neighbor, Reachability.Delay, now + DELAY_TIME);
    }
  }

  /** Keeps a copy of `packet` until it is known where `neighbor` is; returns whether it does. */
  hold(neighbor: Neighbor, packet: PacketBuffer): boolean {
    if (neighbor.waiting) this.#dropped(Drop.Unresolved);
    else if (this.#waiting === Neighbors.MOST_WAITING) return false;
    else this.#waiting++;
    neighbor.waiting = new PacketBuffer(packet.end + packet.tailLength);
    neighbor.waiting.copyFrom(packet);
    return true;
  }

  /** A neighbor for whom a packet has waited, and of whom it is known now where it is. */
  nextReleased(): Neighbor | undefined {
    return this.#released[0];
  }

  /** Takes the packet of a neighbor that {@linkcode Neighbors.nextReleased} has named. */
  takeWaiting(neighbor: Neighbor): PacketBuffer | undefined {
    const at = this.#released.indexOf(neighbor);
    if (at >= 0) this.#released.splice(at, 1);
    const { waiting } = neighbor;
    if (waiting) this.#waiting--;
    neighbor.waiting = undefined;
    return waiting;
  }

  /** The next neighbor that is to be asked where it is: all are, while it is `Incomplete`. */
  nextQuestion(): Neighbor | undefined {
    const neighbor = this.#questions.shift();
    if (neighbor) neighbor.owesQuestion = false;
    return neighbor;
  }

  /** Runs what is due at `now`. */
  advance(now: Millis): void {
    for (let due = this.#timers.pop(now); due; due = this.#timers.pop(now)) {
      if (due.reachability === Reachability.Delay) due.reachability = Reachability.Probe;
      if (due.asked === MOST_SOLICITATIONS) this.#forget(due);
      else this.#ask(due, now);
    }
  }

  #ask(neighbor: Neighbor, now: Millis): void {
    neighbor.asked++;
    this.#timers.set(neighbor, now + RETRANSMIT_TIME);
    if (neighbor.owesQuestion) return;
    neighbor.owesQuestion = true;
    this.#questions.push(neighbor);
  }

  #enter(neighbor: Neighbor, reachability: Reachability, deadline: Millis): void {
    neighbor.reachability = reachability;
    neighbor.asked = 0;
    this.#timers.set(neighbor, deadline);
    if (neighbor.owesQuestion) remove(this.#questions, neighbor);
    neighbor.owesQuestion = false;
  }

  #release(neighbor: Neighbor): void {
    if (neighbor.waiting && !this.#released.includes(neighbor)) this.#released.push(neighbor);
  }

  #add(address: IpAddress): Neighbor {
    if (this.#all.length === Neighbors.LIMIT) this.#forget(this.#leastUsed());
    const neighbor = new Neighbor(address);
    this.#all.push(neighbor);
    return neighbor;
  }

  /** The one that was used least recently; of those that never were, the one known for longest. */
  #leastUsed(): Neighbor {
    return this.#all.reduce((least, neighbor) => neighbor.usedAt < least.usedAt ? neighbor : least);
  }

  #forget(neighbor: Neighbor): void {
    remove(this.#all, neighbor);
    neighbor.isForgotten = true;
    this.#enter(neighbor, Reachability.Incomplete, NEVER);
    if (this.takeWaiting(neighbor)) this.#dropped(Drop.Unresolved);
  }
}

function remove(list: Neighbor[], neighbor: Neighbor): void {
  const at = list.indexOf(neighbor);
  if (at >= 0) list.splice(at, 1);
}
