/**
 * ICMP, of either version: tells senders what becomes of their packets, and the
 * transports what is said of theirs; answers echo requests.
 *
 * Messages are owed, and leave when the link asks. A token bucket keeps errors
 * from becoming a flood.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2 | RFC 1122 §3.2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-2.4 | RFC 4443 §2.4}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { ChecksumState, PacketBuffer } from "../base/packet_buffer.ts";
import { copyAddress, type IpAddress, isReachable, sameAddress } from "../ip/address.ts";
import type { Admission } from "../ip/admission.ts";
import type { Flow } from "../ip/flow.ts";
import { IpHeader, type Problem } from "../ip/header.ts";
import type { DeliveryError, TransportProtocol } from "../ip/ip.ts";
import { writeIpv4 } from "../ip/ipv4_header.ts";
import { writeIpv6 } from "../ip/ipv6_header.ts";
import { type EchoFailure, PendingEcho } from "./echo.ts";
import { ICMP_HEADER_LENGTH, icmpChecksum, writeIcmp } from "./header.ts";
import { Outbox } from "./outbox.ts";
import { copyQuotation, errorMayFollow } from "./quotation.ts";
import type { RateLimit } from "./rate_limit.ts";
import { DeliveryReport, parseReport } from "./report.ts";
import { type IcmpVersion, isOfRouter } from "./version.ts";

/** Errors that wait for their turn, at most; none is longer than 1280 bytes. */
const MOST_ERRORS = 512;
/** Echo replies that wait to leave, and requests that wait to be pulled, at most. */
const MOST_ECHOES = 512;
/** What they hold. A request may be as long as IP allows. */
const MOST_ECHO_BYTES = 1 << 20;

/** Hands an error to the transport that has sent what is quoted: see `receiveError` of `Ip`. */
export type ErrorSink = (
  header: IpHeader,
  packet: PacketBuffer,
  error: DeliveryError,
  now: Millis,
) => Drop;

/** Prepends the header of a transport. */
export type WriteHeader = (header: IpHeader, packet: PacketBuffer) => void;

/** What ICMP gets from the stack that it is part of. */
export interface IcmpEnvironment {
  /** Bounds the errors of both versions. */
  readonly limit: RateLimit;
  /** Knows the stack's addresses. */
  readonly admission: Admission;
  /** Takes the errors that come in. */
  readonly sink: ErrorSink;
  /** Counts answers that are not sent. */
  readonly count: (reason: Drop) => void;
}

/** The ICMP of one stack and one version of IP. */
export class Icmp implements TransportProtocol {
  readonly protocol: number;
  readonly #version: IcmpVersion;
  readonly #environment: IcmpEnvironment;
  readonly #errors = new Outbox(MOST_ERRORS, Infinity);
  readonly #replies = new Outbox(MOST_ECHOES, MOST_ECHO_BYTES);
  readonly #requests: PendingEcho[] = [];
  #requestBytes = 0;
  readonly #quoted = new PacketBuffer(256);
  readonly #report = new DeliveryReport();
  readonly #quotedHeader = new IpHeader();

  /** Makes an ICMP that owes nothing. */
  constructor(version: IcmpVersion, environment: IcmpEnvironment) {
    this.protocol = version.protocol;
    this.#version = version;
    this.#environment = environment;
  }

  /** When the next error that is owed may leave. */
  get nextDeadline(): Millis {
    return this.#errors.isEmpty ? NEVER : this.#environment.limit.nextAt;
  }

  /** Owes the sender of a packet that has come in an error: see {@linkcode Report}. */
  report(header: IpHeader, packet: PacketBuffer, problem: Problem, value = 0): Drop {
    const { view, end } = packet;
    if (!errorMayFollow(this.#version, header, view, end, problem, value)) return Drop.None;
    const source = this.#sourceOf(problem, header.destination, header.isMulticast);
    if (!source) return Drop.None;
    const body = copyQuotation(this.#version, packet.bytes, header.at, end);
    return this.#oweError(source, copyAddress(header.source), problem, value, body);
  }

  /**
   * Owes the client of `flow` an error about a packet that is no longer there.
   *
   * @param write Prepends the transport's header, as the client has sent it.
   * @param from Who says so. @default the router, or the target
   * @returns `Drop.TooManyReplies` when it will not be sent.
   */
  reportSent(
    { client, target, protocol }: Flow,
    write: WriteHeader,
    problem: Problem,
    value = 0,
    from?: IpAddress,
  ): Drop {
    const header = this.#quotedHeader;
    const packet = this.#quoted;
    header.version = this.#version.version;
    header.protocol = protocol;
    header.hopLimit = 64;
    header.source.assign(client.address);
    header.destination.assign(target.address);
    packet.clear();
    write(header, packet);
    if (header.version === 4) writeIpv4(header, packet);
    else writeIpv6(header, packet);
    const source = from ?? this.#sourceOf(problem, target.address, false) ?? target.address;
    const body = packet.bytes.slice(packet.start, packet.end);
    return this.#oweError(source, client.address, problem, value, body);
  }

  /** The next echo request to somebody else. */
  nextEcho(): PendingEcho | undefined {
    const request = this.#requests.shift();
    if (request) this.#requestBytes -= request.packet.length;
    return request;
  }

  receive(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    if (packet.length < ICMP_HEADER_LENGTH) return Drop.Truncated;
    if (packet.checksumState === ChecksumState.Plain && icmpChecksum(header, packet) !== 0) {
      return Drop.BadChecksum;
    }
    const type = packet.view.getUint8(packet.start);
    if (type === this.#version.echoRequest) return this.#receiveEcho(header, packet);
    if (header.wasFragmented && this.#version.isNeighborDiscovery(type)) return Drop.Malformed;
    const quoted = this.#quotedHeader;
    const reason = parseReport(this.#version, this.#report, quoted, packet);
    if (reason !== Drop.None) return reason;
    // An error goes to whoever has sent the packet (RFC 1122 §3.2.2).
    if (!sameAddress(quoted.source, header.destination)) return Drop.UnrelatedError;
    return this.#environment.sink(quoted, packet, this.#report, now);
  }

  advance(_now: Millis): void {}

  transmit(header: IpHeader, packet: PacketBuffer, now: Millis): boolean {
    const message = this.#replies.take() ?? this.#takeError(now);
    if (!message) return false;
    header.version = this.#version.version;
    header.protocol = this.protocol;
    header.source.assign(message.source);
    header.destination.assign(message.destination);
    packet.bytes.set(message.body, packet.append(message.body.length));
    writeIcmp(packet, header, message.type, message.code, message.rest);
    return true;
  }

  #takeError(now: Millis) {
    return !this.#errors.isEmpty && this.#environment.limit.take(now)
      ? this.#errors.take()
      : undefined;
  }

  #receiveEcho(header: IpHeader, packet: PacketBuffer): Drop {
    // Whoever answers what was sent to all makes a flood of it (RFC 1122 §3.2.2.6).
    if (header.isMulticast) return Drop.IgnoredMessage;
    if (!isReachable(header.destination)) return Drop.InvalidDestination;
    const request = new PendingEcho(header, packet, this);
    const { admission } = this.#environment;
    if (admission.hasOwn && admission.owns(header.destination)) return this.#oweReply(request);
    const bytes = this.#requestBytes + request.packet.length;
    if (this.#requests.length >= MOST_ECHOES || bytes > MOST_ECHO_BYTES) {
      return Drop.TooManyEchoes;
    }
    this.#requests.push(request);
    this.#requestBytes = bytes;
    return Drop.None;
  }

  /** Owes the reply to a request that was pulled. */
  reply(request: PendingEcho): void {
    this.#environment.count(this.#oweReply(request));
  }

  #oweReply({ source, destination, rest, data }: PendingEcho): Drop {
    const type = this.#version.echoReply;
    const reply = { source: destination, destination: source, type, code: 0, rest, body: data };
    return this.#replies.put(reply) ? Drop.None : Drop.TooManyReplies;
  }

  /** Owes an error about a request that was pulled. */
  fail(request: PendingEcho, problem: Problem, { from, mtu = 0 }: EchoFailure): void {
    const { source, destination, packet } = request;
    const sender = from ?? this.#sourceOf(problem, destination, false) ?? destination;
    const body = copyQuotation(this.#version, packet, 0, packet.length);
    this.#environment.count(this.#oweError(sender, source, problem, mtu, body));
  }

  /** Who reports a problem: the router, or the destination, which the stack stands for. */
  #sourceOf(problem: Problem, destination: IpAddress, isMulticast: boolean) {
    const router = this.#environment.admission.routerOf(this.#version.version);
    if (isMulticast) return router;
    return isOfRouter(problem) && router ? router : copyAddress(destination);
  }

  #oweError(
    source: IpAddress,
    destination: IpAddress,
    problem: Problem,
    value: number,
    body: Uint8Array,
  ): Drop {
    const report = this.#version.reports[problem];
    if (!report) return Drop.None;
    const [type, code] = report;
    const rest = problem === "too big" || this.#version.version === 6 ? value : 0;
    const error = { source, destination, type, code, rest, body };
    return this.#errors.put(error) ? Drop.None : Drop.TooManyReplies;
  }
}
