/**
 * How much is in the network.
 *
 * @module
 */
import type { ControlBlock } from "./control_block.ts";

/**
 * Bytes in the network, by the best estimate: what was sent less what was
 * reported and what is lost (RFC 6675 §4, SetPipe). Without SACK each duplicate
 * stands for a segment that has left (RFC 5681 §3.2).
 */
export function pipe({ board, recovery }: ControlBlock): number {
  return board.pipe - recovery.duplicated;
}
