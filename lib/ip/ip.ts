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
import { PacketBuffer } from "../base/packet_buffer.ts";
import { type Random, systemRandom } from "../base/random.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";
import { Fragmenter } from "./fragmenter.ts";
import { Fragments } from "./fragments.ts";
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

/** IPv4 (RFC 791). */
export const ipv4Protocol: NetworkProtocol = {
  version: 4,
  headerLength: IPV4_HEADER_LENGTH,
  parse: parseIpv4,
  write: writeIpv4,
};

/** IPv6 (RFC 8200). */
export const ipv6Protocol: NetworkProtocol = {
  version: 6,
  headerLength: IPV6_HEADER_LENGTH,
  parse: parseIpv6,
  write: writeIpv6,
};

/** Of IPv6: nothing follows (RFC 8200 §4.7). */
const NO_NEXT_HEADER = 59;
/** Of packets, as far as IPv4 can say. */
const LONGEST = 65_535;

/** What IP gets from the stack that it is part of. */
export interface IpEnvironment extends AdmissionOptions {
  /** The longest packet that the link carries, in bytes. @default as long as IP allows */
  readonly mtu?: number;
  /** Where secrets come from. @default the system's source */
  readonly random?: Random;
  /** Tells senders what is wrong with their packets. @default nobody does */
  readonly report?: Report;
  /** Counts what is dropped later than it has come. @default nobody does */
  readonly count?: (reason: Drop) => void;
}

/** Dispatches packets between network and transport protocols. */
export class Ip {
  /** Whose packets are taken. */
  readonly admission: Admission;
  readonly #mtu: number;
  readonly #report: Report;
  readonly #count: (reason: Drop) => void;
  readonly #fragments: Fragments;
  readonly #fragmenter: Fragmenter;
  readonly #versions = new Map<number, NetworkProtocol>();
  readonly #transports = new Map<number, TransportProtocol>();
  readonly #order: TransportProtocol[] = [];
  readonly #header = new IpHeader();
  #turn = 0;

  /** Makes an IP without protocols. */
  constructor(environment: IpEnvironment = {}) {
    this.admission = new Admission(environment);
    const { mtu = LONGEST, random = systemRandom } = environment;
    const numbers = new Uint32Array(2);
    random.fill(new Uint8Array(numbers.buffer));
    const [seed = 0, identification = 0] = numbers;
    this.#mtu = mtu;
    this.#report = environment.report ?? (() => Drop.None);
    this.#count = environment.count ?? (() => {});
    this.#fragments = new Fragments(seed, (reason, first) => this.#giveUp(reason, first));
    this.#fragmenter = new Fragmenter(mtu, identification);
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
    let next = this.#fragments.nextDeadline;
    for (const transport of this.#order) next = Math.min(next, transport.nextDeadline);
    return next;
  }

  /** Handles one packet; returns why it was dropped, or `Drop.None`. */
  receive(packet: PacketBuffer, now: Millis): Drop {
    const header = this.#header;
    const reason = this.#read(header, packet);
    if (reason !== Drop.None) return reason;
    if (header.isFragment) return this.#receiveFragment(header, packet, now);
    return this.#deliver(header, packet, now);
  }

  /** Reads and consumes the header; returns why the packet is not taken, or `Drop.None`. */
  #read(header: IpHeader, packet: PacketBuffer): Drop {
    if (packet.length < 1) return Drop.Truncated;
    const version = this.#versions.get(packet.view.getUint8(packet.start) >> 4);
    if (!version) return Drop.UnknownVersion;
    header.begin(packet.start);
    const reason = version.parse(header, packet);
    if (reason !== Drop.None && header.problem === undefined) return reason;
    const refusal = this.admission.check(header);
    if (refusal !== Drop.None) return refusal;
    if (reason !== Drop.None) return this.#complain(header, packet, reason);
    if (header.hopLimit <= 1 && this.#isExpired(header)) {
      return this.#report(header, packet, "time exceeded") || Drop.HopLimitExceeded;
    }
    return Drop.None;
  }

  #receiveFragment(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    const whole = this.#fragments.add(header, packet, now);
    if (typeof whole === "number") return this.#complain(header, packet, whole);
    const reason = this.#read(header, whole);
    if (reason !== Drop.None) return reason;
    if (header.isFragment) return Drop.Fragment;
    header.wasFragmented = true;
    return this.#deliver(header, whole, now);
  }

  #deliver(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    const transport = this.#transports.get(header.protocol);
    if (transport) return transport.receive(header, packet, now);
    if (header.version === 6 && header.protocol === NO_NEXT_HEADER) return Drop.UnknownProtocol;
    return this.#report(header, packet, "protocol unreachable", header.protocolAt) ||
      Drop.UnknownProtocol;
  }

  /** Tells the sender what is wrong with the header, if that is to be told. */
  #complain(header: IpHeader, packet: PacketBuffer, reason: Drop): Drop {
    if (header.problem === undefined) return reason;
    return this.#report(header, packet, header.problem, header.problemAt) || reason;
  }

  /** Says of a datagram that it did not become whole, if its beginning is there to be quoted. */
  #giveUp(reason: Drop, first: Uint8Array | undefined): void {
    this.#count(reason);
    if (!first) return;
    const packet = new PacketBuffer(first.length);
    packet.bytes.set(first, packet.append(first.length));
    if (this.#read(this.#header, packet) !== Drop.None) return;
    this.#count(this.#report(this.#header, packet, "reassembly timeout"));
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
    this.#fragments.advance(now);
    for (const transport of this.#order) transport.advance(now);
  }

  /** Makes one packet of any transport, each in its turn; returns whether there was one. */
  transmit(packet: PacketBuffer, now: Millis): boolean {
    if (this.#fragmenter.isBusy) return this.#transmitFragment(packet);
    for (let i = 0; i < this.#order.length; i++) {
      const transport = this.#order[this.#turn]!; // `#turn` stays below the length
      this.#turn = (this.#turn + 1) % this.#order.length;
      packet.clear();
      this.#header.hopLimit = 64; // RFC 1122 §3.2.1.7
      if (!transport.transmit(this.#header, packet, now)) continue;
      const version = this.#versions.get(this.#header.version);
      const isLong = packet.length + (version?.headerLength ?? 0) > this.#mtu;
      if (!isLong || packet.segmentSize > 0) {
        this.#header.isFragment = false;
        version?.write(this.#header, packet);
        return true;
      }
      this.#fragmenter.begin(this.#header, packet);
      return this.#transmitFragment(packet);
    }
    return false;
  }

  #transmitFragment(packet: PacketBuffer): boolean {
    const { header } = this.#fragmenter;
    const version = this.#versions.get(header.version);
    this.#fragmenter.next(packet, version?.headerLength ?? 0);
    version?.write(header, packet);
    return true;
  }
}
