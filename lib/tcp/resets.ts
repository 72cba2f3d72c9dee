/**
 * Resets for segments that belong to no connection.
 *
 * They are owed like everything else, and leave when the link asks. Their
 * number is bounded: when more are owed the segment goes unanswered, and its
 * sender will try again.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.1 | RFC 9293 §3.10.7.1}
 * @module
 */
import { Drop } from "../base/drop.ts";
import { AddressField } from "../ip/address.ts";
import { type IpHeader, IpProtocol } from "../ip/header.ts";
import { ACK, RST, type Segment } from "./header.ts";
import { type Seq, toSeq } from "./seq.ts";

const MOST_OWED = 1024;

class OwedReset {
  version = 4;
  readonly own = new AddressField();
  readonly peer = new AddressField();
  ownPort = 0;
  peerPort = 0;
  seq: Seq = toSeq(0);
  ack: Seq = toSeq(0);
  flags = 0;
}

/** Resets that are owed to nobody we know. */
export class Resets {
  readonly #owed: OwedReset[] = [];
  #first = 0;
  #count = 0;

  /** Owes the answer to `segment`; returns `Drop.TooManyReplies` when it will not be given. */
  owe(header: IpHeader, segment: Segment): Drop {
    if (segment.flags & RST) return Drop.None; // never a reset for a reset
    if (this.#count === MOST_OWED) return Drop.TooManyReplies;
    const reset = this.#slot((this.#first + this.#count++) % MOST_OWED);
    reset.version = header.version;
    reset.own.assign(header.destination);
    reset.peer.assign(header.source);
    reset.ownPort = segment.destinationPort;
    reset.peerPort = segment.sourcePort;
    if (segment.flags & ACK) {
      reset.seq = segment.ack;
      reset.flags = RST;
    } else {
      reset.seq = toSeq(0);
      reset.ack = segment.end;
      reset.flags = RST | ACK;
    }
    return Drop.None;
  }

  /** Describes the next reset; returns whether there is one. */
  take(header: IpHeader, segment: Segment): boolean {
    if (this.#count === 0) return false;
    const reset = this.#slot(this.#first);
    this.#first = (this.#first + 1) % MOST_OWED;
    this.#count--;
    header.version = reset.version;
    header.protocol = IpProtocol.Tcp;
    header.source.assign(reset.own);
    header.destination.assign(reset.peer);
    segment.options.clear();
    segment.payloadLength = 0;
    segment.window = 0;
    segment.sourcePort = reset.ownPort;
    segment.destinationPort = reset.peerPort;
    segment.seq = reset.seq;
    segment.ack = reset.ack;
    segment.flags = reset.flags;
    return true;
  }

  #slot(index: number): OwedReset {
    return this.#owed[index] ??= new OwedReset();
  }
}
