/**
 * Where the datagrams of guests go out.
 *
 * Everything here is pulled, and nothing but {@linkcode DatagramNetwork.wait}
 * waits: datagrams that nobody has room for are lost, as they are anywhere.
 *
 * @module
 */
import type { IpAddress } from "../ip/address.ts";
import type { Endpoint, EndpointField } from "../ip/flow.ts";
import type { Problem } from "../ip/header.ts";

/** Why a datagram did not arrive. */
export interface DatagramFailure {
  /** What is to be told to the guest; "no room": nothing, the datagram is just lost. */
  readonly problem: Problem | "no room";
  /** With "too big": the longest IP packet that fits, in bytes. */
  readonly mtu: number;
  /** Who on the way says so, if it is to be told. */
  readonly from?: IpAddress;
}

/** Why a datagram did not arrive that was sent earlier. */
export interface LateFailure extends DatagramFailure {
  /** Where it was to go. */
  readonly target: Endpoint;
}

/** One port of the outside, which sends to and hears from all. */
export interface DatagramPort {
  /**
   * Sends the first `length` bytes of `bytes`.
   *
   * @param hopLimit Routers that the datagram may yet pass, 1 to 255. @default {64}
   * @returns Why not, if that is known at once.
   */
  send(
    target: Endpoint,
    bytes: Uint8Array,
    length: number,
    hopLimit?: number,
  ): DatagramFailure | undefined;
  /**
   * Takes a datagram into `into`; `from` becomes its sender.
   *
   * @returns Its length; -1 if there is none.
   */
  receive(into: Uint8Array, from: EndpointField): number;
  /** The next error about a datagram that was sent earlier. */
  receiveFailure(): LateFailure | undefined;
  /** Gives the port back. */
  close(): void;
}

/** Opens ports, and knows which of them have something for us. */
export interface DatagramNetwork {
  /**
   * Whether it waits where the link does: then whoever is called in every step may collect there,
   * without {@linkcode wait}. @default {false}
   */
  readonly isPolled?: boolean;
  /**
   * Opens a port for one version of IP.
   *
   * @throws What tells with its `code` why that is not possible, such as "EMFILE".
   */
  open(version: 4 | 6): DatagramPort;
  /** The address of a name. Called only if a policy's target is one. */
  resolve(hostname: string): Promise<IpAddress>;
  /** Fills in the ports with something to receive, and those with failures. */
  collect(readable: DatagramPort[], failed: DatagramPort[]): void;
  /** Resolves when there is something to collect, or upon {@linkcode DatagramNetwork.close}. */
  wait(): Promise<void>;
  /** Ends everything. */
  close(): void;
}
