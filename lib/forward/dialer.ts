/**
 * Opens the outer half of a flow.
 *
 * @module
 */

import type { IpAddress } from "../ip/address.ts";

/** Where to connect to. */
export interface Target {
  /** A name, or an address in text form. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  /** The address that `hostname` is, if that is known: it saves reading it. */
  readonly address?: IpAddress;
}

/** A byte stream with two independent directions; a `Deno.TcpConn` is one as it is. */
export interface ByteStream {
  /** Reads some bytes; null at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some of `data`; returns how many bytes. */
  write(data: Uint8Array<ArrayBuffer>): Promise<number>;
  /** Says that no more will be written; reading goes on. */
  closeWrite(): Promise<void>;
  /** Ends both directions. */
  close(): void;
  /** Ends both directions such that the other end sees a reset. @default {@linkcode close} */
  reset?(): void;
}

/** Opens streams. */
export interface Dialer {
  /**
   * Opens a stream to `target`.
   *
   * @throws What {@linkcode Deno.connect} would: `Deno.errors.ConnectionRefused`
   * becomes a reset, an unreachable network or host an ICMP error, a time-out
   * silence.
   */
  dial(target: Target, signal: AbortSignal): Promise<ByteStream>;
}
