/**
 * What links that wrap a link have in common.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { Poller } from "../ffi/poller.ts";
import type { Link, SendResult } from "./link.ts";

/**
 * A link that does whatever the link in it does; a subclass says what it does otherwise. Unless
 * it says so, it does not gather: many a subclass looks at the bytes.
 */
export abstract class LinkDecorator implements Link {
  /** The link in it, which belongs to it. */
  protected readonly inner: Link;

  /** Wraps `inner`. */
  constructor(inner: Link) {
    this.inner = inner;
  }

  get mtu(): number {
    return this.inner.mtu;
  }

  get checksumOffload(): boolean {
    return this.inner.checksumOffload;
  }

  get maxSegmentation(): number {
    return this.inner.maxSegmentation;
  }

  get maxDatagramSegmentation(): number {
    return this.inner.maxDatagramSegmentation ?? 0;
  }

  get poller(): Poller | undefined {
    return this.inner.poller;
  }

  get isClosed(): boolean {
    return this.inner.isClosed;
  }

  receive(packet: PacketBuffer): boolean {
    return this.inner.receive(packet);
  }

  send(packet: PacketBuffer): SendResult {
    return this.inner.send(packet);
  }

  wait(timeout: Millis, writable: boolean): Promise<void> {
    return this.inner.wait(timeout, writable);
  }

  look(timeout: Millis, writable: boolean): boolean {
    return this.inner.look?.(timeout, writable) ?? false;
  }

  wake(): void {
    this.inner.wake();
  }

  close(): void {
    this.inner.close();
  }
}
