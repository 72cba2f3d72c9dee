/**
 * A flow of a conversation, and how far its two ends are.
 *
 * @module
 */
import type { Connection } from "../../lib/tcp/connection.ts";
import { Numbering, type Origins } from "./numbering.ts";

/** One flow of the peer's, told by its port. */
export class ScriptedFlow {
  readonly numbering: Numbering;
  connection: Connection | undefined;
  written = 0;
  read = 0;
  window = 65_535;

  constructor(origins: Origins) {
    this.numbering = new Numbering(origins);
  }
}
