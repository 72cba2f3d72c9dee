/**
 * What a connection is doing, in the words of `tcp_info`.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { DeliveryErrorKind } from "../ip/ip.ts";
import type { ControlBlock } from "./control_block.ts";
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
  /** The last ICMP error about what we have sent: it may explain a timeout. */
  readonly softError: DeliveryErrorKind | undefined;
}

/** Describes what the connection of `tcb` is doing. */
export function tcpInfo(tcb: ControlBlock): TcpInfo {
  const { state, rtt, congestion, unacked, received, snd, receiveWindow, softError } = tcb;
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
    softError,
  };
}
