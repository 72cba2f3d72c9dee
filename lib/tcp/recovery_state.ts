/**
 * Where loss recovery stands.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6675#section-5 | RFC 6675 §5}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5682#section-3 | RFC 5682 §3}
 * @module
 */

/** What loss recovery is doing. */
export const CongestionState = {
  /** Nothing is amiss; or something has come out of order, and nothing is known to be lost. */
  Open: 0,
  /** Something was lost and is being repaired. */
  Recovery: 1,
  /** Nothing was heard until the retransmission timeout. */
  Loss: 2,
} as const;
/** One of the states in {@linkcode CongestionState}. */
export type CongestionState = typeof CongestionState[keyof typeof CongestionState];

/** How far F-RTO has come (RFC 5682 §3.1). */
export const Frto = {
  /** It is over, or was not begun. */
  Off: 0,
  /** The first segment was sent again: what does the next acknowledgment say? */
  Waiting: 1,
  /** It said that something has arrived: new data are sent instead of what is lost. */
  Probing: 2,
} as const;
/** One of the steps in {@linkcode Frto}. */
export type Frto = typeof Frto[keyof typeof Frto];

/** DupThresh (RFC 6675 §2). */
export const DUPLICATE_THRESHOLD = 3;

/** The variables of loss recovery. Positions are those of the scoreboard. */
export class RecoveryVariables {
  state: CongestionState = CongestionState.Open;
  /** RecoveryPoint: a recovery ends when this position is acknowledged. */
  point = -1;
  /** Without SACK: bytes that duplicates stand for (RFC 6582). */
  duplicated = 0;
  /** Without SACK: acknowledgments in a row that repeat SND.UNA. */
  duplicates = 0;
  /** How far a segment has come behind those sent after it, in segments; DupThresh at least. */
  reordering: number = DUPLICATE_THRESHOLD;
  frto: Frto = Frto.Off;
  /** Whether cwnd, as it was before, could be restored. */
  mayUndo = false;
  /** SND.UNA when what may be undone began, as a position. */
  undoFrom = 0;
  /** Wire segments sent again since, less those reported to have come twice; -1 before the first. */
  undoSegments = -1;
  /** Our timestamp when something was first sent again since, if anything was (RFC 3522 §3.2). */
  undoStamp: number | undefined = undefined;
  /** PRR: bytes that have arrived since the recovery began (RFC 9937 §6: prr_delivered). */
  delivered = 0;
  /** PRR: bytes that were sent since (prr_out). */
  sent = 0;
  /** PRR: FlightSize when it began (RecoverFS). */
  flight = 0;
  /** Wire segments that were ever sent again. */
  retransmits = 0;
}
