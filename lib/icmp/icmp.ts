/**
 * ICMP for IPv4: tells the guest that a target cannot be reached, and the
 * transports what the guest says of their packets.
 *
 * Errors are owed, and leave when the link asks. A token bucket keeps them from
 * becoming a flood.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2 | RFC 1122 §3.2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1812#section-4.3.2.8 | RFC 1812 §4.3.2.8}
 * @module
 */
import { addWords, fold } from "../base/checksum.ts";
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { sameAddress } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import type { DeliveryError, TransportProtocol } from "../ip/ip.ts";
import { writeIpv4 } from "../ip/ipv4_header.ts";
import { type Segment, writeSegment } from "../tcp/header.ts";
import {
  DESTINATION_UNREACHABLE,
  ICMP_HEADER_LENGTH,
  type UnreachableCode,
  writeIcmpError,
} from "./header.ts";
import { DeliveryReport, parseReport } from "./report.ts";

/** As gVisor: a thousand a second, fifty at once. */
const RATE = 1; // a millisecond
const BURST = 50;
/** Errors that wait for their turn, at most. */
const MOST_OWED = 512;

interface OwedError {
  readonly flow: Flow;
  readonly quoted: Uint8Array;
  readonly code: UnreachableCode;
}

/** Hands an error to the transport that has sent what is quoted: see `receiveError` of `Ip`. */
export type ErrorSink = (
  header: IpHeader,
  packet: PacketBuffer,
  error: DeliveryError,
  now: Millis,
) => Drop;

/** The ICMP of one stack. */
export class Icmp implements TransportProtocol {
  readonly protocol: number = IpProtocol.Icmp;
  readonly #owed: OwedError[] = [];
  readonly #quoted = new PacketBuffer(256);
  readonly #report = new DeliveryReport();
  readonly #quotedHeader = new IpHeader();
  readonly #sink: ErrorSink;
  #tokens = BURST;
  #filledAt: Millis = 0;

  /** Makes an ICMP that hands the errors that come in to `sink`. */
  constructor(sink: ErrorSink) {
    this.#sink = sink;
  }

  /** When the next error that is owed may leave. */
  get nextDeadline(): Millis {
    if (this.#owed.length === 0) return NEVER;
    return this.#filledAt + Math.max(0, 1 - this.#tokens) / RATE;
  }

  /**
   * Owes the client of `flow` an error about `syn`, its first segment.
   *
   * @returns `Drop.TooManyReplies` when it will not be sent.
   */
  unreachable(flow: Flow, syn: Segment, code: UnreachableCode): Drop {
    if (this.#owed.length >= MOST_OWED) return Drop.TooManyReplies;
    this.#owed.push({ flow, quoted: this.#quote(flow, syn), code });
    return Drop.None;
  }

  receive(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    const { view, start, end, length } = packet;
    if (length < ICMP_HEADER_LENGTH) return Drop.Truncated;
    if (fold(addWords(view, start, end)) !== 0) return Drop.BadChecksum;
    const quoted = this.#quotedHeader;
    const reason = parseReport(this.#report, quoted, packet);
    if (reason !== Drop.None) return reason;
    // An error goes to whoever has sent the packet (RFC 1122 §3.2.2).
    if (!sameAddress(quoted.source, header.destination)) return Drop.UnrelatedError;
    return this.#sink(quoted, packet, this.#report, now);
  }

  advance(_now: Millis): void {}

  transmit(header: IpHeader, packet: PacketBuffer, now: Millis): boolean {
    if (this.#owed.length === 0 || !this.#takeToken(now)) return false;
    const error = this.#owed.shift();
    if (!error) return false;
    const { flow, quoted, code } = error;
    packet.bytes.set(quoted, packet.append(quoted.length));
    writeIcmpError(packet, DESTINATION_UNREACHABLE, code);
    header.version = 4;
    header.protocol = IpProtocol.Icmp;
    header.source.assign(flow.target.address);
    header.destination.assign(flow.client.address);
    return true;
  }

  /** The packet that brought `syn`, made again: its IP and TCP headers. */
  #quote(flow: Flow, syn: Segment): Uint8Array {
    const header = new IpHeader();
    header.protocol = flow.protocol;
    header.source.assign(flow.client.address);
    header.destination.assign(flow.target.address);
    this.#quoted.clear();
    writeSegment(syn, header, this.#quoted, false);
    writeIpv4(header, this.#quoted);
    return this.#quoted.bytes.slice(this.#quoted.start, this.#quoted.end);
  }

  #takeToken(now: Millis): boolean {
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#filledAt) * RATE);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
