/**
 * How long a connection waits for its peer: the user timeout, keep-alive, and
 * FIN-WAIT-2 once nobody waits with it.
 *
 * The deadlines are set where the connection is asked for segments, which is
 * after everything that may have changed what it waits for, its settings
 * included.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.8 | RFC 9293 §3.10.8}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.8.4 | RFC 9293 §3.8.4}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type ControlBlock, Owed } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import type { Seq } from "./seq.ts";
import { State } from "./state.ts";

/** Sets those deadlines that the connection has a reason for, and that are not set. */
export function armPatience(tcb: ControlBlock, now: Millis): void {
  const { config, deadlines, state } = tcb;
  const { userTimeout, keepAlive } = config;
  if (state === State.Closed || state === State.TimeWait) return;
  if (userTimeout !== Infinity && !deadlines.isSet(Wait.UserTimeout) && isWaiting(tcb)) {
    deadlines.set(Wait.UserTimeout, now + userTimeout);
  }
  if (keepAlive && !deadlines.isSet(Wait.KeepAlive)) {
    deadlines.set(Wait.KeepAlive, Math.max(now, tcb.heardAt + keepAlive.idle));
  }
  if (tcb.orphaned && state === State.FinWait2 && !deadlines.isSet(Wait.FinWait2)) {
    deadlines.set(Wait.FinWait2, now + config.finWait2Timeout);
  }
}

/**
 * Notes that the peer has used a segment of ours, if it has: it acknowledges
 * more than `una`, or it answers while its window is closed, which may last
 * for as long as it likes (RFC 9293 §3.8.6.1, MUST-37).
 */
export function notePeerProgress(tcb: ControlBlock, una: Seq): void {
  if (tcb.snd.una !== una || tcb.snd.wnd === 0) tcb.deadlines.stop(Wait.UserTimeout);
}

/** RFC 9293 §3.10.8: what was written has waited for too long. */
export function userTimeoutExpired(tcb: ControlBlock): void {
  if (isWaiting(tcb)) giveUp(tcb);
}

/** RFC 9293 §3.8.4: asks an idle peer for a sign of life. */
export function keepAliveTimeout(tcb: ControlBlock, now: Millis): void {
  const { keepAlive, userTimeout } = tcb.config;
  if (!keepAlive) return;
  const isIdle = !tcb.hasOutstanding && tcb.unsent <= 0; // MUST-26
  const due = tcb.heardAt + keepAlive.idle;
  if (!isIdle || now < due) {
    tcb.deadlines.set(Wait.KeepAlive, now < due ? due : now + keepAlive.interval);
    return;
  }
  // As Linux does it: a user timeout replaces the number of probes.
  const isSilent = userTimeout === Infinity
    ? tcb.unansweredProbes >= keepAlive.count
    : tcb.unansweredProbes > 0 && now - tcb.heardAt >= userTimeout;
  if (isSilent) return giveUp(tcb);
  tcb.unansweredProbes++;
  tcb.owed |= Owed.Probe;
  tcb.deadlines.set(Wait.KeepAlive, now + keepAlive.interval);
}

/** Ends the connection because nobody answers. */
export function giveUp(tcb: ControlBlock): void {
  const owed = tcb.state === State.SynSent ? 0 : Owed.Reset; // nobody has answered: to whom?
  tcb.fail("timeout");
  tcb.owed = owed;
}

/** Whether there is anything that the peer has yet to acknowledge. */
function isWaiting(tcb: ControlBlock): boolean {
  return tcb.hasOutstanding || tcb.hasUnsent;
}
