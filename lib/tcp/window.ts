/**
 * The receive window.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6 | RFC 9293 §3.8.6}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7323#section-2 | RFC 7323 §2}
 * @module
 */
import type { ControlBlock } from "./control_block.ts";
import { MAX_WINDOW_SCALE } from "./options.ts";
import { seqAdd, seqBefore } from "./seq.ts";

const LARGEST_FIELD = 0xffff;

/** The smallest shift with which a window field can say `window`, as gVisor's FindWndScale. */
export function findWindowScale(window: number): number {
  let scale = 0;
  for (let most = LARGEST_FIELD; window > most && scale < MAX_WINDOW_SCALE; most *= 2) scale++;
  return scale;
}

/** The window field of a SYN, which is never scaled (RFC 7323 §2.2). */
export function synWindow({ received }: ControlBlock): number {
  return Math.min(received.free, LARGEST_FIELD);
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
  if (isWorthTelling(tcb)) window = largestWindow(tcb);
  let field = Math.min(Math.ceil(window / unit), LARGEST_FIELD);
  if (field * unit > received.free) field = Math.floor(received.free / unit);
  const edge = seqAdd(rcv.nxt, field * unit);
  if (seqBefore(rcv.edge, edge)) rcv.edge = edge;
  return field;
}

/** What could be promised: the free part of the buffer, as far as a field can say it. */
function largestWindow({ rcv, received }: ControlBlock): number {
  return Math.min(received.free, LARGEST_FIELD * 2 ** rcv.scale);
}

/** Whether the window could open by a full segment, or half of what the buffer holds. */
function isWorthTelling(tcb: ControlBlock): boolean {
  const gain = largestWindow(tcb) - tcb.receiveWindow;
  return gain >= Math.min(tcb.rcv.mss, tcb.received.capacity / 2);
}

/**
 * Whether the peer should be told at once that the window has opened: when it
 * may be about to stop for want of one. Telling it of every read would cost a
 * packet each.
 */
export function owesWindowUpdate(tcb: ControlBlock): boolean {
  if (!isWorthTelling(tcb)) return false;
  const window = tcb.receiveWindow;
  return window < Math.min(tcb.rcv.mss, tcb.received.capacity / 2) ||
    (window < tcb.received.capacity / 2 && largestWindow(tcb) >= 2 * window);
}
