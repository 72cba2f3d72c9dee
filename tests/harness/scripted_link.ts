/**
 * A link that does what a test says, and whose waits end when the test says so.
 *
 * @module
 */
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { type Link, SendResult } from "../../lib/link/link.ts";

/** What links of tests have in common; each records its own waits. */
export abstract class ScriptedLink implements Link {
  readonly mtu = 1500;
  readonly checksumOffload: boolean = false;
  readonly maxSegmentation: number = 0;
  /** Packets still to be received. */
  incoming: number[][] = [];
  isClosed = false;
  /** The waits so far. */
  abstract readonly waits: readonly unknown[];
  #onWait: () => void = () => {};
  #endWait: () => void = () => {};

  abstract wait(timeout: number, writable: boolean): Promise<void>;

  receive(packet: PacketBuffer): boolean {
    const next = this.incoming.shift();
    if (!next) return false;
    packet.clear();
    packet.bytes.set(next, packet.append(next.length));
    return true;
  }

  send(_packet: PacketBuffer): SendResult {
    return SendResult.Sent;
  }

  wake(): void {
    this.#endWait();
  }

  close(): void {
    this.isClosed = true;
  }

  /** Resolves when the `count`th wait has begun. */
  async untilWaits(count: number): Promise<void> {
    while (this.waits.length < count) {
      await new Promise<void>((resolve) => this.#onWait = resolve);
    }
  }

  /** Ends the wait that is going on. */
  endWait(): void {
    this.#endWait();
  }

  /** A wait, once it is recorded: until {@linkcode wake} or {@linkcode endWait}. */
  protected untilEnded(): Promise<void> {
    const waiting = new Promise<void>((resolve) => this.#endWait = resolve);
    this.#onWait();
    return waiting;
  }
}
