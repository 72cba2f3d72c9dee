/**
 * IP: which version a packet has, and which transport it is for.
 *
 *     Link -> version nibble -> NetworkProtocol -> protocol number -> TransportProtocol
 *
 * Both sorts of protocol are registered, so that a user of the library can add
 * one of their own without touching the stack.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";
import { IpHeader, type Report } from "./header.ts";
import { IPV4_HEADER_LENGTH, parseIpv4, writeIpv4 } from "./ipv4_header.ts";
import { IPV6_HEADER_LENGTH, parseIpv6, writeIpv6 } from "./ipv6_header.ts";

/** IPv4 or IPv6, chosen by the version nibble. */
export interface NetworkProtocol {
  /** The value of the nibble. */
  readonly version: number;
  /** Bytes that {@linkcode NetworkProtocol.write} prepends. */
  readonly headerLength: number;
  /** Reads and consumes the header; returns why not, or `Drop.None`. */
  parse(header: IpHeader, packet: PacketBuffer): Drop;
  /** Prepends the header. */
  write(header: IpHeader, packet: PacketBuffer): void;
}

/** Why a packet of ours did not arrive, in words that suit both versions of ICMP. */
export type DeliveryErrorKind =
  | "network unreachable"
  | "host unreachable"
  | "protocol unreachable"
  | "port unreachable"
  | "prohibited"
  | "too big"
  | "time exceeded"
  | "parameter problem";

/** What somebody on the way, or at its end, says of a packet of ours. One object, reused. */
export interface DeliveryError {
  /** What went wrong. */
  readonly kind: DeliveryErrorKind;
  /** With "too big": the longest IP packet that fits, in bytes. */
  readonly mtu: number;
}

/** TCP, UDP, ICMP, or a protocol that a user of the library adds. */
export interface TransportProtocol {
  /** Its IP protocol number. */
  readonly protocol: number;
  /** When {@linkcode TransportProtocol.advance} has something to do, or `NEVER`. */
  readonly nextDeadline: Millis;
  /** Takes one packet in; keeps no reference to either argument. */
  receive(header: IpHeader, packet: PacketBuffer, now: Millis): Drop;
  /** Runs the timers that are due. */
  advance(now: Millis): void;
  /**
   * Makes one packet, filling in `header` and, behind the headroom, `packet`.
   *
   * @returns Whether there was one to make.
   */
  transmit(header: IpHeader, packet: PacketBuffer, now: Millis): boolean;
  /**
   * Learns that a packet of its own was not delivered.
   *
   * @param header The IP header of that packet, as it was quoted.
   * @param packet The beginning of what was behind it: at least eight bytes.
   * @param error What went wrong.
   * @param now The present.
   * @returns Why this changes nothing, or `Drop.None`.
   */
  receiveError?(
    header: IpHeader,
    packet: PacketBuffer,
    error: DeliveryError,
    now: Millis,
  ): Drop;
}

/** IPv4 (RFC 791), without fragments. */
export const ipv4Protocol: NetworkProtocol = {
  version: 4,
  headerLength: IPV4_HEADER_LENGTH,
  parse: parseIpv4,
  write: writeIpv4,
};

/** IPv6 (RFC 8200), without fragments. */
export const ipv6Protocol: NetworkProtocol = {
  version: 6,
  headerLength: IPV6_HEADER_LENGTH,
  parse: parseIpv6,
  write: writeIpv6,
};

/** Of IPv6: nothing follows (RFC 8200 §4.7). */
const NO_NEXT_HEADER = 59;

/** What IP gets from the stack that it is part of. */
export interface IpEnvironment extends AdmissionOptions {
  /** Tells senders what is wrong with their packets. @default nobody does */
  readonly report?: Report;
}

/** Dispatches packets between network and transport protocols. */
export class Ip {
  /** Whose packets are taken. */
  readonly admission: Admission;
  readonly #report: Report;
  readonly #versions = new Map<number, NetworkProtocol>();
  readonly #transports = new Map<number, TransportProtocol>();
  readonly #order: TransportProtocol[] = [];
  readonly #header = new IpHeader();
  #turn = 0;

  /** Makes an IP without protocols. */
  constructor(environment: IpEnvironment = {}) {
    this.admission = new Admission(environment);
    this.#report = environment.report ?? (() => Drop.None);
  }

  /** Adds a version of IP; one that is there already is replaced. */
  registerNetwork(protocol: NetworkProtocol): void {
    this.#versions.set(protocol.version, protocol);
  }

  /**
   * Adds a transport protocol.
   *
   * @throws {RangeError} When its protocol number is taken.
   */
  registerTransport(transport: TransportProtocol): void {
    if (this.#transports.has(transport.protocol)) {
      throw new RangeError(
        `Cannot register a transport: protocol ${transport.protocol} is taken`,
      );
    }
    this.#transports.set(transport.protocol, transport);
    this.#order.push(transport);
  }

  /** When {@linkcode Ip.advance} has something to do. */
  get nextDeadline(): Millis {
    let next = Infinity;
    for (const transport of this.#order) next = Math.min(next, transport.nextDeadline);
    return next;
  }

  /** Handles one packet; returns why it was dropped, or `Drop.None`. */
  receive(packet: PacketBuffer, now: Millis): Drop {
    if (packet.length < 1) return Drop.Truncated;
    const version = this.#versions.get(packet.view.getUint8(packet.start) >> 4);
    if (!version) return Drop.UnknownVersion;
    const header = this.#header;
    const reason = version.parse(header, packet);
    if (reason !== Drop.None && header.problem === undefined) return reason;
    const refusal = this.admission.check(header);
    if (refusal !== Drop.None) return refusal;
    if (header.problem !== undefined) {
      return this.#report(header, packet, header.problem, header.problemAt) || reason;
    }
    if (header.hopLimit <= 1 && this.#isExpired(header)) {
      return this.#report(header, packet, "time exceeded") || Drop.HopLimitExceeded;
    }
    const transport = this.#transports.get(header.protocol);
    if (transport) return transport.receive(header, packet, now);
    if (header.version === 6 && header.protocol === NO_NEXT_HEADER) return Drop.UnknownProtocol;
    return this.#report(header, packet, "protocol unreachable", header.protocolAt) ||
      Drop.UnknownProtocol;
  }

  /** Whether a packet with so few hops left would have to be passed on (RFC 1812 §5.3.1). */
  #isExpired({ version, hopLimit, destination, isMulticast }: IpHeader): boolean {
    if (version === 4 && hopLimit === 0) return true; // nobody may send that (RFC 1122 §3.2.1.7)
    return !isMulticast && !this.admission.owns(destination);
  }

  /** Hands an error about a packet of ours to the transport that has sent it. */
  receiveError(header: IpHeader, packet: PacketBuffer, error: DeliveryError, now: Millis): Drop {
    const transport = this.#transports.get(header.protocol);
    return transport?.receiveError?.(header, packet, error, now) ?? Drop.UnrelatedError;
  }

  /** Runs the timers that are due. */
  advance(now: Millis): void {
    for (const transport of this.#order) transport.advance(now);
  }

  /** Makes one packet of any transport, each in its turn; returns whether there was one. */
  transmit(packet: PacketBuffer, now: Millis): boolean {
    for (let i = 0; i < this.#order.length; i++) {
      const transport = this.#order[this.#turn]!; // `#turn` stays below the length
      this.#turn = (this.#turn + 1) % this.#order.length;
      packet.clear();
      this.#header.hopLimit = 64; // RFC 1122 §3.2.1.7
      if (!transport.transmit(this.#header, packet, now)) continue;
      this.#versions.get(this.#header.version)?.write(this.#header, packet);
      return true;
    }
    return false;
  }
}
