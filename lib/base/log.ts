/**
 * A place for the stack to say what it does. Silent by default, one line per
 * event and never one per packet: for packets there is pcap.
 *
 * @module
 */

/** Receives log lines; a level that is absent is off. */
export interface Logger {
  /** Something that the user should know of. */
  readonly warn?: (message: string) => void;
  /** The life of flows. */
  readonly info?: (message: string) => void;
  /** Details for the developers of the stack. */
  readonly debug?: (message: string) => void;
}

/** Says nothing. */
export const silent: Logger = {};
