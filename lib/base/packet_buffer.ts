/**
 * One packet in preallocated memory, with two cursors.
 *
 *     0          start               end        capacity
 *     +----------+-------------------+----------+
 *     | headroom | current contents  | tailroom |
 *     +----------+-------------------+----------+
 *         prepend <-|-> consume      |-> append
 *
 * Outgoing packets are built back to front: payload first, then each layer
 * prepends its header. Incoming packets are read front to back: each layer
 * consumes its header. Both cursors hold absolute offsets into `bytes`.
 *
 * For a link that gathers, a long payload stays where it is: the packet goes on
 * behind `end` in a tail, which is lent, and must be sent or made whole before
 * its owner does anything else.
 *
 * Beside its bytes a packet carries what offloads need: how far its transport
 * checksum is to be trusted, and, for a super-segment, the size into which it
 * will be (or was) cut.
 *
 * @module
 */

const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Room that the stack leaves for headers in front of a payload, in bytes. */
export const HEADROOM = 128;

/** The state of the transport checksum of a packet. */
export const ChecksumState = {
  /** In: to be verified. Out: complete. */
  Plain: 0,
  /** In: somebody vouches for it; it was never on a wire. */
  Verified: 1,
  /**
   * The field holds the folded sum of the pseudo-header only, not inverted; the
   * rest from `checksumStart` on is still to be added by the link.
   */
  Partial: 2,
} as const;
/** One of the values of {@linkcode ChecksumState}. */
export type ChecksumState = typeof ChecksumState[keyof typeof ChecksumState];

/** One packet in preallocated memory; see the module's description. */
export class PacketBuffer {
  /** All the memory, headroom included. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory as `bytes`; made once, since making one per packet is what costs. */
  readonly view: DataView<ArrayBuffer>;
  /** Where the contents begin. */
  start = 0;
  /** Where the contents end, a tail apart. */
  end = 0;
  /** The memory in which the packet goes on behind `end`; its end is followed by its beginning. */
  tail: Uint8Array<ArrayBuffer> = NOTHING;
  /** Where in it the packet goes on. */
  tailStart = 0;
  /** For how many bytes; 0 for a packet that is whole. */
  tailLength = 0;
  /** Whether the transport checksum is to be verified, completed, or neither. */
  checksumState: ChecksumState = ChecksumState.Plain;
  /** With `Partial`: where the transport header begins. */
  checksumStart = 0;
  /** With `Partial`: from there, where the checksum field is. */
  checksumOffset = 0;
  /** Payload bytes per wire packet of a super-segment; 0 for a plain packet. */
  segmentSize = 0;

  /** Allocates `capacity` bytes, headroom included. */
  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes in the packet, a tail included. */
  get length(): number {
    return this.end - this.start + this.tailLength;
  }

  /** Empties the packet and leaves `headroom` bytes for headers. */
  clear(headroom: number = HEADROOM): void {
    this.start = this.end = headroom;
    this.#dropTail();
    this.checksumState = ChecksumState.Plain;
    this.segmentSize = 0;
  }

  /** Grows the packet at its end by `count` bytes; returns where they begin. */
  append(count: number): number {
    const at = this.end;
    this.end += count;
    return at;
  }

  /** Grows the packet at its front by `count` bytes; returns where they begin. */
  prepend(count: number): number {
    return this.start -= count;
  }

  /** Drops `count` bytes from the front; returns where they began. */
  consume(count: number): number {
    const at = this.start;
    this.start += count;
    return at;
  }

  /**
   * Lets a whole packet go on in `memory`, `count` bytes from `start` on, round its end.
   * They are not copied: see {@linkcode makeWhole}.
   */
  attach(memory: Uint8Array<ArrayBuffer>, start: number, count: number): void {
    this.tail = memory;
    this.tailStart = start;
    this.tailLength = count;
  }

  /** Copies the tail behind `end`, so that it does not matter what becomes of that memory. */
  makeWhole(): void {
    const { bytes, tail, tailStart, tailLength } = this;
    if (tailLength === 0) return;
    const first = Math.min(tailLength, tail.length - tailStart);
    bytes.set(tail.subarray(tailStart, tailStart + first), this.append(first));
    const rest = tailLength - first;
    if (rest > 0) bytes.set(tail.subarray(0, rest), this.append(rest));
    this.#dropTail();
  }

  #dropTail(): void {
    this.tail = NOTHING; // which may be large, and given back by now
    this.tailLength = 0;
  }

  /** Becomes a copy of `other`, whole, cursors and offload fields included. */
  copyFrom(other: PacketBuffer): void {
    this.bytes.set(other.bytes.subarray(other.start, other.end), other.start);
    this.start = other.start;
    this.end = other.end;
    this.attach(other.tail, other.tailStart, other.tailLength);
    this.makeWhole();
    this.checksumState = other.checksumState;
    this.checksumStart = other.checksumStart;
    this.checksumOffset = other.checksumOffset;
    this.segmentSize = other.segmentSize;
  }
}
