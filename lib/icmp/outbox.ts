/**
 * Messages of ICMP that are owed, oldest first, bounded in number and bytes.
 *
 * @module
 */
import type { IpAddress } from "../ip/address.ts";

/** A message that is owed. */
export interface OwedMessage {
  /** Who sends it: the stack, or whom it stands for. */
  readonly source: IpAddress;
  /** Who gets it. */
  readonly destination: IpAddress;
  readonly type: number;
  readonly code: number;
  /** The second word of the header. */
  readonly rest: number;
  readonly body: Uint8Array;
}

/** A queue of messages. */
export class Outbox {
  readonly #messages: OwedMessage[] = [];
  readonly #mostMessages: number;
  readonly #mostBytes: number;
  #bytes = 0;

  /** Makes an empty queue that holds at most so many messages, and so many bytes in them. */
  constructor(mostMessages: number, mostBytes: number) {
    this.#mostMessages = mostMessages;
    this.#mostBytes = mostBytes;
  }

  /** Whether nothing is owed. */
  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Takes one more; returns whether there was room. */
  put(message: OwedMessage): boolean {
    const bytes = this.#bytes + message.body.length;
    if (this.#messages.length >= this.#mostMessages || bytes > this.#mostBytes) return false;
    this.#messages.push(message);
    this.#bytes = bytes;
    return true;
  }

  /** Removes the oldest. */
  take(): OwedMessage | undefined {
    const message = this.#messages.shift();
    if (message) this.#bytes -= message.body.length;
    return message;
  }
}
