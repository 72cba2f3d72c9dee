/**
 * Answers that belong to no connection: resets for segments that nobody waits
 * for, and SYN-ACKs with cookies.
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
import { ACK, RST, Segment } from "./header.ts";
import { toSeq } from "./seq.ts";

const MOST_OWED = 1024;

class OwedReply {
  version = 4;
  readonly own = new AddressField();
  readonly peer = new AddressField();
  readonly segment = new Segment();
}

/** Answers that are owed to nobody we know; see the module's description. */
export class Replies {
  readonly #owed: OwedReply[] = [];
  readonly #reset = new Segment();
  #first = 0;
  #count = 0;

  /** Owes a reset for `segment`; returns `Drop.TooManyReplies` when it will not be given. */
  oweReset(header: IpHeader, segment: Segment): Drop {
    if (segment.flags & RST) return Drop.None; // never a reset for a reset
    const reset = this.#reset;
    if (segment.flags & ACK) {
      reset.seq = segment.ack;
      reset.flags = RST;
    } else {
      reset.seq = toSeq(0);
      reset.ack = segment.end;
      reset.flags = RST | ACK;
    }
    return this.owe(header, segment, reset);
  }

  /**
   * Owes `reply`, which has no payload, for `segment`, and copies it; returns
   * `Drop.TooManyReplies` when it will not be given.
   */
  owe(header: IpHeader, segment: Segment, reply: Segment): Drop {
    if (this.#count === MOST_OWED) return Drop.TooManyReplies;
    const owed = this.#slot((this.#first + this.#count++) % MOST_OWED);
    owed.version = header.version;
    owed.own.assign(header.destination);
    owed.peer.assign(header.source);
    owed.segment.copyFrom(reply);
    owed.segment.sourcePort = segment.destinationPort;
    owed.segment.destinationPort = segment.sourcePort;
    return Drop.None;
  }

  /** Describes the next reply; returns whether there is one. */
  take(header: IpHeader, segment: Segment): boolean {
    if (this.#count === 0) return false;
    const owed = this.#slot(this.#first);
    this.#first = (this.#first + 1) % MOST_OWED;
    this.#count--;
    header.version = owed.version;
    header.protocol = IpProtocol.Tcp;
    header.source.assign(owed.own);
    header.destination.assign(owed.peer);
    segment.copyFrom(owed.segment);
    return true;
  }

  #slot(index: number): OwedReply {
    return this.#owed[index] ??= new OwedReply();
  }
}
