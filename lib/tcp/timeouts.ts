/**
 * What happens when nothing does: retransmission, window probes, the end of
 * TIME-WAIT; how long a connection waits for its peer is in {@link ./patience.ts}.
 *
 * Each timeout looks at the present state before it acts, and acts once, however
 * late it is: after a suspend there is no storm, and giving up counts attempts.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.8 | RFC 9293 §3.8}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type ControlBlock, Owed } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import { giveUp, keepAliveTimeout, userTimeoutExpired } from "./patience.ts";
import { enterLoss, loseBehindClosedWindow, reorderingTimeout } from "./recovery.ts";
import { State } from "./state.ts";
import { tailLossTimeout } from "./tail_loss.ts";

/** Does what is due at `now`. */
export function runTimeouts(tcb: ControlBlock, now: Millis): void {
  const { deadlines } = tcb;
  if (deadlines.take(Wait.TimeWait, now)) return tcb.enter(State.Closed);
  if (deadlines.take(Wait.FinWait2, now)) return tcb.enter(State.Closed);
  if (deadlines.take(Wait.UserTimeout, now)) userTimeoutExpired(tcb);
  if (deadlines.take(Wait.DelayedAck, now)) tcb.owed |= Owed.Ack;
  if (deadlines.take(Wait.Reordering, now)) reorderingTimeout(tcb, now);
  // Where both are due, the probe goes first, and puts the timeout off (RFC 8985 §7.3).
  if (deadlines.take(Wait.TailLoss, now)) tailLossTimeout(tcb, now);
  if (deadlines.take(Wait.Retransmit, now)) retransmissionTimeout(tcb, now);
  if (deadlines.take(Wait.Persist, now)) persistTimeout(tcb);
  if (deadlines.take(Wait.KeepAlive, now)) keepAliveTimeout(tcb, now);
}

/** RFC 6298 §5.4 to §5.6: what is not acknowledged is to be sent again, the first at once. */
function retransmissionTimeout(tcb: ControlBlock, now: Millis): void {
  const { snd, config, deadlines } = tcb;
  if (!tcb.hasOutstanding) return;
  const isSyn = tcb.state === State.SynReceived || tcb.state === State.SynSent;
  tcb.owed &= ~Owed.TailProbe;
  deadlines.stop(Wait.TailLoss);
  if (!isSyn && snd.wnd === 0) {
    // The peer has closed its window over what it was sent, which is probably gone: it is to be
    // asked, not given up, and sent all again when the window opens.
    loseBehindClosedWindow(tcb);
    persistTimeout(tcb);
    if (tcb.state !== State.Closed) deadlines.set(Wait.Retransmit, now + tcb.probeInterval);
    return;
  }
  if (tcb.attempts >= (isSyn ? config.synRetries : config.retries)) return giveUp(tcb);
  if (isSyn) {
    snd.nxt = tcb.iss;
    tcb.timedAt = NaN; // RFC 6298 §3: what is sent twice is not measured
  } else {
    enterLoss(tcb, now);
  }
  tcb.attempts++;
  tcb.rtt.backOff();
  tcb.setRetransmitTimer(now);
}

/**
 * RFC 9293 §3.8.6.1: asks for the window, or sends what little it takes. For as
 * long as it is answered; but nobody would end a connection that is orphaned.
 */
function persistTimeout(tcb: ControlBlock): void {
  const inVain = tcb.orphaned ? tcb.persistBackoffs : tcb.unansweredProbes;
  if (inVain >= tcb.config.retries) return giveUp(tcb);
  tcb.unansweredProbes++;
  tcb.persistBackoffs++;
  tcb.pushes = true; // who was to write more has not
  tcb.owed |= tcb.snd.wnd > tcb.inFlight ? Owed.Override : Owed.Probe;
}
