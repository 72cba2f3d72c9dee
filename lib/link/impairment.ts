/**
 * What goes wrong on one way of a {@linkcode FaultyLink}: packets get lost,
 * doubled, damaged, delayed, overtaken.
 *
 * Packets that are on their way wait here in the order in which they will
 * arrive. Delays vary without changing that order; only a packet that is chosen
 * to be overtaken is held back longer.
 *
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { SeededRandom } from "../base/random.ts";
import type { PacketPool } from "./packet_pool.ts";

/** The faults of one direction. Probabilities are 0 to 1; all is 0 unless given. */
export interface Faults {
  /** How likely a packet is lost. */
  readonly loss?: number;
  /** How likely a packet arrives twice. */
  readonly duplication?: number;
  /** How likely a bit of a packet is flipped, after its checksum was made. */
  readonly corruption?: number;
  /** How likely a packet is held back, for up to `holdBack`, and may be overtaken. */
  readonly reordering?: number;
  /** The longest that a reordered packet is held back, in milliseconds. @default {10} */
  readonly holdBack?: Millis;
  /** How long every packet is on its way, in milliseconds. */
  readonly delay?: Millis;
  /** The most that is added to `delay` at random, in milliseconds. */
  readonly jitter?: Millis;
  /** The most that passes, in bytes per millisecond. @default {Infinity} */
  readonly rate?: number;
  /** Packets on their way or waiting for the rate; what comes on top is lost. @default {Infinity} */
  readonly queue?: number;
}

/** What has been done to packets. */
export interface FaultCounts {
  /** Packets that came. */
  passed: number;
  /** Of those, lost by chance. */
  lost: number;
  /** Lost because the queue was full. */
  overflowed: number;
  /** Delivered twice. */
  doubled: number;
  /** Delivered with a wrong bit. */
  corrupted: number;
  /** Held back. */
  reordered: number;
}

interface Delayed {
  readonly dueAt: Millis;
  readonly packet: PacketBuffer;
}

/** One way of a {@linkcode FaultyLink}; see the module's description. */
export class Impairment {
  /** What has happened so far. */
  readonly counts: FaultCounts = {
    passed: 0,
    lost: 0,
    overflowed: 0,
    doubled: 0,
    corrupted: 0,
    reordered: 0,
  };
  readonly #faults: Required<Faults>;
  readonly #random: SeededRandom;
  readonly #pool: PacketPool;
  /** Sorted by `dueAt`; packets that are due at the same time stay in order. */
  readonly #delayed: Delayed[] = [];
  #freeAt: Millis = -Infinity;
  #lastDue: Millis = -Infinity;

  /** Makes a way on which nothing is; its packets are from and go back to `pool`. */
  constructor(faults: Faults, random: SeededRandom, pool: PacketPool) {
    this.#faults = { ...HARMLESS, ...faults };
    this.#random = random;
    this.#pool = pool;
  }

  /** When the next packet arrives, or `NEVER`. */
  get nextDue(): Millis {
    return this.#delayed[0]?.dueAt ?? NEVER;
  }

  /** Sends a copy of the wire packet `packet` on its way. */
  pass(packet: PacketBuffer, now: Millis): void {
    const { loss, duplication, corruption, queue } = this.#faults;
    this.counts.passed++;
    if (this.#happens(loss)) {
      this.counts.lost++;
      return;
    }
    if (this.#delayed.length >= queue) {
      this.counts.overflowed++;
      return;
    }
    const copy = this.#pool.copyOf(packet);
    if (this.#happens(corruption)) {
      this.counts.corrupted++;
      const bit = this.#random.below(copy.length * 8);
      const at = copy.start + (bit >> 3);
      copy.view.setUint8(at, copy.view.getUint8(at) ^ (1 << (bit & 7)));
    }
    this.#enqueue(copy, now);
    if (this.#happens(duplication)) {
      this.counts.doubled++;
      this.#enqueue(this.#pool.copyOf(copy), now);
    }
  }

  /** The packet that has arrived at `now`, if any; it stays there until {@linkcode drop}ped. */
  arrived(now: Millis): PacketBuffer | undefined {
    const next = this.#delayed[0];
    return next && next.dueAt <= now ? next.packet : undefined;
  }

  /** Removes the packet that {@linkcode arrived}. */
  drop(): void {
    const next = this.#delayed.shift();
    if (next) this.#pool.giveBack(next.packet);
  }

  #enqueue(packet: PacketBuffer, now: Millis): void {
    const { delay, jitter, reordering, holdBack, rate } = this.#faults;
    this.#freeAt = Math.max(this.#freeAt, now) + packet.length / rate;
    let dueAt = Math.max(this.#lastDue, this.#freeAt + delay + jitter * this.#random.next());
    if (this.#happens(reordering)) {
      this.counts.reordered++;
      dueAt += holdBack * this.#random.next();
    } else {
      this.#lastDue = dueAt;
    }
    let at = this.#delayed.length;
    while (at > 0 && this.#delayed[at - 1]!.dueAt > dueAt) at--; // `at - 1` is in the array
    this.#delayed.splice(at, 0, { dueAt, packet });
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability;
  }
}

const HARMLESS: Required<Faults> = {
  loss: 0,
  duplication: 0,
  corruption: 0,
  reordering: 0,
  holdBack: 10,
  delay: 0,
  jitter: 0,
  rate: Infinity,
  queue: Infinity,
};
