/**
 * One datagram of which something is missing: what has come of it, in order.
 *
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
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
  readonly offset: number;
  readonly end: number;
  readonly bytes: Uint8Array;
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
  /** The first fragment with its headers, once it has come. */
  first: Uint8Array | undefined = undefined;
  /** What it takes in memory, about. */
  bytes: number = DATAGRAM_COST;
  /** Whether fragments have overlapped, so that the datagram can no longer become whole. */
  isPoisoned = false;
  #pieces: Piece[] = [];
  #received = 0;
  /** The length of the payload, once the last fragment has come; until then -1. */
  #total = -1;

  /** Makes one of which everything is missing; `flow` has its key. */
  constructor({ client, target }: Flow) {
    this.peer = client;
    this.own = target;
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
    const copy = packet.bytes.slice(from, packet.end);
    if (offset === 0) this.#takeFirst(header, copy, start - from);
    this.#pieces.splice(index, 0, { offset, end, bytes: copy.subarray(start - from) });
    this.#received += length;
    this.bytes += copy.length + PIECE_COST;
    return Drop.None;
  }

  /** Puts the header of the first fragment and the whole payload into `packet`. */
  copyTo(packet: PacketBuffer): void {
    const header = this.first?.subarray(0, this.headerLength) ?? new Uint8Array(0);
    packet.bytes.set(header, packet.append(header.length));
    for (const { bytes } of this.#pieces) packet.bytes.set(bytes, packet.append(bytes.length));
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

  #takeFirst(header: IpHeader, copy: Uint8Array, headerLength: number): void {
    this.first = copy;
    this.headerLength = header.version === 6 ? IPV6_HEADER_LENGTH : headerLength;
    this.version = header.version;
    this.protocol = header.protocol;
  }

  /** Forgets what has come, but not that this has happened: more of it may be on its way. */
  #poison(): Drop {
    this.isPoisoned = true;
    this.#pieces = [];
    this.#received = 0;
    this.#total = -1;
    this.first = undefined;
    this.bytes = DATAGRAM_COST;
    return Drop.OverlappingFragment;
  }
}
