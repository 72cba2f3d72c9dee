/**
 * Who wants to know what becomes of flows.
 *
 * @module
 */
import type { Flow } from "../ip/flow.ts";
import type { SpliceEnd } from "./splice.ts";

/** Why a flow never became a connection. */
export type FlowRefusal =
  | "denied"
  | "refused"
  | "unreachable"
  | "timed out"
  | "failed"
  | "given up";

/** How a flow ended; one of datagrams does so when it is idle, or gives way to others. */
export type FlowEnd = SpliceEnd | "idle";

/** Is told what becomes of flows. */
export interface FlowObserver {
  /** The target has answered, and so do we. */
  opened(flow: Flow): void;
  /** There will be no connection; `reason` is a sentence without its full stop. */
  refused(flow: Flow, how: FlowRefusal, reason: string): void;
  /** A connection is over. Bytes from the guest (`up`) and to it (`down`). */
  closed(flow: Flow, end: FlowEnd, up: number, down: number): void;
}
