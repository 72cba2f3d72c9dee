/**
 * Watches what both ends of a connection put on the wire, and objects to what
 * no TCP may send.
 *
 * @module
 */
import { Drop } from "../../lib/base/drop.ts";
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { icmpChecksum } from "../../lib/icmp/header.ts";
import { IpHeader, IpProtocol } from "../../lib/ip/header.ts";
import { parseIpv4 } from "../../lib/ip/ipv4_header.ts";
import { IPV6_HEADER_LENGTH, parseIpv6 } from "../../lib/ip/ipv6_header.ts";
import { ACK, FIN, parseSegment, RST, Segment, SYN } from "../../lib/tcp/header.ts";
import { type Seq, seqAdd, seqBefore, seqDiff, seqMax } from "../../lib/tcp/seq.ts";
import type { Content } from "./content.ts";

/** What one end has shown of itself. */
interface End {
  readonly name: string;
  readonly content: Content;
  /** ISS */
  iss: Seq | undefined;
  /** The shift it announced, -1 for none. */
  scale: number;
  /** The highest that it has sent. */
  max: Seq | undefined;
  /** The highest that it has acknowledged. */
  acked: Seq | undefined;
  /** The furthest right edge that it has promised. */
  edge: Seq | undefined;
  fin: Seq | undefined;
}

/** Watches a conversation of two ends; see the module's description. */
export class WireWatch {
  readonly #ends: readonly [End, End];
  readonly #header = new IpHeader();
  readonly #segment = new Segment();

  /** `client` and `server` are what the ends say. */
  constructor(client: Content, server: Content) {
    this.#ends = [newEnd("client", client), newEnd("server", server)];
  }

  /**
   * Looks at a packet that end 0 or 1 has made, and leaves it as it is.
   *
   * @throws {Error} When the packet breaks a rule.
   */
  watch(sender: 0 | 1, packet: PacketBuffer): void {
    const { start, end, length } = packet;
    const segment = this.#segment;
    const isVersion6 = packet.view.getUint8(start) >> 4 === 6;
    const total = isVersion6
      ? packet.view.getUint16(start + 4) + IPV6_HEADER_LENGTH
      : packet.view.getUint16(start + 2);
    if (total !== length) throw new Error(`${length} bytes were sent, ${total} announced`);
    const parse = isVersion6 ? parseIpv6 : parseIpv4;
    if (parse(this.#header, packet) !== Drop.None) throw new Error("a bad IP header was sent");
    if (this.#header.protocol !== IpProtocol.Tcp) {
      this.#checkIcmp(packet); // about what was forged
      packet.start = start;
      return;
    }
    const reason = parseSegment(segment, this.#header, packet);
    if (reason !== Drop.None) throw new Error(`a bad segment was sent (${reason})`);
    try {
      this.#check(this.#ends[sender], this.#ends[1 - sender]!, packet);
    } catch (error) {
      throw new Error(`${this.#ends[sender].name} sent ${describe(segment)}`, { cause: error });
    } finally {
      packet.start = start;
      packet.end = end;
    }
  }

  #checkIcmp(packet: PacketBuffer): void {
    const { protocol } = this.#header;
    const isIcmp = protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;
    if (!isIcmp) throw new Error("something was sent beside TCP and ICMP");
    if (this.#header.isFragment) return; // of an echo reply to what was forged
    if (icmpChecksum(this.#header, packet) !== 0) throw new Error("a bad ICMP message was sent");
  }

  #check(self: End, peer: End, packet: PacketBuffer): void {
    const segment = this.#segment;
    if (segment.flags & RST) return;
    if (segment.flags & SYN) {
      self.iss ??= segment.seq;
      if (self.iss !== segment.seq) fail("the ISN has changed");
      self.scale = segment.options.windowScale;
    }
    if (self.iss === undefined) return fail("a SYN has to come first");
    if (segment.flags & ACK) this.#checkAck(self, peer);
    else if (!(segment.flags & SYN)) fail("there is no ACK");
    this.#checkText(self, peer, self.iss, packet);
    self.max = self.max === undefined ? segment.end : seqMax(self.max, segment.end);
  }

  #checkAck(self: End, peer: End): void {
    const { ack, window, flags } = this.#segment;
    if (peer.max === undefined || seqBefore(peer.max, ack)) fail("that was never sent");
    if (self.acked !== undefined && seqBefore(ack, self.acked)) fail("the ACK goes back");
    self.acked = ack;
    const isScaled = self.scale >= 0 && peer.scale >= 0 && !(flags & SYN);
    const unit = isScaled ? 2 ** self.scale : 1;
    const edge = seqAdd(ack, window * unit);
    // SHLD-14; RFC 7323 §2.4 lets rounding take less than a unit away.
    if (self.edge !== undefined && seqDiff(self.edge, edge) >= Math.max(unit, 1)) {
      if (self.edge !== edge) fail(`the window shrinks by ${seqDiff(self.edge, edge)}`);
    }
    self.edge = self.edge === undefined ? edge : seqMax(self.edge, edge);
  }

  #checkText(self: End, peer: End, iss: Seq, packet: PacketBuffer): void {
    const segment = this.#segment;
    const { seq, payloadLength, flags } = segment;
    const isProbe = payloadLength === 1 && packet.bytes[packet.start] === 0 &&
      peer.acked !== undefined && seqBefore(seq, peer.acked);
    if (isProbe) return;
    const textEnd = seqAdd(seq, payloadLength);
    if (flags & FIN) {
      self.fin ??= textEnd;
      if (self.fin !== textEnd) fail("the FIN has moved");
    }
    if (payloadLength > 0 && self.fin !== undefined && seqBefore(self.fin, textEnd)) {
      fail("text comes after the FIN");
    }
    if (segment.length > 0 && peer.edge !== undefined && seqBefore(peer.edge, segment.end)) {
      fail(`it goes ${seqDiff(segment.end, peer.edge)} beyond the window`);
    }
    const position = seqDiff(seq, iss) - 1;
    const wrong = self.content.firstWrong(position, packet.bytes, packet.start, packet.end);
    if (payloadLength > 0 && wrong >= 0) fail(`byte ${position + wrong} is wrong`);
  }
}

function newEnd(name: string, content: Content): End {
  return {
    name,
    content,
    iss: undefined,
    scale: -1,
    max: undefined,
    acked: undefined,
    edge: undefined,
    fin: undefined,
  };
}

function describe(segment: Segment): string {
  const { flags, payloadLength, window } = segment;
  const names = [[SYN, "SYN"], [FIN, "FIN"], [RST, "RST"], [ACK, "ACK"]] as const;
  const set = names.filter(([bit]) => flags & bit).map(([, name]) => name).join(",");
  return `${set} of ${payloadLength} bytes, window ${window}`;
}

function fail(what: string): void {
  throw new Error(what);
}
