/**
 * What has been sent and is not acknowledged: a record for each segment, or
 * super-segment, in the order of the stream.
 *
 *     una                                                        next
 *      |--lost--|==sacked==|--lost--|-sent again-|==sacked==|--in flight--|
 *
 * Everything that loss detection wants to know comes from here: the pipe of RFC
 * 6675, the times of RFC 8985, the counts of `tcp_info`. Positions are bytes
 * since the connection began: unlike sequence numbers they never wrap, and any
 * two can be compared.
 *
 * The records lie one after the other in one array of numbers. Those that are
 * reported and touch become one, so that a report costs a search, however much
 * it repeats, and a move of what lies behind it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6675#section-4 | RFC 6675 §4}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8985#section-5 | RFC 8985 §5}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Delivery } from "./delivery.ts";
import {
  END,
  Mark,
  MARKS,
  SEGMENTS,
  SENT_AT,
  SentRecords,
  SERIAL,
  STRIDE,
} from "./sent_records.ts";

/** More records than this are not kept: then what is sent adds to the last, and reports are ignored. */
export const MAX_RECORDS = 16_384;
/** One for all: it speaks of one acknowledgment at a time, which is taken in without a pause. */
const delivery = new Delivery();

/** The records; see the module's description. They are named by their index, valid until a change. */
export class Scoreboard extends SentRecords {
  /** How often something was sent: of those sent at the same time it tells the order. */
  #serial = 0;
  /** What was sent again, in that order: start, end, its number. */
  #resent: number[] = [];
  /** What the acknowledgment that is being taken in has told so far. */
  get delivery(): Delivery {
    return delivery;
  }
  /** The position of SND.MAX. */
  next = 0;
  /** Bytes that the peer has reported. */
  sacked = 0;
  /** Bytes that are taken for lost, sent again or not. */
  lost = 0;
  /** Bytes that were sent again and are taken to be on their way. */
  again = 0;
  /** Bytes that are lost and have not been sent again. */
  unrepaired = 0;
  /** The highest position that was ever reported. */
  highestSacked = 0;

  /** Bytes that are taken to be in the network (RFC 6675 §4, SetPipe). */
  get pipe(): number {
    return this.next - this.una - this.sacked - this.lost + this.again;
  }

  /** Something new was sent, up to `end`. */
  sent(end: number, now: Millis): void {
    const last = this.tail - 1;
    const isFull = this.count >= MAX_RECORDS && this.marksOf(last) === 0;
    if (isFull) {
      this.set(last, END, end);
      this.set(last, SEGMENTS, this.segmentsFor(end - this.startOf(last)));
    } else {
      this.reserve(1);
      const at = this.tail++ * STRIDE;
      this.fields[at + END] = end;
      this.fields[at + SENT_AT] = now;
      this.fields[at + SERIAL] = this.#serial++;
      this.fields[at + SEGMENTS] = this.segmentsFor(end - this.next);
      this.fields[at + MARKS] = 0;
    }
    this.next = end;
  }

  /** `[start, end)` was sent again. */
  sentAgain(start: number, end: number, now: Millis): void {
    this.reserve(2);
    const first = this.split(start);
    const last = this.split(end);
    for (let index = first; index < last; index++) {
      const marks = this.marksOf(index);
      if (marks & Mark.Sacked) continue; // a FIN that goes along with what is before it
      const length = this.lengthOf(index);
      if (!(marks & Mark.Again)) this.again += length;
      if (marks & Mark.Lost && !(marks & Mark.Again)) this.unrepaired -= length;
      this.set(index, SENT_AT, now);
      this.set(index, SERIAL, this.#serial);
      this.set(index, MARKS, marks | Mark.Again | Mark.Repeated);
    }
    const resent = this.#resent;
    while (resent.length > 0 && resent[1]! <= this.una) resent.splice(0, 3);
    resent.push(start, end, this.#serial++);
  }

  /** Everything before `position` has been acknowledged. */
  acknowledge(position: number): void {
    while (this.head < this.tail && this.una < position) {
      const index = this.head;
      const end = Math.min(this.endOf(index), position);
      const length = end - this.una;
      this.#noteDelivered(index, length, true);
      this.#forget(index, length);
      this.una = end;
      if (end < this.endOf(index)) {
        const left = this.segmentsFor(this.endOf(index) - end);
        if (this.marksOf(index) & Mark.Sacked) this.sackedSegments += left;
        this.set(index, SEGMENTS, left);
      } else this.head++;
    }
    if (this.head === this.tail) return this.clear();
    this.firstUnjudged = Math.max(this.firstUnjudged, this.head);
    this.firstMaybeUnrepaired = Math.max(this.firstMaybeUnrepaired, this.head);
  }

  /** The peer reports `[start, end)`, which lies between `una` and `next`. */
  report(start: number, end: number): void {
    if (this.count >= MAX_RECORDS) return;
    this.reserve(2);
    let first = this.find(start);
    if (this.marksOf(first) & Mark.Sacked && end <= this.endOf(first)) return; // nearly always
    first = this.split(start);
    let last = this.split(end);
    for (let index = first; index < last; index++) {
      const marks = this.marksOf(index);
      if (marks & Mark.Sacked) continue;
      const length = this.lengthOf(index);
      this.#noteDelivered(index, length, false);
      this.#forget(index, length);
      this.set(index, MARKS, Mark.Sacked | (marks & Mark.Repeated));
      this.sacked += length;
      this.sackedSegments += this.segmentsIn(index);
    }
    this.highestSacked = Math.max(this.highestSacked, end);
    if (first > this.head && this.marksOf(first - 1) & Mark.Sacked) first--;
    if (last < this.tail && this.marksOf(last) & Mark.Sacked) last++;
    this.join(first, last);
  }

  /**
   * Takes for lost what was sent before number `latest`, or as the part of it
   * before `latestEnd`, and is `age` old, or older (RFC 8985 §6.2, step 5).
   *
   * @returns When there may be more of that kind; NEVER if not.
   */
  loseOverdue(latest: number, latestEnd: number, age: Millis, now: Millis): Millis {
    let next = NEVER;
    for (; this.firstUnjudged < this.tail; this.firstUnjudged++) {
      const index = this.firstUnjudged;
      if (this.marksOf(index) & (Mark.Sacked | Mark.Lost | Mark.Again)) continue;
      const serial = this.serialOf(index);
      if (serial > latest || (serial === latest && this.endOf(index) > latestEnd)) break;
      if (!isOverdue(this.sentAt(index), age, now)) {
        next = this.sentAt(index) + age;
        break;
      }
      this.lose(index);
    }
    const resent = this.#resent;
    while (resent.length > 0) {
      const [start, end, serial] = [resent[0]!, resent[1]!, resent[2]!];
      if (serial > latest) break;
      const from = Math.max(start, this.una);
      for (let index = this.find(from); this.#isBefore(index, end); index++) {
        if (!(this.marksOf(index) & Mark.Again) || this.serialOf(index) !== serial) continue;
        if (serial === latest && this.endOf(index) > latestEnd) return next;
        const sentAt = this.sentAt(index);
        if (!isOverdue(sentAt, age, now)) return Math.min(next, sentAt + age);
        this.lose(index);
      }
      resent.splice(0, 3);
    }
    return next;
  }

  /** Takes `index`, and the copy of it that was sent last, for lost. */
  lose(index: number): void {
    const marks = this.marksOf(index);
    if (marks & Mark.Sacked) return;
    const length = this.lengthOf(index);
    if (marks & Mark.Again) this.again -= length;
    if (!(marks & Mark.Lost)) this.lost += length;
    if (marks & Mark.Again || !(marks & Mark.Lost)) this.unrepaired += length;
    this.set(index, MARKS, (marks | Mark.Lost) & ~Mark.Again);
    this.firstMaybeUnrepaired = Math.min(this.firstMaybeUnrepaired, index);
  }

  /** Takes the first `length` bytes for lost. */
  loseFirst(length: number): void {
    this.reserve(1);
    if (this.count > 0 && this.split(Math.min(this.una + length, this.next)) > this.head) {
      this.lose(this.head);
    }
  }

  /** Takes everything for lost, but what was sent only once and after `youngest`. */
  loseAll(youngest: Millis): void {
    for (let index = this.head; index < this.tail; index++) {
      const isYoung = this.marksOf(index) === 0 && this.sentAt(index) > youngest;
      if (!isYoung || index === this.head) this.lose(index);
    }
    this.#resent = [];
  }

  /** Takes for lost what is larger than a wire segment may be, as far as it has wire segments so large. */
  loseLarger(size: number): void {
    for (let index = this.head; index < this.tail; index++) {
      if (this.lengthOf(index) > size * this.segmentsIn(index)) this.lose(index);
    }
  }

  /** Nothing is lost after all. */
  loseNothing(): void {
    for (let index = this.head; index < this.tail; index++) {
      this.set(index, MARKS, this.marksOf(index) & ~Mark.Lost);
    }
    this.lost = 0;
    this.unrepaired = 0;
    this.firstUnjudged = this.head;
  }

  /** Whether the peer has reported what follows SND.UNA, and yet does not acknowledge it. */
  get isReneging(): boolean {
    return this.count > 0 && (this.marksOf(this.head) & Mark.Sacked) !== 0;
  }

  /** Forgets all reports: the peer has thrown away what it had (RFC 2018 §8). */
  forgetReports(): void {
    for (let index = this.head; index < this.tail; index++) {
      this.set(index, MARKS, this.marksOf(index) & ~Mark.Sacked);
    }
    this.sacked = 0;
    this.sackedSegments = 0;
    this.highestSacked = this.una;
    this.firstUnjudged = this.head;
  }

  /** The first that is lost and has not been sent again; -1 for none. */
  get firstUnrepaired(): number {
    if (this.unrepaired === 0) return -1;
    while ((this.marksOf(this.firstMaybeUnrepaired) & (Mark.Lost | Mark.Again)) !== Mark.Lost) {
      this.firstMaybeUnrepaired++;
    }
    return this.firstMaybeUnrepaired;
  }

  /** Up to where everything from `index` on is lost and has not been sent again. */
  endOfUnrepaired(index: number, most: number): number {
    let end = this.startOf(index);
    for (; index < this.tail && end < most; index++) {
      if ((this.marksOf(index) & (Mark.Lost | Mark.Again)) !== Mark.Lost) break;
      end = this.endOf(index);
    }
    return Math.min(end, most);
  }

  /** Where the last begins that the peer has not reported, or `una`; and where it ends. */
  get lastUnreported(): number {
    let index = this.tail - 1;
    while (index >= this.head && this.marksOf(index) & Mark.Sacked) index--;
    return index;
  }

  /** Wire segments whose marks, out of `mask`, are `marks`. */
  countSegments(mask: number, marks: number): number {
    let count = 0;
    for (let index = this.head; index < this.tail; index++) {
      if ((this.marksOf(index) & mask) === marks) count += this.segmentsIn(index);
    }
    return count;
  }

  /** Forgets everything, memory included. */
  release(): void {
    this.clear();
    this.#resent = [];
    this.una = this.next;
    this.sacked =
      this.lost =
      this.again =
      this.unrepaired =
      this.sackedSegments =
        0;
  }

  #noteDelivered(index: number, length: number, isAcknowledged: boolean): void {
    const marks = this.marksOf(index);
    const { delivery } = this;
    const isRepeated = (marks & Mark.Repeated) !== 0;
    if (isAcknowledged && isRepeated) delivery.acksRepeated = true;
    if (marks & Mark.Sacked) return; // it has been noted
    delivery.note(
      this.startOf(index),
      this.startOf(index) + length,
      this.serialOf(index),
      this.sentAt(index),
      isRepeated,
      isAcknowledged,
    );
    delivery.bytes += length;
  }

  /** Takes the first `length` bytes of `index` out of the sums. */
  #forget(index: number, length: number): void {
    const marks = this.marksOf(index);
    if (marks & Mark.Sacked) {
      this.sacked -= length;
      this.sackedSegments -= this.segmentsIn(index);
    }
    if (marks & Mark.Lost) this.lost -= length;
    if (marks & Mark.Again) this.again -= length;
    if ((marks & (Mark.Lost | Mark.Again)) === Mark.Lost) this.unrepaired -= length;
  }

  #isBefore(index: number, end: number): boolean {
    return index < this.tail && this.startOf(index) < end;
  }
}

/** Fractions do not add up: what is due at a time must be due then, and what is as old as `age`, too. */
function isOverdue(sentAt: Millis, age: Millis, now: Millis): boolean {
  return sentAt + age <= now || age <= now - sentAt;
}
