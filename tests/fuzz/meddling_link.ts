/**
 * A link with somebody on it who knows everything, and whom TCP must resist.
 *
 * Beside what is on its way it delivers old packets again, damaged ones, and forgeries: resets that
 * do not hit RCV.NXT, SYNs, acknowledgments of what was never sent, closed windows, urgent pointers,
 * options that lie, ICMP errors, fragments. Nothing that a TCP without a secret may fall for: text is
 * never changed, nor is what was not received acknowledged.
 *
 * @module
 */
import { addWords, fold } from "../../lib/base/checksum.ts";
import { Drop } from "../../lib/base/drop.ts";
import { ChecksumState, HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { IpHeader, IpProtocol, pseudoHeaderSum } from "../../lib/ip/header.ts";
import { parseIpv4 } from "../../lib/ip/ipv4_header.ts";
import type { Link, SendResult } from "../../lib/link/link.ts";
import { LinkDecorator } from "../../lib/link/link_decorator.ts";
import { ACK, FIN, parseSegment, RST, Segment, SYN, URG } from "../../lib/tcp/header.ts";
import { type Seq, seqAdd, seqBits, seqMax } from "../../lib/tcp/seq.ts";
import { mutate } from "./bytes.ts";
import { prependIcmpError } from "./icmp_error.ts";

/** Packets that are remembered, to be sent again. */
const MOST_REMEMBERED = 32;
/** Forgeries: answers to them would be answered by more of them for ever. */
const MOST_FORGED = 2000;
const IP = 20;
const TCP = 20;
const SEQ = 4;
const ACKNOWLEDGMENT = 8;
const FLAGS = 12;
const WINDOW = 14;
const CHECKSUM = 16;
const URGENT = 18;
const TIMESTAMPS = 8;

/** Passes everything on, and adds what nobody has sent; see the module's description. */
export class MeddlingLink extends LinkDecorator {
  readonly #random: SeededRandom;
  /** How many packets are added for one that comes. */
  readonly #zeal: number;
  /**
   * Whether windows are forged, too, as is done to one of two ends only. An acknowledgment lies at
   * the right edge at most; where both edges have moved back behind what the other end has
   * received, neither can be heard again, whatever their TCP is.
   */
  readonly #closesWindows: boolean;
  readonly #remembered: PacketBuffer[] = [];
  readonly #header = new IpHeader();
  readonly #segment = new Segment();
  /** The end of what this end has sent, and of what has come for it. */
  #sentEnd: Seq | undefined;
  #cameEnd: Seq | undefined;
  /** Whether this end has surely left SYN-SENT and SYN-RECEIVED. */
  #isSynchronized = false;
  /** Whether one of the ends has sent a reset. */
  #wasReset = false;
  #budget = 0;
  #forged = 0;

  /** Meddles with what `inner`, which becomes its own, brings. */
  constructor(inner: Link, seed: number, zeal: number) {
    super(inner);
    this.#random = new SeededRandom(seed);
    this.#zeal = zeal;
    this.#closesWindows = seed % 2 === 0;
  }

  override receive(packet: PacketBuffer): boolean {
    if (this.#budget >= 1 && this.#remembered.length > 0 && this.#forged < MOST_FORGED) {
      this.#budget--;
      this.#forged++;
      if (this.#forge(packet)) return true;
    }
    if (!this.inner.receive(packet)) return false;
    this.#budget += this.#zeal * this.#random.next() * 2;
    if (this.#parse(packet)) this.#remember(packet);
    return true;
  }

  override send(packet: PacketBuffer): SendResult {
    if (this.#parse(packet)) {
      const { end, flags } = this.#segment;
      if (flags & RST) this.#wasReset = true;
      else this.#sentEnd = this.#sentEnd === undefined ? end : seqMax(this.#sentEnd, end);
    }
    return this.inner.send(packet);
  }

  /** Reads an IPv4 segment and leaves it as it is. */
  #parse(packet: PacketBuffer): boolean {
    const { start, end, checksumState } = packet;
    if (packet.length < IP + TCP || packet.view.getUint8(start) >> 4 !== 4) return false;
    packet.checksumState = ChecksumState.Verified;
    const isSegment = parseIpv4(this.#header, packet) === Drop.None &&
      this.#header.protocol === IpProtocol.Tcp &&
      parseSegment(this.#segment, this.#header, packet) === Drop.None;
    packet.start = start;
    packet.end = end;
    packet.checksumState = checksumState;
    return isSegment;
  }

  #remember(packet: PacketBuffer): void {
    const { flags, end, payloadLength } = this.#segment;
    if (flags & RST) this.#wasReset = true;
    if (flags & RST || packet.checksumState !== ChecksumState.Plain) return;
    if (!isIntact(packet)) return; // damaged on its way
    if (payloadLength > 0 || flags & FIN) this.#isSynchronized = true;
    this.#cameEnd = this.#cameEnd === undefined ? end : seqMax(this.#cameEnd, end);
    const copy = new PacketBuffer(HEADROOM + packet.length);
    copy.clear();
    copy.bytes.set(packet.bytes.subarray(packet.start, packet.end), copy.append(packet.length));
    if (this.#remembered.length < MOST_REMEMBERED) this.#remembered.push(copy);
    else this.#remembered[this.#random.below(MOST_REMEMBERED)] = copy;
  }

  /** Makes a packet of one that came before; returns whether it may be delivered. */
  #forge(packet: PacketBuffer): boolean {
    const random = this.#random;
    const original = this.#remembered[random.below(this.#remembered.length)]!;
    // Behind the end of a connection an old SYN would open another one.
    if (
      (this.#isSynchronized || this.#wasReset) &&
      original.view.getUint8(original.start + IP + 13) & SYN
    ) {
      return false;
    }
    packet.clear();
    const { length } = original;
    packet.bytes.set(
      original.bytes.subarray(original.start, original.end),
      packet.append(length),
    );
    switch (random.below(this.#isSynchronized ? 12 : 4)) {
      case 0:
        return true; // an old one
      case 1:
        return this.#damage(packet);
      case 2:
        return this.#makeFragment(packet);
      case 3:
        return this.#addIpOptions(packet);
      case 4:
        return this.#makeIcmpError(packet);
      default:
        return this.#change(packet);
    }
  }

  #damage(packet: PacketBuffer): boolean {
    const { bytes, start, end } = packet;
    const damaged = mutate(this.#random, bytes.slice(start, end));
    packet.end = start + damaged.length;
    bytes.set(damaged, start);
    return !isIntact(packet); // one in 65536 looks right, and would spoil the text
  }

  #makeFragment(packet: PacketBuffer): boolean {
    const { view, start } = packet;
    view.setUint16(start + 6, [0x2000, 0x0001, 0x1fff, 0x2003, 0x6000][this.#random.below(5)]!);
    return stampIp(packet);
  }

  #addIpOptions(packet: PacketBuffer): boolean {
    const count = 4 * (1 + this.#random.below(10));
    const at = packet.prepend(count);
    packet.bytes.copyWithin(at, at + count, at + count + IP);
    const options = packet.bytes.subarray(at + IP, at + IP + count);
    this.#random.fill(options);
    // Record route, timestamp, source routes, nonsense.
    options[0] = [1, 7, 68, 131, 137, 0, 255][this.#random.below(7)]!;
    packet.view.setUint8(at, 0x45 + count / 4);
    packet.view.setUint16(at + 2, packet.length);
    return stampIp(packet);
  }

  /** An ICMP error about what this end has sent. */
  #makeIcmpError(packet: PacketBuffer): boolean {
    const random = this.#random;
    if (!this.#parse(packet) || this.#sentEnd === undefined) return false;
    const { source, destination } = this.#header;
    const [from, to] = [source.w3, destination.w3];
    const { view, start } = packet;
    const [sourcePort, destinationPort] = [view.getUint16(start + IP), view.getUint16(start + 22)];
    packet.end = start + IP + 8 + random.below(packet.length - IP - 7); // what is quoted
    const seq = seqAdd(this.#sentEnd, -random.below(70_000));
    view.setUint32(start + 12, to);
    view.setUint32(start + 16, from);
    view.setUint16(start + IP, destinationPort);
    view.setUint16(start + 22, sourcePort);
    writeSeq(view, start + IP + SEQ, seq);
    stampIp(packet);
    prependIcmpError(random, packet, random.below(2) ? from : 0x0a0000fe, to);
    return true;
  }

  /** Changes a field or two of the TCP header. */
  #change(packet: PacketBuffer): boolean {
    const random = this.#random;
    if (!this.#parse(packet) || this.#sentEnd === undefined) return false;
    if (this.#cameEnd === undefined || this.#segment.flags & SYN) return false;
    const { view, start } = packet;
    const tcp = start + IP;
    const flags = view.getUint16(tcp + FLAGS);
    switch (random.below(8)) {
      case 0:
        view.setUint16(tcp + FLAGS, flags | SYN);
        break;
      case 1: // behind all that has come, so never at RCV.NXT
        writeSeq(view, tcp + SEQ, seqAdd(this.#cameEnd, 1 + random.below(100_000)));
        view.setUint16(tcp + FLAGS, RST | (random.below(2) * ACK) | (flags & 0xf000));
        break;
      case 2:
        writeSeq(view, tcp + ACKNOWLEDGMENT, seqAdd(this.#sentEnd, 1 + random.below(1 << 30)));
        break;
      case 3:
        if (!this.#closesWindows) return false;
        view.setUint16(
          tcp + WINDOW,
          random.below(2) * random.below(view.getUint16(tcp + WINDOW) + 1),
        );
        break;
      case 4:
        view.setUint16(tcp + FLAGS, flags | URG);
        view.setUint16(tcp + URGENT, [0, 1, 0x7fff, 0xffff][random.below(4)]!);
        break;
      case 5: // no ACK: nothing of it counts
        view.setUint16(tcp + FLAGS, flags & ~ACK);
        break;
      case 6: // reserved bits, AE, CWR, ECE
        view.setUint16(tcp + FLAGS, flags ^ (random.below(64) << 6));
        break;
      default:
        this.#lie(packet, tcp + TCP, (flags >> 12) * 4 - TCP);
    }
    return stampSegment(packet, this.#header);
  }

  /** Puts other options in the place of those that are there: SACK, mostly. */
  #lie({ bytes, view }: PacketBuffer, at: number, length: number): void {
    const random = this.#random;
    random.fill(bytes.subarray(at, at + length));
    for (let i = at; i < at + length; i++) { // a timestamp from the future would do real harm
      if (bytes[i] === TIMESTAMPS) bytes[i] = 254;
    }
    if (length < 12 || random.below(3) === 0) return;
    const count = Math.floor((length - 4) / 8);
    view.setUint32(at, 0x0101_0500 + 2 + 8 * count);
    for (let i = 0; i < 2 * count; i++) {
      writeSeq(view, at + 4 + 4 * i, seqAdd(this.#sentEnd!, random.below(100_000) - 90_000));
    }
  }
}

/** Whether `packet` is a segment with the right checksums; leaves it as it is. */
function isIntact(packet: PacketBuffer): boolean {
  const { start, end } = packet;
  const header = new IpHeader();
  const result = parseIpv4(header, packet) === Drop.None &&
    parseSegment(new Segment(), header, packet) === Drop.None;
  packet.start = start;
  packet.end = end;
  return result;
}

function writeSeq(view: DataView, at: number, seq: Seq): void {
  view.setInt32(at, seqBits(seq));
}

/** Makes the checksum of the IPv4 header right. */
function stampIp({ view, start }: PacketBuffer): true {
  const headerLength = (view.getUint8(start) & 15) * 4;
  view.setUint16(start + 10, 0);
  view.setUint16(start + 10, fold(addWords(view, start, start + headerLength)));
  return true;
}

/** Makes the checksum of the segment right. */
function stampSegment({ view, start, end }: PacketBuffer, header: IpHeader): true {
  const at = start + IP;
  view.setUint16(at + CHECKSUM, 0);
  view.setUint16(at + CHECKSUM, fold(addWords(view, at, end, pseudoHeaderSum(header, end - at))));
  return true;
}
