/**
 * What one acknowledgment tells of what was sent.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** Filled in by the {@link ./scoreboard.ts | scoreboard}, for one acknowledgment at a time. */
export class Delivery {
  /** Bytes that are now known to have arrived: acknowledged, or reported for the first time. */
  bytes = 0;
  /** When the first of what is acknowledged and was sent only once was sent; NaN for none. */
  ackedSentAt: Millis = NaN;
  /** The same of what is reported for the first time. */
  sackedSentAt: Millis = NaN;
  /** Whether something is acknowledged that was sent more than once. */
  acksRepeated = false;
  /** Of what has arrived, which was sent last: its number among all that was sent, or -1. */
  latest = -1;
  /** Where that ends: of a super-segment the rest may be on its way (RFC 8985 §6.2: RACK.end_seq). */
  latestEnd = 0;
  /** When what was noted last was sent, of which RACK.rtt is (§6.2, step 2). */
  notedSentAt: Millis = NaN;
  /** Where what was sent only once begins, at the lowest. */
  firstOriginal = Infinity;
  /** Where the first of what was sent only once ends. */
  firstOriginalEnd = Infinity;
  #newestCredible: Millis = Infinity;

  /**
   * Begins with an acknowledgment.
   *
   * @param newestCredible What was sent again after this cannot have been answered yet: the
   * acknowledgment is of the first copy.
   */
  begin(newestCredible: Millis): void {
    this.bytes = 0;
    this.ackedSentAt = NaN;
    this.sackedSentAt = NaN;
    this.acksRepeated = false;
    this.latest = -1;
    this.latestEnd = 0;
    this.notedSentAt = NaN;
    this.firstOriginal = Infinity;
    this.firstOriginalEnd = Infinity;
    this.#newestCredible = newestCredible;
  }

  /** `[start, end)` has arrived, which was last sent at `sentAt`, as number `serial`. */
  note(
    start: number,
    end: number,
    serial: number,
    sentAt: Millis,
    isRepeated: boolean,
    isAcknowledged: boolean,
  ): void {
    if (!isRepeated) {
      if (isAcknowledged) {
        if (Number.isNaN(this.ackedSentAt)) this.ackedSentAt = sentAt;
      } else if (Number.isNaN(this.sackedSentAt)) this.sackedSentAt = sentAt;
      this.firstOriginal = Math.min(this.firstOriginal, start);
      this.firstOriginalEnd = Math.min(this.firstOriginalEnd, end);
    } else if (sentAt > this.#newestCredible) return;
    this.notedSentAt = sentAt;
    if (serial < this.latest) return;
    this.latestEnd = serial > this.latest ? end : Math.max(this.latestEnd, end);
    this.latest = serial;
  }
}
