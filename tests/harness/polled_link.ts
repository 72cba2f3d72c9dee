/**
 * A link in memory that is waited for as a TUN device is: by a poller, to which sockets may be
 * added.
 *
 * @module
 */
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { Poller } from "../../lib/ffi/poller.ts";
import type { Link, SendResult } from "../../lib/link/link.ts";
import { LinkDecorator } from "../../lib/link/link_decorator.ts";
import { MemoryLink } from "../../lib/link/memory_link.ts";

/** A link with a poller; see the module's description. */
export class PolledLink extends LinkDecorator {
  readonly #poller = new Poller();

  /** Makes a pair of joined links, of which the second is polled. */
  static pair(): [Link, PolledLink] {
    const [left, right] = MemoryLink.pair({ mtu: 1500 });
    const polled = new PolledLink(right);
    return [new Waking(left, polled.poller), polled];
  }

  override get poller(): Poller {
    return this.#poller;
  }

  override wait(timeout: number): Promise<void> {
    return this.#poller.wait(timeout);
  }

  override look(timeout: number): boolean {
    return this.#poller.look(timeout);
  }

  override wake(): void {
    this.#poller.wake();
  }

  override close(): void {
    super.close();
    this.#poller.close();
  }
}

/** The other end: whatever happens there wakes the poller, which is remembered until it looks. */
class Waking extends LinkDecorator {
  readonly #poller: Poller;

  constructor(inner: Link, poller: Poller) {
    super(inner);
    this.#poller = poller;
  }

  override receive(packet: PacketBuffer): boolean {
    const isOne = super.receive(packet);
    if (isOne) this.#poller.wake(); // there may be room again
    return isOne;
  }

  override send(packet: PacketBuffer): SendResult {
    const result = super.send(packet);
    this.#poller.wake();
    return result;
  }
}
