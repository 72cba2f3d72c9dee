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
import { CongestionState } from "./recovery_state.ts";

/** No probe sooner than this after two round trips: timers and other flows take their time. */
const SLACK: Millis = 2;

/** (Re)starts the probe timer (§7.2), or stops it where there is nothing to probe for. */
export function setTailProbeTimer(tcb: ControlBlock, now: Millis): void {
  const { deadlines } = tcb;
  tcb.owed &= ~Owed.TailProbe; // one that has not left, for a full link, is out of date
  if (!mayProbe(tcb)) return deadlines.stop(Wait.TailLoss);
  const { snd, rtt, board } = tcb;
  const isSingle = board.next - board.una <= snd.mss;
  // WCDelAckT: the peer may keep the acknowledgment of a single segment back; as Linux.
  const wait = 2 * rtt.smoothed + (isSingle ? tcb.config.minRto : SLACK);
  const timeout = deadlines.isSet(Wait.Retransmit)
    ? deadlines.at(Wait.Retransmit)
    : now + rtt.timeout;
  deadlines.set(Wait.TailLoss, Math.min(now + wait, timeout));
}

/** Nothing has been heard for a while: owes a probe (§7.3). */
export function tailLossTimeout(tcb: ControlBlock, now: Millis): void {
  if (!mayProbe(tcb)) return;
  tcb.owed |= Owed.TailProbe;
  tcb.setRetransmitTimer(now);
}

/** With SACK, when nothing is known to be lost or out of order, and one probe at a time. */
function mayProbe(tcb: ControlBlock): boolean {
  const { board, recovery } = tcb;
  return tcb.sack && board.count > 0 && tcb.rtt.smoothed > 0 && tcb.snd.wnd > 0 &&
    recovery.state === CongestionState.Open && board.sacked === 0 && tcb.attempts === 0 &&
    tcb.tailProbe === undefined;
}

/**
 * SND.UNA has moved. If that is past a probe which was a retransmission, and
 * nothing says that it came twice, it has repaired a loss, and that is answered
 * like any other (§7.4).
 */
export function tailProbeAcknowledged(tcb: ControlBlock, isReportedTwice: boolean): void {
  const { tailProbe, board, congestion, recovery } = tcb;
  if (!tailProbe || board.una < tailProbe.end) return;
  tcb.tailProbe = undefined;
  if (!tailProbe.isRetransmission || isReportedTwice) return;
  if (recovery.state !== CongestionState.Open) return;
  congestion.reduce(board.next - board.una);
  congestion.window = congestion.slowStartThreshold;
}
