/**
 * RACK: what was sent before something that has arrived, and long enough
 * before it, is lost.
 *
 * Time instead of counts: it finds losses whatever there is in flight, and lost
 * retransmissions, too. It waits a little where packets may overtake each
 * other, and for longer where they have been seen to do so.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8985#section-6 | RFC 8985 §6}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { ControlBlock } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import { CongestionState } from "./recovery_state.ts";

/** Recoveries for which a widened window stays (RFC 8985 §6.2, step 4). */
const PERSISTENCE = 16;
/** The widest window, in quarters of a round trip. As Linux. */
const MOST_STEPS = 255;

/** To wait for less is not worth a timer: a short path delivers as much in a batch. */
const GRANULARITY: Millis = 1;

/** RACK's variables, under RFC 8985 §5.2's names as far as they are kept. */
export class RackVariables {
  /** Of what has arrived, the last that was sent; its number on the scoreboard, or -1. */
  latest = -1;
  /** RACK.end_seq: where that ends. */
  latestEnd = 0;
  /** RACK.rtt */
  rtt: Millis = 0;
  /** RACK.reo_wnd_mult */
  steps = 1;
  /** RACK.reo_wnd_persist */
  persist = 0;
  /** RACK.dsack_round: duplicates count once until this position is acknowledged. */
  roundEnd = -1;
  /** RACK.reordering_seen */
  hasReordered = false;
}

/** Takes in what has arrived (RFC 8985 §6.2, step 2). */
export function updateRack({ rack, board }: ControlBlock, now: Millis): void {
  const { latest, latestEnd, notedSentAt } = board.delivery;
  if (latest < 0) return;
  rack.rtt = now - notedSentAt;
  if (latest < rack.latest) return;
  rack.latestEnd = latest > rack.latest ? latestEnd : Math.max(rack.latestEnd, latestEnd);
  rack.latest = latest;
}

/** The peer has reported a duplicate: something was sent again too soon (step 4). */
export function widenReorderingWindow({ rack, board }: ControlBlock): void {
  if (!rack.hasReordered || board.una < rack.roundEnd) return;
  rack.roundEnd = board.next;
  rack.steps = Math.min(rack.steps + 1, MOST_STEPS);
  rack.persist = PERSISTENCE;
}

/** A recovery has ended without duplicates (step 4). */
export function ageReorderingWindow({ rack }: ControlBlock): void {
  if (rack.persist > 0) rack.persist--;
  if (rack.persist === 0) rack.steps = 1;
}

/** Takes for lost what is overdue, and sees to it that it is looked again in time (step 5). */
export function detectLosses(tcb: ControlBlock, now: Millis): void {
  const { rack, board, deadlines } = tcb;
  deadlines.stop(Wait.Reordering);
  if (rack.latest < 0) return;
  const age = rack.rtt + reorderingWindow(tcb);
  deadlines.set(Wait.Reordering, board.loseOverdue(rack.latest, rack.latestEnd, age, now));
}

/** RACK.reo_wnd (§6.2, step 4): how much later something may arrive than what was sent after it. */
function reorderingWindow({ rack, rtt, recovery, board }: ControlBlock): Millis {
  if (!rack.hasReordered) {
    if (recovery.state >= CongestionState.Recovery) return 0;
    if (board.sackedSegments >= recovery.reordering) return 0;
  }
  return Math.max(Math.min(rack.steps * rtt.least / 4, rtt.smoothed), GRANULARITY);
}
