/**
 * The receive window.
 *
 *     read             nxt                edge        read + buffer
 *      |--- unread -----|--- promised -----|--- may be promised ---|
 *
 * How much is taken ahead of the application grows with what it reads: from
 * `initialReceiveBuffer` to twice what it reads in a round trip (dynamic
 * right-sizing, as in Linux), up to `receiveBuffer`. So an application that
 * reads slowly or not at all does not hold a megabyte. It does not shrink; when
 * memory is tight, no more is promised than what there is memory for.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6 | RFC 9293 §3.8.6}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7323#section-2 | RFC 7323 §2}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { ControlBlock } from "./control_block.ts";
import { MAX_WINDOW_SCALE } from "./options.ts";
import { seqAdd, seqBefore, seqDiff } from "./seq.ts";

const LARGEST_FIELD = 0xffff;
/** An application that shares its thread with others reads in turns of about this length. */
const TURN: Millis = 10;

/** The smallest shift with which a window field can say `window`, as gVisor's FindWndScale. */
export function findWindowScale(window: number): number {
  let scale = 0;
  for (let most = LARGEST_FIELD; window > most && scale < MAX_WINDOW_SCALE; most *= 2) scale++;
  return scale;
}

/** The window field of a SYN, which is never scaled (RFC 7323 §2.2). */
export function synWindow({ rcv, received }: ControlBlock): number {
  return Math.min(rcv.buffer, received.room, LARGEST_FIELD);
}

/**
 * The window field of a segment that leaves now, and the promise that goes
 * with it.
 *
 * The right edge never moves left (SHLD-14), and it moves right only when that
 * is worth a segment (RFC 9293 §3.8.6.2.2): otherwise a reader of single bytes
 * would have the peer send single bytes. A field counts in units of 2^scale:
 * it is rounded up while the buffer has room for that, so that the edge stays.
 */
export function advertiseWindow(tcb: ControlBlock): number {
  const { rcv, received } = tcb;
  const unit = 2 ** rcv.scale;
  let window = tcb.receiveWindow;
  if (isWorthTelling(tcb) || mayCreep(tcb)) window = largestWindow(tcb);
  let field = Math.min(Math.ceil(window / unit), LARGEST_FIELD);
  if (field * unit > received.free) field = Math.floor(received.free / unit);
  const edge = seqAdd(rcv.nxt, field * unit);
  if (seqBefore(rcv.edge, edge)) rcv.edge = edge;
  return field;
}

/** What could be promised: the free part of the buffer, as far as a field can say it. */
function largestWindow({ rcv, received }: ControlBlock): number {
  const free = Math.max(0, rcv.buffer - received.length);
  return Math.min(free, received.room, LARGEST_FIELD * 2 ** rcv.scale);
}

/**
 * Lets the buffer hold twice what the application reads in a round trip, one
 * half being read while the other comes.
 *
 * There is always a measurement of the round trip, be it that of the handshake.
 * Called for each segment with text.
 */
export function tuneReceiveBuffer(tcb: ControlBlock, now: Millis): void {
  const { rcv, received } = tcb;
  const elapsed = now - rcv.tunedAt;
  const round = Math.max(tcb.rtt.smoothed, TURN);
  if (elapsed < round) return;
  const read = seqAdd(rcv.nxt, -received.length);
  const perRound = seqDiff(read, rcv.tunedFrom) * round / elapsed;
  rcv.tunedAt = now;
  rcv.tunedFrom = read;
  rcv.buffer = Math.min(Math.max(rcv.buffer, Math.floor(2 * perRound)), received.capacity);
}

/** Whether any step will do: the window must not be a silly one, as BSD has it. */
function mayCreep(tcb: ControlBlock): boolean {
  return tcb.config.windowStep === "any" &&
    largestWindow(tcb) >= Math.min(tcb.rcv.mss, tcb.rcv.buffer / 4);
}

/** Whether the window could open by a full segment, or half of what the buffer holds. */
function isWorthTelling(tcb: ControlBlock): boolean {
  const gain = largestWindow(tcb) - tcb.receiveWindow;
  return gain >= Math.min(tcb.rcv.mss, tcb.rcv.buffer / 2);
}

/**
 * Whether the peer should be told at once that the window has opened: when it
 * may be about to stop for want of one. Telling it of every read would cost a
 * packet each.
 */
export function owesWindowUpdate(tcb: ControlBlock): boolean {
  if (!isWorthTelling(tcb)) return false;
  const window = tcb.receiveWindow;
  return window < Math.min(tcb.rcv.mss, tcb.rcv.buffer / 2) ||
    (window < tcb.rcv.buffer / 2 && largestWindow(tcb) >= 2 * window);
}
