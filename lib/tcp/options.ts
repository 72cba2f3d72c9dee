/**
 * TCP options: maximum segment size, window scale, SACK and timestamps.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.2 | RFC 9293 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7323 | RFC 7323}
 * @see {@link https://www.rfc-editor.org/rfc/rfc2018 | RFC 2018}
 * @module
 */
import { type Seq, seqBits, toSeq } from "./seq.ts";

const END = 0;
const NOP = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;

/** Bytes that the timestamps option takes with its padding. */
export const TIMESTAMPS_LENGTH = 12;
/** The most blocks that fit in the 40 bytes of options (RFC 2018 §3). */
export const MAX_SACK_BLOCKS = 4;
/** The largest shift (RFC 7323 §2.3). */
export const MAX_WINDOW_SCALE = 14;

/** The options of a segment. One object, reused from segment to segment. */
export class TcpOptionFields {
  /** The MSS option in bytes, or 0 without one. */
  mss = 0;
  /** The shift of the window scale option, or -1 without one. */
  windowScale = -1;
  /** Whether there is a SACK-permitted option. */
  sackPermitted = false;
  /** Whether there is a timestamps option. */
  hasTimestamps = false;
  /** TSval, as a signed 32-bit number. */
  tsval = 0;
  /** TSecr, as a signed 32-bit number. */
  tsecr = 0;
  /** How many SACK blocks there are. */
  sackCount = 0;
  readonly #sackEdges: Int32Array = new Int32Array(2 * MAX_SACK_BLOCKS);

  /** The first sequence number of SACK block `index`. */
  sackStart(index: number): Seq {
    return toSeq(this.#sackEdges[2 * index]!); // callers stay below `sackCount`
  }

  /** The sequence number after SACK block `index`. */
  sackEnd(index: number): Seq {
    return toSeq(this.#sackEdges[2 * index + 1]!);
  }

  /** Adds a block; a fifth is ignored. */
  addSack(start: Seq, end: Seq): void {
    if (this.sackCount === MAX_SACK_BLOCKS) return;
    this.#sackEdges[2 * this.sackCount] = seqBits(start);
    this.#sackEdges[2 * this.sackCount + 1] = seqBits(end);
    this.sackCount++;
  }

  /** Removes all options. */
  clear(): void {
    this.mss = 0;
    this.windowScale = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.sackCount = 0;
  }

  /** Becomes a copy of `other`. */
  copyFrom(other: TcpOptionFields): void {
    this.mss = other.mss;
    this.windowScale = other.windowScale;
    this.sackPermitted = other.sackPermitted;
    this.hasTimestamps = other.hasTimestamps;
    this.tsval = other.tsval;
    this.tsecr = other.tsecr;
    this.sackCount = 0;
    for (let i = 0; i < other.sackCount; i++) this.addSack(other.sackStart(i), other.sackEnd(i));
  }
}

/**
 * Reads the options in `[start, end)`. Unknown kinds are skipped by their
 * length; a length that cannot be ends the reading, and what was read before
 * it counts (RFC 9293 §3.1, MUST-7).
 */
export function parseOptions(
  options: TcpOptionFields,
  view: DataView,
  start: number,
  end: number,
): void {
  options.clear();
  let at = start;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === END) return;
    if (kind === NOP) {
      at++;
      continue;
    }
    if (at + 2 > end) return;
    const length = view.getUint8(at + 1);
    if (length < 2 || at + length > end) return;
    parseOption(options, kind, view, at + 2, length - 2);
    at += length;
  }
}

function parseOption(
  options: TcpOptionFields,
  kind: number,
  view: DataView,
  at: number,
  length: number,
): void {
  switch (kind) {
    case MSS:
      if (length === 2) options.mss = view.getUint16(at);
      break;
    case WINDOW_SCALE: // a shift above 14 counts as 14 (RFC 7323 §2.3)
      if (length === 1) options.windowScale = Math.min(view.getUint8(at), MAX_WINDOW_SCALE);
      break;
    case SACK_PERMITTED:
      if (length === 0) options.sackPermitted = true;
      break;
    case SACK:
      if (length % 8 !== 0) break;
      for (let block = at; block < at + length; block += 8) {
        options.addSack(toSeq(view.getInt32(block)), toSeq(view.getInt32(block + 4)));
      }
      break;
    case TIMESTAMPS:
      if (length !== 8) break;
      options.hasTimestamps = true;
      options.tsval = view.getInt32(at);
      options.tsecr = view.getInt32(at + 4);
      break;
  }
}

/** Bytes that {@linkcode writeOptions} writes: a multiple of 4. */
export function optionsLength(options: TcpOptionFields): number {
  return (options.mss ? 4 : 0) +
    (options.sackPermitted || options.hasTimestamps
      ? options.hasTimestamps ? TIMESTAMPS_LENGTH : 4
      : 0) +
    (options.windowScale >= 0 ? 4 : 0) +
    (options.sackCount ? 4 + 8 * options.sackCount : 0);
}

/** Writes the options at `start`, in the order in which Linux has them. */
export function writeOptions(options: TcpOptionFields, view: DataView, start: number): void {
  let at = start;
  if (options.mss) {
    view.setUint32(at, (MSS << 24) | (4 << 16) | options.mss);
    at += 4;
  }
  if (options.sackPermitted || options.hasTimestamps) {
    view.setUint16(at, options.sackPermitted ? (SACK_PERMITTED << 8) | 2 : (NOP << 8) | NOP);
    view.setUint16(
      at + 2,
      options.hasTimestamps ? (TIMESTAMPS << 8) | 10 : (NOP << 8) | NOP,
    );
    at += 4;
  }
  if (options.hasTimestamps) {
    view.setInt32(at, options.tsval);
    view.setInt32(at + 4, options.tsecr);
    at += 8;
  }
  if (options.windowScale >= 0) {
    view.setUint32(at, (NOP << 24) | (WINDOW_SCALE << 16) | (3 << 8) | options.windowScale);
    at += 4;
  }
  if (options.sackCount) {
    const length = 2 + 8 * options.sackCount;
    view.setUint32(at, (NOP << 24) | (NOP << 16) | (SACK << 8) | length);
    at += 4;
    for (let i = 0; i < options.sackCount; i++) {
      view.setInt32(at, seqBits(options.sackStart(i)));
      view.setInt32(at + 4, seqBits(options.sackEnd(i)));
      at += 8;
    }
  }
}
