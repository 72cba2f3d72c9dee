/**
 * What carries IP packets: a TUN device, a pipe in a test, a decorator of
 * either.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { Poller } from "../ffi/poller.ts";
import type { LinkCapabilities } from "../stack/stack.ts";

/** What became of a packet that was handed to a link. */
export const SendResult = {
  /** The link has it. */
  Sent: 0,
  /** The link is full: the same packet may be offered again after {@linkcode Link.wait}. */
  Full: 1,
  /** The link will never take this packet. */
  Refused: 2,
} as const;
/** One of the values of {@linkcode SendResult}. */
export type SendResult = typeof SendResult[keyof typeof SendResult];

/** A link for IP packets. */
export interface Link extends LinkCapabilities {
  /** Reads one packet without waiting, into `packet`; returns whether there was one. */
  receive(packet: PacketBuffer): boolean;
  /** Offers one packet, without waiting. The packet may be changed. */
  send(packet: PacketBuffer): SendResult;
  /**
   * Resolves when a packet may be there, or with `writable` when one can be
   * sent again, after `timeout`, or upon {@linkcode Link.wake}.
   *
   * @param timeout In milliseconds; `Infinity` waits for ever, 0 only lets others run.
   */
  wait(timeout: Millis, writable: boolean): Promise<void>;
  /**
   * The same, but keeps the thread meanwhile. What has a {@linkcode Link.poller} has this.
   *
   * @returns Whether anything has happened.
   */
  look?(timeout: Millis, writable: boolean): boolean;
  /** What waits for the link, if it is a device: other descriptors may be added. */
  readonly poller?: Poller | undefined;
  /** Ends a {@linkcode Link.wait}, or the next one. */
  wake(): void;
  /** Whether the link is gone for good. */
  readonly isClosed: boolean;
  /** Gives the device back; a wait that is going on ends. */
  close(): void;
}
