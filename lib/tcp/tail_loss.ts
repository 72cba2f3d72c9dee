/**
 * The loss of the last segments of a flight: nothing follows them that could
 * tell of it, so that only the retransmission timeout would find out. A probe
 * asks long before that.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8985#section-7 | RFC 8985 §7}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { type ControlBlock, Owed } from "./control_block.ts";
import { Wait } from "./deadlines.ts";
import type { Segment } from "./header.ts";
import { seqBefore, seqDiff } from "./seq.ts";

/** No probe sooner than this: host timers and other flows take their time. */
const SOONEST: Millis = 10;
/** A peer may keep the acknowledgment of a single segment back; Linux 40 ms (WCDelAckT, §7.2). */
const DELAYED_ACK: Millis = 50;

/** (Re)starts the probe timer (§7.2), or stops it where there is nothing to probe for. */
export function setTailProbeTimer(tcb: ControlBlock, now: Millis): void {
  if (!mayProbe(tcb)) return tcb.deadlines.stop(Wait.TailLoss);
  const { snd, rtt } = tcb;
  const isSingle = seqDiff(snd.max, snd.una) <= snd.mss;
  const wait = Math.max(2 * rtt.smoothed, SOONEST) + (isSingle ? DELAYED_ACK : 0);
  tcb.deadlines.set(Wait.TailLoss, now + wait);
}

/** Nothing has been heard for a while: owes a probe (§7.3). */
export function tailLossTimeout(tcb: ControlBlock, now: Millis): void {
  if (!mayProbe(tcb)) return;
  tcb.owed |= Owed.TailProbe;
  tcb.setRetransmitTimer(now);
}

/** With SACK, when nothing is known to be lost yet, and one probe at a time. */
function mayProbe(tcb: ControlBlock): boolean {
  return tcb.sack && tcb.hasOutstanding && tcb.rtt.smoothed > 0 && tcb.snd.wnd > 0 &&
    !tcb.recovery.active && tcb.attempts === 0 && tcb.tailProbe === undefined;
}

/**
 * SND.UNA has moved. If that is past a probe which was a retransmission, and
 * nothing says that it came twice, it has repaired a loss, and that is answered
 * like any other (§7.4).
 */
export function tailProbeAcknowledged(tcb: ControlBlock, segment: Segment): void {
  const { tailProbe, snd, congestion } = tcb;
  if (!tailProbe || seqBefore(snd.una, tailProbe.end)) return;
  tcb.tailProbe = undefined;
  const { options } = segment;
  const isDuplicate = options.sackCount > 0 && seqBefore(options.sackStart(0), segment.ack);
  if (tailProbe.isRetransmission && !isDuplicate && !tcb.recovery.active) {
    congestion.enterRecovery(Math.max(seqDiff(snd.max, snd.una), snd.mss));
  }
}
