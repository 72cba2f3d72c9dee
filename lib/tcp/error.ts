/**
 * What can go wrong with a connection.
 *
 * @module
 */

/**
 * Why a connection ended other than by a FIN from each side: the peer refused
 * it, the network says that it cannot be reached, the peer reset it, we did, or
 * the peer has stopped answering.
 */
export type TcpErrorCode = "refused" | "unreachable" | "reset" | "aborted" | "timeout";

/** Thrown by writes on a connection that cannot take any more. */
export class TcpError extends Error {
  /** "TcpError" */
  override readonly name = "TcpError";
  /** What happened; "closed" when our side was closed in peace. */
  readonly code: TcpErrorCode | "closed";

  /** Makes an error with a code and a message. */
  constructor(code: TcpErrorCode | "closed", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
