/**
 * What a connection is doing, in the words of `tcp_info`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { DeliveryErrorKind } from "../ip/ip.ts";
import type { ControlBlock } from "./control_block.ts";
import { CongestionState } from "./recovery_state.ts";
import { Mark } from "./sent_records.ts";
import { stateName } from "./state.ts";

/** What a connection is doing, in the words of `tcp_info`. Times in milliseconds, sizes in bytes. */
export interface TcpInfo {
  /** The RFC's name of the state. */
  readonly state: string;
  /** RTO */
  readonly rto: Millis;
  /** SRTT; 0 before the first measurement. */
  readonly rtt: Millis;
  /** RTTVAR */
  readonly rttVariation: Millis;
  /** cwnd */
  readonly congestionWindow: number;
  /** ssthresh */
  readonly slowStartThreshold: number;
  /** What was sent and is not acknowledged, or is to be sent. */
  readonly unacknowledged: number;
  /** What has been received and not been read. */
  readonly unread: number;
  /** SND.WND */
  readonly sendWindow: number;
  /** RCV.WND */
  readonly receiveWindow: number;
  /** What is received ahead of the application, at most, at present. */
  readonly receiveBuffer: number;
  /** The most payload in one packet that we send. */
  readonly segmentSize: number;
  /** The MSS that we have announced. */
  readonly advertisedMss: number;
  /** The congestion control. */
  readonly congestionControl: string;
  /** What is thought of the path: nothing amiss, something out of order, or lost (RFC 6675 §5). */
  readonly congestionState: "open" | "disorder" | "recovery" | "loss";
  /** Wire segments that were sent and are not acknowledged; the next three are among them. */
  readonly unackedSegments: number;
  /** Wire segments that the peer has reported, or that duplicates stand for. */
  readonly sackedSegments: number;
  /** Wire segments that are taken for lost, whether they were sent again or not. */
  readonly lostSegments: number;
  /** Wire segments that were sent again and are on their way. */
  readonly retransmittedSegments: number;
  /** Wire segments that were ever sent again. */
  readonly totalRetransmits: number;
  /** How many segments something may come late before it is taken for lost. */
  readonly reordering: number;
  /** Retransmission timeouts since anything was last acknowledged. */
  readonly timeouts: number;
  /** How often RTO has doubled. */
  readonly backoffs: number;
  /** Probes of the window or of an idle peer that have not been answered. */
  readonly probes: number;
  /** Whether a reset of the peer's ended the connection, even if everything had been said. */
  readonly wasReset: boolean;
  /** The last ICMP error about what we have sent: it may explain a timeout. */
  readonly softError: DeliveryErrorKind | undefined;
}

/** Describes what the connection of `tcb` is doing. */
export function tcpInfo(tcb: ControlBlock): TcpInfo {
  const { state, rtt, congestion, unacked, received, snd, receiveWindow, softError } = tcb;
  const { board, recovery } = tcb;
  return {
    state: stateName(state),
    rto: rtt.timeout,
    rtt: rtt.smoothed,
    rttVariation: rtt.variation,
    congestionWindow: congestion.window,
    slowStartThreshold: congestion.slowStartThreshold,
    unacknowledged: unacked.length,
    unread: received.length,
    sendWindow: snd.wnd,
    receiveWindow,
    receiveBuffer: tcb.rcv.buffer,
    segmentSize: snd.mss,
    advertisedMss: tcb.rcv.mss,
    congestionControl: congestion.name,
    congestionState: congestionStateName(tcb),
    unackedSegments: board.countSegments(0, 0),
    sackedSegments: board.sackedSegments + recovery.duplicates,
    lostSegments: board.countSegments(Mark.Lost, Mark.Lost),
    retransmittedSegments: board.countSegments(Mark.Again, Mark.Again),
    totalRetransmits: recovery.retransmits,
    reordering: recovery.reordering,
    timeouts: tcb.attempts,
    backoffs: rtt.backoffs,
    probes: tcb.unansweredProbes,
    wasReset: tcb.wasReset,
    softError,
  };
}

function congestionStateName({ recovery, board }: ControlBlock): TcpInfo["congestionState"] {
  if (recovery.state === CongestionState.Loss) return "loss";
  if (recovery.state === CongestionState.Recovery) return "recovery";
  return board.sacked > 0 || recovery.duplicates > 0 ? "disorder" : "open";
}
