/**
 * Datagrams that wait, each with its two endpoints, in one ring of bytes.
 *
 *     | length, ports, hop limit | peer | own | payload | length, ports ...
 *        8 bytes                   16     16    length
 *
 * The header of a record counts against the bound as well, so that datagrams
 * of no bytes are bounded, too. A datagram is in the queue whole or not at all.
 *
 * @module
 */
import type { MemoryBudget } from "../base/memory_budget.ts";
import { RingBuffer } from "../base/ring_buffer.ts";
import {
  AddressField,
  type IpAddress,
  readAddress,
  sameAddress,
  writeAddress,
} from "../ip/address.ts";

const PEER_PORT = 2;
const OWN_PORT = 4;
const HOP_LIMIT = 6;
const PEER = 8;
const OWN = 24;
const RECORD_HEADER = 40;

/** The header of the record at hand. */
const record = new Uint8Array(RECORD_HEADER);
const view = new DataView(record.buffer);

/** What is said of a datagram in a {@linkcode DatagramQueue}. One object, reused. */
export class QueuedDatagram {
  /** Whom the stack talks to. */
  readonly peer: AddressField = new AddressField();
  /** The stack's own address, or one that it speaks for. */
  readonly own: AddressField = new AddressField();
  peerPort = 0;
  ownPort = 0;
  /** The TTL or hop limit with which it came; 0 for one that is to be sent. */
  hopLimit = 0;
  /** Bytes of payload. */
  length = 0;

  /** Becomes what is said of a datagram between these ends. */
  assign(peer: IpAddress, peerPort: number, own: IpAddress, ownPort: number): void {
    this.peer.assign(peer);
    this.peerPort = peerPort;
    this.own.assign(own);
    this.ownPort = ownPort;
  }

  /** Whether `other` is between the same ends. */
  goesWith(other: QueuedDatagram): boolean {
    return this.peerPort === other.peerPort && this.ownPort === other.ownPort &&
      sameAddress(this.peer, other.peer) && sameAddress(this.own, other.own);
  }
}

/** Datagrams that wait; see the module's description. */
export class DatagramQueue {
  readonly #ring: RingBuffer;

  /** Makes an empty queue of up to `capacity` bytes, which count against `memory`. */
  constructor(capacity: number, memory: MemoryBudget) {
    this.#ring = new RingBuffer(capacity, memory);
  }

  /** Whether there is no datagram in it. */
  get isEmpty(): boolean {
    return this.#ring.length === 0;
  }

  /** Bytes in it, forty for each datagram included. */
  get size(): number {
    return this.#ring.length;
  }

  /** Whether a datagram of `length` bytes would be taken. */
  hasRoomFor(length: number): boolean {
    const size = RECORD_HEADER + length;
    return this.#ring.room >= size && this.#ring.affordable(size) === size;
  }

  /** Copies `bytes[start, end)` in; returns whether there was room. */
  put(about: QueuedDatagram, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (!this.hasRoomFor(length)) return false;
    view.setUint16(0, length);
    view.setUint16(PEER_PORT, about.peerPort);
    view.setUint16(OWN_PORT, about.ownPort);
    view.setUint8(HOP_LIMIT, about.hopLimit);
    writeAddress(view, PEER, about.peer);
    writeAddress(view, OWN, about.own);
    this.#ring.writeAhead(0, record, 0, RECORD_HEADER);
    this.#ring.writeAhead(RECORD_HEADER, bytes, start, end);
    this.#ring.commit(RECORD_HEADER + length);
    return true;
  }

  /** Describes the oldest datagram, and keeps it; returns whether there is one. */
  peek(about: QueuedDatagram): boolean {
    if (this.isEmpty) return false;
    this.#ring.peek(0, RECORD_HEADER, record, 0);
    about.length = view.getUint16(0);
    about.peerPort = view.getUint16(PEER_PORT);
    about.ownPort = view.getUint16(OWN_PORT);
    about.hopLimit = view.getUint8(HOP_LIMIT);
    readAddress(about.peer, view, PEER);
    readAddress(about.own, view, OWN);
    return true;
  }

  /** Copies the payload that {@linkcode DatagramQueue.peek} has described, and removes it. */
  take(about: QueuedDatagram, target: Uint8Array, at: number): void {
    const count = Math.min(about.length, target.length - at);
    this.#ring.peek(RECORD_HEADER, count, target, at);
    this.#ring.drop(RECORD_HEADER + about.length);
    this.#ring.trim(); // of thousands of flows few have more than one datagram at a time
  }

  /** Empties the queue and gives its memory back. */
  release(): void {
    this.#ring.release();
  }
}
