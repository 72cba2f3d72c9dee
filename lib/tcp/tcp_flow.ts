/**
 * What the flow table of TCP holds.
 *
 * @module
 */
import type { TcpConnection } from "./connection.ts";
import type { TcpRequest } from "./request.ts";

/** A flow that waits for an answer, or one that has got it. */
export type TcpFlow = TcpRequest | TcpConnection;
