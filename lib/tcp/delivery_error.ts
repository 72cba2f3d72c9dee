/**
 * What an ICMP error does to a connection.
 *
 * Anybody can send one, so it counts only if it quotes what is in flight; and
 * it may be of the moment, so that it never ends a connection which has been
 * established, but one that is being asked for. Otherwise it is kept, to explain
 * a timeout that may follow.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.9.2.2 | RFC 9293 §3.9.2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5927#section-4.1 | RFC 5927 §4.1, §5.2}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { DeliveryError } from "../ip/ip.ts";
import type { ControlBlock } from "./control_block.ts";
import { pathMtuChanged } from "./path_mtu.ts";
import { type Seq, seqBefore, seqBeforeOrAt } from "./seq.ts";
import { State } from "./state.ts";

/**
 * Applies an error about our segment that began at `seq`, in an IP packet of
 * `version`.
 *
 * @returns Why it changes nothing, or `Drop.None`.
 */
export function deliveryFailed(
  tcb: ControlBlock,
  version: number,
  seq: Seq,
  { kind, mtu }: DeliveryError,
  now: Millis,
): Drop {
  const { snd, state } = tcb;
  if (state === State.Closed || state === State.TimeWait) return Drop.UnrelatedError;
  if (seqBefore(seq, snd.una) || seqBeforeOrAt(snd.max, seq)) return Drop.UnrelatedError;
  const isAsking = state === State.SynSent || (state === State.SynReceived && tcb.isActive);
  if (kind === "too big") {
    // A SYN fits everywhere, and its answer says how large segments may be.
    return !isAsking && pathMtuChanged(tcb, version, mtu, now) ? Drop.None : Drop.UnrelatedError;
  }
  tcb.softError = kind;
  if (!isAsking) return Drop.None;
  tcb.fail(kind === "port unreachable" ? "refused" : "unreachable");
  tcb.owed = 0;
  return Drop.None;
}
