/**
 * Packet buffers that are used again and again, for links that hold packets.
 *
 * The buffer given back last is handed out first: it is the one that is still
 * in the processor's cache.
 *
 * @module
 */
import { PacketBuffer } from "../base/packet_buffer.ts";

/** Packet buffers of one capacity; see the module's description. */
export class PacketPool {
  readonly #capacity: number;
  readonly #free: PacketBuffer[] = [];

  /** Makes an empty pool of buffers for `capacity` bytes, headroom included. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Hands out a buffer; its contents are whatever they were. */
  take(): PacketBuffer {
    return this.#free.pop() ?? new PacketBuffer(this.#capacity);
  }

  /** Hands out a copy of `packet`. */
  copyOf(packet: PacketBuffer): PacketBuffer {
    const copy = this.take();
    copy.copyFrom(packet);
    return copy;
  }

  /** Takes a buffer back, which nobody uses any more. */
  giveBack(packet: PacketBuffer): void {
    this.#free.push(packet);
  }
}
