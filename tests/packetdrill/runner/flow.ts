/**
 * A flow between the stack and the scripted peer.
 *
 * @module
 */
import { ScriptNumbering } from "./script_numbering.ts";

/** A flow; its numbers are those of one script. */
export class ScriptFlow {
  readonly peerPort: number;
  readonly ownPort: number;
  readonly numbering = new ScriptNumbering();
  /** The window that the peer announced last, for segments that do not say. */
  window = 65_535;

  /** Makes a flow in which nothing has been said. */
  constructor(peerPort: number, ownPort: number) {
    this.peerPort = peerPort;
    this.ownPort = ownPort;
  }
}
