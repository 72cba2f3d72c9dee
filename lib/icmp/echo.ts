/**
 * Echo: "ping".
 *
 *     | type | code | checksum | identifier | sequence number | data |
 *
 * Requests to the stack's own addresses are answered by {@link ./icmp.ts};
 * those to others wait to be pulled, and for an answer, which is the requests'
 * own data.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2.6 | RFC 1122 §3.2.2.6}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-4 | RFC 4443 §4}
 * @module
 */
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { copyAddress, type IpAddress } from "../ip/address.ts";
import type { IpHeader, Problem } from "../ip/header.ts";
import { ICMP_HEADER_LENGTH } from "./header.ts";

/** Where in the header the identifier is, and behind it the sequence number. */
const IDENTIFIER = 4;
const SEQUENCE = 6;

/** What an error about an echo request says beside its kind. */
export interface EchoFailure {
  /** Who says so. @default the router, or the destination, as the problem is theirs */
  readonly from?: IpAddress;
  /** With "too big": the longest IP packet that fits, in bytes. */
  readonly mtu?: number;
}

/** An echo request to an address that is not the stack's; waits for an answer, or for none. */
export interface EchoRequest {
  /** Of IP. */
  readonly version: 4 | 6;
  /** Who asks. */
  readonly source: IpAddress;
  /** Who is asked. */
  readonly destination: IpAddress;
  /** Which process asks. */
  readonly identifier: number;
  /** Which of its questions this is. */
  readonly sequence: number;
  /** Hops that were left when it came: at least 2 where the stack is a router. */
  readonly hopLimit: number;
  /** The data, which is to come back; nobody may change it. */
  readonly data: Uint8Array;
  /** Owes the reply. */
  reply(): void;
  /** Owes an error about the request. */
  fail(problem: Problem, failure?: EchoFailure): void;
}

/** Who owes what requests are answered with. */
export interface EchoOwner {
  /** Owes the reply. */
  reply(request: PendingEcho): void;
  /** Owes an error. */
  fail(request: PendingEcho, problem: Problem, failure: EchoFailure): void;
}

/** An echo request that was taken out of its packet. */
export class PendingEcho implements EchoRequest {
  readonly version: 4 | 6;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly identifier: number;
  readonly sequence: number;
  readonly hopLimit: number;
  readonly data: Uint8Array;
  /** The whole packet, to be quoted. */
  readonly packet: Uint8Array;
  readonly #owner: EchoOwner;

  /** Copies the request at the front of `packet`. */
  constructor(header: IpHeader, packet: PacketBuffer, owner: EchoOwner) {
    const { bytes, view, start, end } = packet;
    this.version = header.version === 4 ? 4 : 6;
    this.source = copyAddress(header.source);
    this.destination = copyAddress(header.destination);
    this.identifier = view.getUint16(start + IDENTIFIER);
    this.sequence = view.getUint16(start + SEQUENCE);
    this.hopLimit = header.hopLimit;
    this.packet = bytes.slice(header.at, end);
    this.data = this.packet.subarray(start + ICMP_HEADER_LENGTH - header.at);
    this.#owner = owner;
  }

  /** The identifier and the sequence number, as they stand in the header. */
  get rest(): number {
    return this.identifier * 0x1_0000 + this.sequence;
  }

  reply(): void {
    this.#owner.reply(this);
  }

  fail(problem: Problem, failure: EchoFailure = {}): void {
    this.#owner.fail(this, problem, failure);
  }
}
