/**
 * ICMP for IPv4: tells the guest that a target cannot be reached.
 *
 * Errors are owed, and leave when the link asks. A token bucket keeps them from
 * becoming a flood, and what comes in is counted and dropped.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.2 | RFC 1122 §3.2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1812#section-4.3.2.8 | RFC 1812 §4.3.2.8}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import type { Flow } from "../ip/flow.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import type { TransportProtocol } from "../ip/ip.ts";
import { writeIpv4 } from "../ip/ipv4_header.ts";
import { type Segment, writeSegment } from "../tcp/header.ts";
import { DESTINATION_UNREACHABLE, type UnreachableCode, writeIcmpError } from "./header.ts";

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

/** The ICMP of one stack. */
export class Icmp implements TransportProtocol {
  readonly protocol: number = IpProtocol.Icmp;
  readonly #owed: OwedError[] = [];
  readonly #quoted = new PacketBuffer(256);
  #tokens = BURST;
  #filledAt: Millis = 0;

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

  receive(_header: IpHeader, _packet: PacketBuffer, _now: Millis): Drop {
    return Drop.UnknownProtocol; // nothing that the guest can send asks anything of us yet
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
