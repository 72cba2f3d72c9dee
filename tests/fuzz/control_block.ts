/**
 * One connection, a peer that says anything, and an application that does.
 *
 * What both sides say is a function of the sequence number, so that the bytes
 * can be checked although the peer overlaps, forges and reorders. After each
 * step the variables must make sense; at the end the peer becomes cooperative,
 * and the connection must then get everything across.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Millis } from "../../lib/base/clock.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { ipv4 } from "../../lib/ip/address.ts";
import { IpHeader, IpProtocol } from "../../lib/ip/header.ts";
import { writeIpv4 } from "../../lib/ip/ipv4_header.ts";
import { segmentArrives } from "../../lib/tcp/arrive.ts";
import { type TcpConfig, tcpConfig, type TcpOptions } from "../../lib/tcp/config.ts";
import type { ControlBlock } from "../../lib/tcp/control_block.ts";
import { Wait } from "../../lib/tcp/deadlines.ts";
import {
  activeOpen,
  type HandshakeContext,
  passiveOpen,
  synSentArrives,
} from "../../lib/tcp/handshake.ts";
import { ACK, FIN, PSH, RST, Segment, SYN, URG, writeSegment } from "../../lib/tcp/header.ts";
import { MAX_RANGES } from "../../lib/tcp/reassembly.ts";
import { MAX_RECORDS } from "../../lib/tcp/scoreboard.ts";
import { type Seq, seqAdd, seqBefore, seqBeforeOrAt, seqDiff, toSeq } from "../../lib/tcp/seq.ts";
import { State, stateName } from "../../lib/tcp/state.ts";
import { runTimeouts } from "../../lib/tcp/timeouts.ts";
import { nextSegment } from "../../lib/tcp/transmit.ts";
import type { Tap } from "../harness/record.ts";
import { auditRecovery } from "../harness/scoreboard_audit.ts";
import { fillText, isText } from "../harness/text.ts";

const MTU = 1500;
/** What the application writes while the peer is hostile. */
const MOST_WRITTEN = 200_000;
/** What waits for a timeout that has been doubled often is not stuck, in milliseconds. */
const MOST_PATIENCE = 150_000;

/**
 * Plays `rounds` random events to one connection, then peace.
 *
 * @param tap Is shown what comes and what is sent.
 * @returns How many segments there were.
 */
export function fuzzControlBlock(seed: number, rounds: number, tap?: Tap): number {
  const fuzz = new ControlBlockFuzz(seed, tap);
  for (let round = 0; round < rounds && fuzz.isAlive; round++) fuzz.step();
  if (fuzz.isAlive) fuzz.makePeace();
  return fuzz.segments;
}

class ControlBlockFuzz {
  now: Millis = 1000;
  segments = 0;
  readonly #tap: Tap | undefined;
  readonly #wire = new PacketBuffer(HEADROOM + 65_536);
  readonly #random: SeededRandom;
  readonly #tcb: ControlBlock;
  readonly #segment = new Segment();
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);
  #written = 0;
  #read = 0;
  #edge: Seq;
  /** What the peer adds to the time in its timestamps. */
  #clock: number;
  #window = 65_535;
  #isAtPeace = false;
  /** Of so many segments one has SACK blocks. */
  readonly #perReport: number;

  constructor(seed: number, tap: Tap | undefined) {
    this.#tap = tap;
    const random = this.#random = new SeededRandom(seed);
    const chance = () => random.below(2) === 1;
    this.#perReport = chance() ? 8 : 2;
    const options: TcpOptions = {
      sendBuffer: 4096 + random.below(100_000),
      receiveBuffer: 4096 + random.below(100_000),
      nagle: chance(),
      cork: random.below(8) === 0,
      userTimeout: random.below(8) ? Infinity : 30_000,
      keepAlive: random.below(8) ? undefined : { idle: 10_000, interval: 1000, count: 5 },
      ackDelay: [0, 40][random.below(2)]!,
      initialWindow: [2000, 262_144][random.below(2)]!,
    };
    const syn = this.#segment;
    syn.seq = toSeq([-2, 2 ** 31 - 2, random.nextUint32()][random.below(3)]!);
    syn.flags = SYN;
    syn.window = [0, 1000, 65_535][random.below(3)]!;
    syn.options.mss = [0, 1, 536, 1460, 65_535, random.below(65_536)][random.below(6)]!;
    syn.options.windowScale = random.below(16) - 1;
    syn.options.sackPermitted = chance();
    syn.options.hasTimestamps = chance();
    // Clocks of both sides that wrap soon.
    this.#clock = [0, -2000, 2 ** 31 - 2000][random.below(3)]!;
    syn.options.tsval = (Math.floor(this.now) + this.#clock) | 0;
    const timestampOffset = [0, -2000, 2 ** 31 - 2000][random.below(3)]!;
    const iss = toSeq([-2, 2 ** 31 - 2, random.nextUint32()][random.below(3)]!);
    const maxSegmentation = chance() ? 65_455 : 0;
    const context = {
      peer: ipv4(1),
      mtu: MTU,
      maxSegmentation,
      gathers: chance(),
      iss,
      timestampOffset,
      now: this.now,
    };
    this.#tcb = random.below(4)
      ? passiveOpen(tcpConfig(options), context, syn)
      : this.#openActively(tcpConfig(options), context);
    this.#edge = this.#tcb.rcv.edge;
    this.#drain();
    if (random.below(4)) this.#arrive(seqAdd(syn.seq, 1), seqAdd(iss, 1), ACK, 0);
  }

  /** Sends a SYN, and takes the peer's, with or without an acknowledgment, after some nonsense. */
  #openActively(config: TcpConfig, context: HandshakeContext): ControlBlock {
    const random = this.#random;
    const tcb = activeOpen(config, context);
    const segment = this.#segment;
    const { seq } = segment; // the constructor has filled in the rest
    this.#packet.clear();
    const syn = new Segment();
    assert(nextSegment(tcb, syn, this.#packet, this.now), "there is no SYN");
    for (let count = random.below(4); count > 0; count--) {
      segment.seq = this.#someNumber(seq);
      segment.ack = seqAdd(tcb.snd.max, 1 + random.below(2 ** 31 - 2)); // was never sent
      segment.flags = ACK | random.below(256);
      synSentArrives(tcb, segment, this.now);
      assertEquals(tcb.state, State.SynSent);
    }
    segment.seq = seq;
    segment.ack = tcb.snd.max;
    segment.flags = random.below(3) ? SYN | ACK : SYN;
    synSentArrives(tcb, segment, this.now);
    return tcb;
  }

  get isAlive(): boolean {
    return this.#tcb.state !== State.Closed && this.#tcb.state !== State.TimeWait;
  }

  step(): void {
    const random = this.#random;
    const { rcv, snd } = this.#tcb;
    const dice = random.below(100);
    if (dice < 30) { // text near where it is expected
      const start = seqAdd(
        rcv.nxt,
        random.below(8) ? random.below(6000) - 2000 : random.below(9) - 4,
      );
      this.#arrive(start, this.#someAck(), ACK | (random.below(2) * PSH), random.below(3000));
    } else if (dice < 55) { // a cooperative peer
      this.#arrive(rcv.nxt, snd.max, ACK, random.below(2) * random.below(2000));
    } else if (dice < 65) {
      this.#arrive(this.#someNumber(rcv.nxt), this.#someAck(), random.below(256) & ~RST, 0);
    } else if (dice < 66) {
      const flags = ACK | [FIN, SYN, RST, URG, RST | SYN, FIN | SYN][random.below(6)]!;
      this.#arrive(this.#someNumber(rcv.nxt), this.#someAck(), flags, random.below(100));
    } else if (dice < 80) {
      this.#write(random.below(5000));
    } else if (dice < 90) {
      this.#readSome(random.below(20_000));
    } else {
      this.#pass(random.below(4) ? random.below(300) : random.below(100_000));
    }
    if (random.below(8)) this.#drain(); // or else the link is full
  }

  /** A cooperative peer: everything written arrives, and everything it says is read. */
  makePeace(): void {
    const tcb = this.#tcb;
    this.#isAtPeace = true;
    const room = tcb.snd.scale > 0 ? 65_535 : 60_000;
    const patience = this.now + MOST_PATIENCE;
    for (let round = 0; (round < 400 || this.now < patience) && this.isAlive; round++) {
      this.#window = room;
      this.#arrive(tcb.rcv.nxt, tcb.snd.max, ACK, Math.min(1000, this.#unsaid));
      this.#readSome(1 << 20);
      this.#drain();
      this.#pass(Math.min(Math.max(tcb.deadlines.next - this.now, 0), 60_000));
      this.#drain();
      this.#window = room;
      this.#arrive(tcb.rcv.nxt, tcb.snd.max, ACK, 0);
      this.#drain();
      if (tcb.unacked.length === 0 && !tcb.hasOutstanding) return;
    }
    if (!this.isAlive) return;
    assertEquals(tcb.unacked.length, 0, `stuck in ${stateName(tcb.state)}`);
  }

  /** What the peer may say next: up to its FIN, and to the right edge. */
  get #unsaid(): number {
    const { rcv, finAt } = this.#tcb;
    const end = finAt !== undefined && seqBefore(finAt, rcv.edge) ? finAt : rcv.edge;
    return Math.max(seqDiff(end, rcv.nxt), 0);
  }

  #someAck(): Seq {
    const { una, nxt, max } = this.#tcb.snd;
    const random = this.#random;
    const between = seqAdd(una, random.below(Math.max(seqDiff(max, una), 0) + 1));
    return [una, nxt, max, between, between, this.#someNumber(una)][random.below(6)]!;
  }

  #someNumber(near: Seq): Seq {
    const random = this.#random;
    const distance = [1, -1, 0, 70_000, -70_000, 2 ** 31 - 1, 2 ** 31, random.nextUint32()];
    return seqAdd(near, distance[random.below(distance.length)]! + random.below(5) - 2);
  }

  #arrive(seq: Seq, ack: Seq, flags: number, length: number): void {
    const random = this.#random;
    const tcb = this.#tcb;
    const segment = this.#segment;
    const packet = this.#packet;
    // A peer that says things from behind its own end spoils SND.WL1 for good, and only for itself.
    const end = seqAdd(seq, length);
    if (flags & FIN && seqBefore(end, tcb.snd.wl1)) flags &= ~FIN;
    if (tcb.finAt !== undefined && seqBefore(seqAdd(tcb.finAt, 1), end)) return;
    if (!this.#isAtPeace && random.below(5) === 0) {
      this.#window = [0, 1, 100, 1460, 20_000, 65_535][random.below(6)]!;
    }
    segment.seq = seq;
    segment.ack = ack;
    segment.flags = flags;
    segment.window = this.#window;
    segment.payloadLength = length;
    segment.options.clear();
    for (let count = random.below(this.#perReport) ? 0 : random.below(5); count > 0; count--) {
      const start = this.#someAck();
      segment.options.addSack(
        start,
        random.below(2) ? seqAdd(start, random.below(5000)) : this.#someAck(),
      );
    }
    if (tcb.ts.enabled && random.below(10)) {
      segment.options.hasTimestamps = true;
      const skew = random.below(20) ? 0 : random.below(2000) - 1000;
      segment.options.tsval = (Math.floor(this.now) + this.#clock + skew) | 0;
      segment.options.tsecr = (Math.floor(this.now) + tcb.ts.offset - random.below(100)) | 0;
    }
    packet.clear();
    const at = packet.append(length);
    const first = seqDiff(seq, tcb.irs) + (flags & SYN ? 1 : 0); // text is behind a SYN
    fillText("peer", first, packet.bytes.subarray(at, at + length));
    this.#show(0x0a000002);
    segmentArrives(tcb, segment, packet, this.now);
    this.#check();
  }

  /** Counts the segment, and shows it as a packet. */
  #show(source: number): void {
    this.segments++;
    if (!this.#tap) return;
    const header = new IpHeader();
    header.protocol = IpProtocol.Tcp;
    header.source.assignIpv4(source);
    header.destination.assignIpv4(0x0a000003 - (source & 3));
    this.#wire.copyFrom(this.#packet);
    writeSegment(this.#segment, header, this.#wire, false);
    writeIpv4(header, this.#wire);
    this.#tap(this.#wire, this.now);
  }

  #write(most: number): void {
    const tcb = this.#tcb;
    const isOpen = tcb.state === State.Established || tcb.state === State.CloseWait;
    if (!isOpen || tcb.closing) return;
    const data = new Uint8Array(Math.min(most, MOST_WRITTEN - this.#written));
    fillText("stack", 1 + this.#written, data);
    this.#written += tcb.unacked.write(data, 0, data.length);
    if (this.#random.below(60)) return;
    tcb.closing = true; // as TcpConnection.closeWrite()
    tcb.enter(tcb.state === State.Established ? State.FinWait1 : State.LastAck);
  }

  #readSome(most: number): void {
    const { received } = this.#tcb;
    const data = new Uint8Array(Math.min(most, received.length));
    received.peek(0, data.length, data, 0);
    received.drop(data.length);
    assert(isText("peer", 1 + this.#read, data), "what is delivered is not what was sent");
    this.#read += data.length;
  }

  #pass(time: Millis): void {
    const { deadlines } = this.#tcb;
    this.now += time;
    if (deadlines.next <= this.now) {
      runTimeouts(this.#tcb, this.now);
      this.#drain();
      assert(deadlines.next > this.now, "a timer is due again at once");
    }
    this.#check();
  }

  #drain(): void {
    const tcb = this.#tcb;
    const packet = this.#packet;
    let count = 0;
    for (
      packet.clear();
      nextSegment(tcb, this.#segment, packet, this.now);
      packet.clear()
    ) {
      assert(count++ < 5000, "it does not stop sending");
      this.#show(0x0a000001);
      this.#checkSent();
      this.#check();
    }
    if (!this.isAlive) return;
    const isWaiting = tcb.unacked.length > 0 || tcb.hasOutstanding;
    const isTimed = tcb.deadlines.isSet(Wait.Retransmit) || tcb.deadlines.isSet(Wait.Persist);
    assert(!isWaiting || isTimed || tcb.state === State.SynReceived, "it waits without a timer");
  }

  #checkSent(): void {
    const tcb = this.#tcb;
    const { snd, rcv } = tcb;
    const { seq, end, flags, payloadLength, window } = this.#segment;
    const packet = this.#packet;
    if (flags & (RST | SYN)) return;
    assertEquals(flags & ACK, ACK);
    const edge = seqAdd(rcv.nxt, window * 2 ** rcv.scale);
    assert(seqDiff(edge, this.#edge) > -(2 ** rcv.scale), "the right edge moves left");
    if (seqBefore(this.#edge, edge)) this.#edge = edge;
    const isProbe = seq === seqAdd(snd.una, -1);
    if (payloadLength > 0 && !isProbe) {
      const text = packet.bytes.subarray(packet.start, packet.end);
      assert(isText("stack", seqDiff(seq, tcb.iss), text), "what is sent is not what was written");
    }
    if (payloadLength > 0 || flags & FIN) {
      assert(isProbe || seqBeforeOrAt(snd.una, seq), "it sends what is acknowledged");
      assert(isProbe || seqDiff(end, snd.una) <= snd.wnd, "it sends beyond the window");
    }
    const largest = packet.segmentSize || payloadLength;
    const { sackCount } = this.#segment.options;
    const options = (tcb.ts.enabled ? 12 : 0) + (sackCount ? 4 + 8 * sackCount : 0);
    assert(largest + options + 40 <= MTU, "it sends more than the link takes");
  }

  #check(): void {
    const { snd, rcv, unacked, received, board, reassembly, state } = this.#tcb;
    auditRecovery(this.#tcb);
    assert(seqBeforeOrAt(snd.una, snd.nxt) && seqBeforeOrAt(snd.nxt, snd.max), "una, nxt, max");
    if (state !== State.Closed && state !== State.TimeWait) {
      assert(seqDiff(snd.max, snd.una) <= unacked.length + 1, "more is sent than is kept");
    }
    assert(seqBeforeOrAt(rcv.nxt, rcv.edge), "text beyond the right edge");
    assert(seqDiff(rcv.edge, rcv.nxt) <= received.free + 1, "a promise that cannot be kept");
    assert(received.allocated <= received.capacity && unacked.allocated <= unacked.capacity);
    assert(board.count <= MAX_RECORDS + 2 && reassembly.blockCount <= MAX_RANGES + 1);
  }
}
