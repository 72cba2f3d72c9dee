/**
 * ICMP, of either version: tells senders what becomes of their packets, and the
 * transports what is said of theirs.
 *
 * Errors are owed, and leave when the link asks. A token bucket keeps them from
 * becoming a flood.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2 | RFC 1122 §3.2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-2.4 | RFC 4443 §2.4}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { ChecksumState, PacketBuffer } from "../base/packet_buffer.ts";
import { copyAddress, type IpAddress, sameAddress } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import { IpHeader, type Problem } from "../ip/header.ts";
import type { DeliveryError, TransportProtocol } from "../ip/ip.ts";
import { writeIpv4 } from "../ip/ipv4_header.ts";
import { writeIpv6 } from "../ip/ipv6_header.ts";
import { type Segment, writeSegment } from "../tcp/header.ts";
import { ICMP_HEADER_LENGTH, icmpChecksum, writeIcmp } from "./header.ts";
import type { RateLimit } from "./rate_limit.ts";
import { DeliveryReport, parseReport } from "./report.ts";
import type { IcmpVersion } from "./version.ts";

/** Errors that wait for their turn, at most. */
const MOST_OWED = 512;

interface OwedError {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly type: number;
  readonly code: number;
  readonly rest: number;
  readonly quoted: Uint8Array;
}

/** Hands an error to the transport that has sent what is quoted: see `receiveError` of `Ip`. */
export type ErrorSink = (
  header: IpHeader,
  packet: PacketBuffer,
  error: DeliveryError,
  now: Millis,
) => Drop;

/** The ICMP of one stack and one version of IP. */
export class Icmp implements TransportProtocol {
  readonly protocol: number;
  readonly #version: IcmpVersion;
  readonly #limit: RateLimit;
  readonly #owed: OwedError[] = [];
  readonly #quoted = new PacketBuffer(256);
  readonly #report = new DeliveryReport();
  readonly #quotedHeader = new IpHeader();
  readonly #sink: ErrorSink;

  /** Makes an ICMP that hands the errors that come in to `sink`. */
  constructor(version: IcmpVersion, limit: RateLimit, sink: ErrorSink) {
    this.protocol = version.protocol;
    this.#version = version;
    this.#limit = limit;
    this.#sink = sink;
  }

  /** When the next error that is owed may leave. */
  get nextDeadline(): Millis {
    return this.#owed.length === 0 ? NEVER : this.#limit.nextAt;
  }

  /**
   * Owes the client of `flow` an error about `syn`, its first segment.
   *
   * @returns `Drop.TooManyReplies` when it will not be sent.
   */
  unreachable({ client, target, protocol }: Flow, syn: Segment, problem: Problem): Drop {
    const header = new IpHeader();
    header.protocol = protocol;
    header.source.assign(client.address);
    header.destination.assign(target.address);
    return this.#owe(header, problem, 0, this.#quote(header, syn));
  }

  receive(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    if (packet.length < ICMP_HEADER_LENGTH) return Drop.Truncated;
    if (packet.checksumState === ChecksumState.Plain && icmpChecksum(header, packet) !== 0) {
      return Drop.BadChecksum;
    }
    const quoted = this.#quotedHeader;
    const reason = parseReport(this.#version, this.#report, quoted, packet);
    if (reason !== Drop.None) return reason;
    // An error goes to whoever has sent the packet (RFC 1122 §3.2.2).
    if (!sameAddress(quoted.source, header.destination)) return Drop.UnrelatedError;
    return this.#sink(quoted, packet, this.#report, now);
  }

  advance(_now: Millis): void {}

  transmit(header: IpHeader, packet: PacketBuffer, now: Millis): boolean {
    if (this.#owed.length === 0 || !this.#limit.take(now)) return false;
    const error = this.#owed.shift();
    if (!error) return false;
    header.version = this.#version.version;
    header.protocol = this.protocol;
    header.source.assign(error.source);
    header.destination.assign(error.destination);
    packet.bytes.set(error.quoted, packet.append(error.quoted.length));
    writeIcmp(packet, header, error.type, error.code, error.rest);
    return true;
  }

  /** Owes the sender of a packet with this `header` an error, as from its destination. */
  #owe(header: IpHeader, problem: Problem, rest: number, quoted: Uint8Array): Drop {
    const report = this.#version.reports[problem];
    if (!report) return Drop.None;
    if (this.#owed.length >= MOST_OWED) return Drop.TooManyReplies;
    const [type, code] = report;
    const source = copyAddress(header.destination);
    this.#owed.push({ source, destination: copyAddress(header.source), type, code, rest, quoted });
    return Drop.None;
  }

  /** The packet that brought `syn`, made again: its IP and TCP headers. */
  #quote(header: IpHeader, syn: Segment): Uint8Array {
    const packet = this.#quoted;
    packet.clear();
    writeSegment(syn, header, packet, false);
    const write = this.#version.version === 4 ? writeIpv4 : writeIpv6;
    write(header, packet);
    return packet.bytes.slice(packet.start, packet.end);
  }
}
