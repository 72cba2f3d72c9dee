/**
 * What may have datagrams to send: a socket or a flow.
 *
 * @module
 */
import type { Listed } from "../base/ready_list.ts";
import type { DatagramQueue } from "./datagram_queue.ts";

/** What may have datagrams to send. */
export interface Sender {
  /** Those that wait. */
  readonly outgoing: DatagramQueue;
  /** Of the list of those who may have something to send. */
  readonly inReady: Listed<Sender>;
}
