/**
 * Two links, joined: what one sends the other receives.
 *
 *     left.send -> queue -> right.receive
 *     left.receive <- queue <- right.send
 *
 * For tests, examples, and wherever there is no TUN device. With offload a link
 * takes partial checksums and super-segments and makes wire packets of them, as
 * a kernel would; or it hands them over whole, which is faster.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { ChecksumState, HEADROOM, type PacketBuffer } from "../base/packet_buffer.ts";
import { type Link, SendResult } from "./link.ts";
import { cutSegments } from "./offload.ts";
import { PacketPool } from "./packet_pool.ts";

/** Settings of {@linkcode MemoryLink.pair}. Sizes in bytes. */
export interface MemoryLinkOptions {
  /** The longest packet that is carried, super-segments apart. @default {1500} */
  readonly mtu?: number;
  /** Whether partial checksums are taken. @default {false} */
  readonly checksumOffload?: boolean;
  /** The largest payload of a super-segment that is taken; 0: none. @default {0} */
  readonly maxSegmentation?: number;
  /** Whether super-segments are cut; if not, the receiver gets them whole. @default {true} */
  readonly cut?: boolean;
  /** Packets that each direction holds; the pieces of one super-segment may exceed it. @default {256} */
  readonly capacity?: number;
}

/** The longest IP packet there is, headroom included. */
const LONGEST = HEADROOM + 65_536;
/** The longest that a timer of the host waits, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;
const NOTHING = new Uint8Array(1);

/** One end of a pair of joined links; see the module's description. */
export class MemoryLink implements Link {
  readonly mtu: number;
  readonly checksumOffload: boolean;
  readonly maxSegmentation: number;
  readonly #cut: boolean;
  readonly #capacity: number;
  readonly #pool: PacketPool;
  readonly #wire: PacketBuffer;
  /** What has been sent and not been received by the other end. */
  readonly #sent = new Queue();
  readonly #emit = (packet: PacketBuffer): void => this.#sent.add(this.#pool.copyOf(packet));
  #peer: MemoryLink = this;
  #isClosed = false;
  #isWoken = false;
  #waiter: Waiter | undefined;

  private constructor(options: MemoryLinkOptions) {
    this.mtu = options.mtu ?? 1500;
    this.checksumOffload = options.checksumOffload ?? false;
    this.maxSegmentation = options.maxSegmentation ?? 0;
    this.#cut = options.cut ?? true;
    this.#capacity = options.capacity ?? 256;
    const longest = this.#cut ? HEADROOM + this.mtu : LONGEST;
    this.#pool = new PacketPool(longest);
    this.#wire = this.#pool.take();
  }

  /**
   * Makes two links that are joined to each other.
   *
   * @throws {RangeError} When super-segments are to be taken without partial checksums.
   */
  static pair(options: MemoryLinkOptions = {}): [MemoryLink, MemoryLink] {
    if (options.maxSegmentation && !options.checksumOffload) {
      throw new RangeError(
        "Cannot take super-segments without checksumOffload: their pieces need checksums",
      );
    }
    const left = new MemoryLink(options);
    const right = new MemoryLink(options);
    left.#peer = right;
    right.#peer = left;
    return [left, right];
  }

  /** Whether this end was closed, or the other was and all that it sent has been received. */
  get isClosed(): boolean {
    return this.#isClosed || (this.#peer.#isClosed && this.#peer.#sent.count === 0);
  }

  receive(packet: PacketBuffer): boolean {
    if (this.#isClosed) return false;
    const { count } = this.#peer.#sent;
    const next = this.#peer.#sent.take();
    if (!next) return false;
    packet.copyFrom(next);
    this.#peer.#pool.giveBack(next);
    if (count === this.#capacity) this.#peer.#arouse();
    return true;
  }

  send(packet: PacketBuffer): SendResult {
    const isPlain = packet.segmentSize === 0;
    if (this.#isClosed || this.#peer.#isClosed) return SendResult.Refused;
    if (isPlain && packet.length > this.mtu) return SendResult.Refused;
    if (this.#sent.count >= this.#capacity) return SendResult.Full;
    if (this.#cut) {
      cutSegments(packet, this.#wire, this.#emit);
    } else {
      if (packet.checksumState === ChecksumState.Partial) {
        packet.checksumState = ChecksumState.Verified;
      }
      this.#emit(packet);
    }
    this.#peer.#arouse();
    return SendResult.Sent;
  }

  async wait(timeout: Millis, writable: boolean): Promise<void> {
    if (timeout > 0 && !this.#isDue(writable)) {
      this.#waiter = new Waiter(timeout, writable);
      await this.#waiter.done;
      this.#waiter = undefined;
    }
    this.#isWoken = false;
    await yieldToOthers();
  }

  wake(): void {
    this.#isWoken = true;
    this.#arouse();
  }

  close(): void {
    this.#isClosed = true;
    this.#arouse();
    this.#peer.#arouse();
  }

  /** Whether a wait has nothing to wait for. */
  #isDue(writable: boolean): boolean {
    return this.#isWoken || this.isClosed || this.#peer.#sent.count > 0 ||
      (writable && this.#sent.count < this.#capacity);
  }

  /** Ends the wait that is going on if its reason has come. */
  #arouse(): void {
    if (this.#waiter && this.#isDue(this.#waiter.writable)) this.#waiter.finish();
  }
}

/** Packets in order, the oldest first. */
class Queue {
  #packets: (PacketBuffer | undefined)[] = Array.from({ length: 64 }, () => undefined);
  #first = 0;
  count = 0;

  add(packet: PacketBuffer): void {
    if (this.count === this.#packets.length) this.#grow();
    this.#packets[(this.#first + this.count++) % this.#packets.length] = packet;
  }

  take(): PacketBuffer | undefined {
    const packet = this.#packets[this.#first];
    if (!packet) return undefined;
    this.#packets[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.#packets.length;
    this.count--;
    return packet;
  }

  #grow(): void {
    const inOrder = [...this.#packets.slice(this.#first), ...this.#packets.slice(0, this.#first)];
    this.#packets = [...inOrder, ...inOrder.map(() => undefined)];
    this.#first = 0;
  }
}

/** A wait that is going on; leaves no timer behind. */
class Waiter {
  readonly writable: boolean;
  readonly done: Promise<void>;
  #resolve: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(timeout: Millis, writable: boolean) {
    this.writable = writable;
    this.done = new Promise((resolve) => this.#resolve = resolve);
    if (timeout === Infinity) return;
    // Rounded up, since a timer cuts fractions off: it would end too early, again and again.
    this.#timer = setTimeout(this.#resolve, Math.min(Math.ceil(timeout), LONGEST_TIMER));
  }

  finish(): void {
    clearTimeout(this.#timer);
    this.#resolve();
  }
}

/**
 * Lets Deno's sockets have their turn, which needs a real asynchronous operation: the cheapest that
 * wants no permission. Echo round trips of a socket in 500 ms beside a loop that works for 0.1 ms
 * per turn, and the cost of a turn: MessageChannel 1 (7 us), setImmediate 42 (3 us), this 3900
 * (34 us), setTimeout 18000 (1000 us).
 */
async function yieldToOthers(): Promise<void> {
  await crypto.subtle.digest("SHA-1", NOTHING);
}
