/**
 * One datagram of which something is missing: what has come of it, in order.
 *
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { BytePool } from "../base/byte_pool.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { Timed } from "../base/timer_heap.ts";
import type { Endpoint, Flow } from "./flow.ts";
import type { FlowEntry } from "./flow_table.ts";
import type { IpHeader } from "./header.ts";
import { IPV6_HEADER_LENGTH } from "./ipv6_header.ts";

/** What is kept with each piece, and with each datagram, apart from its bytes; about. */
const PIECE_COST = 200;
const DATAGRAM_COST = 600;

/** What a fragment has brought. */
interface Piece {
  /** Where in the payload it belongs, and where it ends there. */
  readonly offset: number;
  readonly end: number;
  /** Where in its memory it begins: behind the headers, if it is the first. */
  readonly start: number;
  /** Of the pool. */
  readonly memory: Uint8Array<ArrayBuffer>;
}

/** One datagram; see the module's description. */
export class FragmentedDatagram implements FlowEntry<FragmentedDatagram>, Timed {
  readonly peer: Endpoint;
  readonly own: Endpoint;
  hash = 0;
  nextInBucket: FragmentedDatagram | undefined = undefined;
  deadline: Millis = NEVER;
  heapIndex = -1;
  /** Of IP. */
  version = 4;
  /** Of the payload, as the first fragment says. */
  protocol = 0;
  /** Of the first fragment, in bytes, without the extension headers of IPv6. */
  headerLength = 0;
  /** What it takes in memory, about. */
  bytes: number = DATAGRAM_COST;
  /** Whether fragments have overlapped, so that the datagram can no longer become whole. */
  isPoisoned = false;
  readonly #pool: BytePool;
  #pieces: Piece[] = [];
  #received = 0;
  /** The length of the payload, once the last fragment has come; until then -1. */
  #total = -1;

  /** Makes one of which everything is missing; `flow` has its key. */
  constructor({ client, target }: Flow, pool: BytePool) {
    this.peer = client;
    this.own = target;
    this.#pool = pool;
  }

  /** Whether nothing is missing. */
  get isWhole(): boolean {
    return this.#received === this.#total;
  }

  /** Takes a fragment; returns why not, or `Drop.None`. */
  add(header: IpHeader, packet: PacketBuffer): Drop {
    if (this.isPoisoned) return Drop.OverlappingFragment;
    const { start, length } = packet;
    const offset = header.fragmentOffset;
    const end = offset + length;
    const index = this.#indexOf(offset);
    const next = this.#pieces[index];
    if (next?.offset === offset && next.end === end && !this.#contradicts(header, end)) {
      return Drop.Duplicate;
    }
    const isOverlap = (this.#pieces[index - 1]?.end ?? 0) > offset ||
      (next !== undefined && next.offset < end);
    if (isOverlap || this.#contradicts(header, end)) return this.#poison();
    if (!header.moreFragments) this.#total = end;
    const from = offset === 0 ? header.at : start; // the first one may have to be quoted
    if (offset === 0) this.#takeFirst(header, start - from);
    const memory = this.#pool.take(packet.end - from);
    memory.set(packet.bytes.subarray(from, packet.end));
    this.#pieces.splice(index, 0, { offset, end, start: start - from, memory });
    this.#received += length;
    this.bytes += memory.length + PIECE_COST;
    return Drop.None;
  }

  /** Puts the header of the first fragment and the whole payload into `packet`. */
  copyTo(packet: PacketBuffer): void {
    const header = this.#pieces[0]?.memory.subarray(0, this.headerLength) ?? new Uint8Array(0);
    packet.bytes.set(header, packet.append(header.length));
    for (const piece of this.#pieces) {
      const bytes = contentsOf(piece);
      packet.bytes.set(bytes, packet.append(bytes.length));
    }
  }

  /** A copy of the first fragment with its headers, if it has come. */
  copyFirst(): Uint8Array | undefined {
    const [first] = this.#pieces;
    return first?.offset === 0 ? first.memory.slice(0, first.start + first.end) : undefined;
  }

  /** Gives back what has come. */
  release(): void {
    for (const { memory } of this.#pieces) this.#pool.give(memory);
    this.#pieces = [];
  }

  /** Whether a fragment that ends at `end` ends where another length was said to be. */
  #contradicts({ moreFragments }: IpHeader, end: number): boolean {
    if (moreFragments) return this.#total >= 0 && end >= this.#total;
    if (this.#total >= 0) return end !== this.#total;
    return (this.#pieces.at(-1)?.end ?? 0) > end;
  }

  /** Where a piece with this offset stands, or would: the first that does not begin before it. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pieces[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #takeFirst(header: IpHeader, headerLength: number): void {
    this.headerLength = header.version === 6 ? IPV6_HEADER_LENGTH : headerLength;
    this.version = header.version;
    this.protocol = header.protocol;
  }

  /** Forgets what has come, but not that this has happened: more of it may be on its way. */
  #poison(): Drop {
    this.isPoisoned = true;
    this.release();
    this.#received = 0;
    this.#total = -1;
    this.bytes = DATAGRAM_COST;
    return Drop.OverlappingFragment;
  }
}

function contentsOf({ start, offset, end, memory }: Piece): Uint8Array {
  return memory.subarray(start, start + end - offset);
}
