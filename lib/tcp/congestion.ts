/**
 * Congestion control: how much may be in flight.
 *
 * An algorithm says how the window grows, and how far it falls when something
 * is lost. What it is during a recovery is not its affair, but that of
 * {@link ./recovery.ts | PRR}.
 *
 * Between us and the guest there is no shared queue, so the window starts large
 * and is rarely what limits; after a loss it works as it does everywhere.
 *
 * The RFCs count segments. A super-segment is sent and lost as a whole; with
 * fewer than two of them in flight each loss would be at the tail. So the unit
 * is what is sent at once (`burst`), except of the window after a timeout.
 * Without offload the two are the same.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5681 | RFC 5681}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Cubic } from "./cubic.ts";
import { NewReno } from "./new_reno.ts";

/** An algorithm. All sizes in bytes, and whole: a segment cannot end within one. */
export interface CongestionControl {
  /** Its name, as `tcp_info` has it. */
  readonly name: string;
  /** cwnd. Written by loss recovery, too. */
  window: number;
  /** ssthresh. */
  readonly slowStartThreshold: number;
  /**
   * New data were acknowledged, outside of recovery.
   *
   * @param bytes How much.
   * @param limited Whether cwnd was what held more back.
   * @param rtt SRTT.
   */
  acknowledged(bytes: number, limited: boolean, now: Millis, rtt: Millis): void;
  /** Something is lost, with `flight` outstanding: lowers ssthresh, and remembers what was. */
  reduce(flight: number): void;
  /** Nothing was lost after all: restores what was before the last {@linkcode reduce}. */
  undo(): void;
  /** The most payload of a packet, or of what is sent at once, has changed. */
  resize(sizes: Pick<CongestionSizes, "segment" | "burst">): void;
}

/** What an algorithm has to know of a connection. All in bytes. */
export interface CongestionSizes {
  /** SMSS: the most payload in one packet. */
  readonly segment: number;
  /** The most that is sent, and lost, at once: a super-segment, or one segment. */
  readonly burst: number;
  /** cwnd at the beginning. */
  readonly initialWindow: number;
}

/** Makes a {@linkcode CongestionControl} for a connection. */
export type CongestionFactory = (sizes: CongestionSizes) => CongestionControl;

/** An algorithm by its name, or one's own. */
export type CongestionChoice = "newreno" | "cubic" | CongestionFactory;

/** The congestion control that `choice` stands for. */
export function newCongestionControl(
  choice: CongestionChoice,
  sizes: CongestionSizes,
): CongestionControl {
  if (typeof choice === "function") return choice(sizes);
  return choice === "cubic" ? new Cubic(sizes) : new NewReno(sizes);
}
