/**
 * The states of a connection, and the shortest conversation to each.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Conversation } from "./script.ts";

/** A state, and the sequence variables with which {@linkcode enterState} leaves a connection. */
export interface ReachableState {
  /** The RFC's name. */
  readonly name: string;
  /** RCV.NXT */
  readonly next: number;
  /** SND.UNA */
  readonly una: number;
  /** SND.NXT */
  readonly max: number;
  /** The conversation, from its first line. */
  readonly script: readonly string[];
  /** After so many lines of it the application closes its side. @default never */
  readonly closeAfter?: number;
  /** Whether the application asks for the connection. @default {false} */
  readonly isActive?: boolean;
}

const HANDSHAKE = [
  "< S 0:0(0) win 65535 <mss 1460>",
  "> S. 0:0(0) ack 1",
  "< . 1:1(0) ack 1",
];
const PEER_CLOSES = [...HANDSHAKE, "< F. 1:1(0) ack 1", "> . 1:1(0) ack 2"];
const WE_CLOSE = [...HANDSHAKE, "> F. 1:1(0) ack 1"];

/** The synchronized states that a reset can end. */
export const SYNCHRONIZED: readonly ReachableState[] = [
  { name: "ESTABLISHED", next: 1, una: 1, max: 1, script: HANDSHAKE },
  { name: "FIN-WAIT-1", next: 1, una: 1, max: 2, closeAfter: 3, script: WE_CLOSE },
  {
    name: "FIN-WAIT-2",
    next: 1,
    una: 2,
    max: 2,
    closeAfter: 3,
    script: [...WE_CLOSE, "< . 1:1(0) ack 2"],
  },
  { name: "CLOSE-WAIT", next: 2, una: 1, max: 1, script: PEER_CLOSES },
  {
    name: "CLOSING",
    next: 2,
    una: 1,
    max: 2,
    closeAfter: 3,
    script: [...WE_CLOSE, "< F. 1:1(0) ack 1", "> . 2:2(0) ack 2"],
  },
  {
    name: "LAST-ACK",
    next: 2,
    una: 1,
    max: 2,
    closeAfter: 5,
    script: [...PEER_CLOSES, "> F. 1:1(0) ack 2"],
  },
];

/** After all has been said. */
export const TIME_WAIT: ReachableState = {
  name: "TIME-WAIT",
  next: 2,
  una: 2,
  max: 2,
  closeAfter: 3,
  script: [...WE_CLOSE, "< F. 1:1(0) ack 2", "> . 2:2(0) ack 2"],
};

/** Before the handshake is over: SYN-RECEIVED twice, as the peer or both have asked. */
export const UNSYNCHRONIZED: readonly ReachableState[] = [
  { name: "SYN-SENT", next: 0, una: 0, max: 1, isActive: true, script: ["> S 0:0(0)"] },
  { name: "SYN-RECEIVED", next: 1, una: 0, max: 1, script: HANDSHAKE.slice(0, 2) },
  {
    name: "SYN-RECEIVED",
    next: 1,
    una: 0,
    max: 1,
    isActive: true,
    script: ["> S 0:0(0)", "< S 0:0(0) win 65535 <mss 1460>", "> S. 0:0(0) ack 1"],
  },
];

/** Brings the flow of `talk.port`, which is new, into `state`. */
export function enterState(talk: Conversation, state: ReachableState): void {
  const { name, script, closeAfter = script.length, isActive = false } = state;
  if (isActive) talk.connect();
  talk.play(script.slice(0, closeAfter).join("\n"));
  if (state.closeAfter !== undefined) talk.closeWrite();
  talk.play(script.slice(closeAfter).join("\n"));
  assertEquals(talk.connection.info.state, name);
}
