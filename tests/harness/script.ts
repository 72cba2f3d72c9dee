/**
 * Scripted conversations with the stack, in the notation of packetdrill.
 *
 *     < S 0:0(0) win 65535 <mss 1460>       the peer sends a SYN
 *     > S. 0:0(0) ack 1                     and expects this SYN-ACK
 *     +1000                                 a second passes
 *
 * `<` comes in and `>` goes out, as seen from the stack; the grammar is in
 * {@link ./parser.ts}. Both sides count from their own initial sequence number,
 * which is chosen so that every conversation crosses the wraps. The stack is
 * asked for packets after each line, or after a whole batch in braces, and must
 * send nothing that the script does not expect. While time passes, each deadline
 * of the stack is met to the millisecond.
 *
 * @module
 */
import { assert, assertEquals, fail } from "@std/assert";
import { ChecksumState, HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import type { Millis } from "../../lib/base/clock.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { type LinkCapabilities, Stack } from "../../lib/stack/stack.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { Event } from "../../lib/tcp/control_block.ts";
import type { FlowRequest } from "../../lib/tcp/request.ts";
import { toSeq } from "../../lib/tcp/seq.ts";
import {
  PEER_ADDRESS,
  PEER_ADDRESS_V6,
  PEER_PORT,
  STACK_ADDRESS,
  STACK_ADDRESS_V6,
  STACK_PORT,
} from "./addresses.ts";
import { encodeReport } from "./icmp_report.ts";
import { type Origins, WRAPS } from "./numbering.ts";
import { findDifference, formatPacket, type PacketSpec, type TcpSpec } from "./packet_spec.ts";
import { parseScript, type Step } from "./parser.ts";
import { ScriptedFlow } from "./scripted_flow.ts";
import { describeSent, type SentPacket, takeWire, toSpec } from "./sent_packet.ts";
import { fillPayload, fillText, isText } from "./text.ts";
import { encodeSegment, fromWireAddress, type WireAddress, type WireSegment } from "./wire.ts";

/** What a conversation is about. */
export interface ConversationOptions {
  /** Settings of TCP. */
  readonly tcp?: TcpOptions;
  /** What the link can do. @default an MTU of 1500 and no offloads */
  readonly link?: Partial<LinkCapabilities>;
  /** Where both sides start to count. @default {@linkcode WRAPS} */
  readonly origins?: Origins;
  /** Whether requests wait for {@linkcode Conversation.accept}. @default {false} */
  readonly holdRequests?: boolean;
  /** Of IP. @default {4} */
  readonly version?: 4 | 6;
}

/** When scripts begin; not 0, so that nothing works only because it is. */
const START: Millis = 5000;
/** Between the initial sequence numbers of two connections of one flow. */
const NEXT_CONNECTION = 1_000_000;
/** Of each side of a connection, unless a test says otherwise: what scripts say depends on it. */
const BUFFERS = { sendBuffer: 524_288, receiveBuffer: 524_288, initialReceiveBuffer: 524_288 };
/** How much of the past a failure shows. */
const LINES_OF_HISTORY = 12;
const ENDLESS = 20_000;

/** A stack with a scripted peer, and a clock that only the script moves. */
export class Conversation {
  readonly stack: Stack;
  /** Requests that have not been answered, or have been withdrawn. */
  readonly requests: FlowRequest[] = [];
  /** The port from which `<` comes, and to which `>` goes. */
  port: number = PEER_PORT;
  #now = START;
  readonly #link: LinkCapabilities;
  readonly #origins: Origins;
  readonly #peer: WireAddress;
  readonly #own: WireAddress;
  readonly #holdsRequests: boolean;
  readonly #flows = new Map<number, ScriptedFlow>();
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);
  readonly #sent: SentPacket[] = [];
  readonly #history: string[] = [];
  #isBatch = false;

  /** Makes a stack with nothing in it. */
  constructor(options: ConversationOptions = {}) {
    this.#link = { mtu: 1500, checksumOffload: false, maxSegmentation: 0, ...options.link };
    this.#origins = options.origins ?? WRAPS;
    const isVersion6 = options.version === 6;
    this.#peer = isVersion6 ? PEER_ADDRESS_V6 : PEER_ADDRESS;
    this.#own = isVersion6 ? STACK_ADDRESS_V6 : STACK_ADDRESS;
    this.#holdsRequests = options.holdRequests ?? false;
    const { stackIsn, stackTimestamp } = this.#origins;
    const connections = new Map<number, number>();
    this.stack = new Stack(this.#link, {
      random: new SeededRandom(1),
      isn: {
        initialSequence: (_own, peer) => {
          const count = connections.get(peer.port) ?? 0;
          connections.set(peer.port, count + 1);
          return toSeq(stackIsn + count * NEXT_CONNECTION);
        },
        timestampOffset: () => (stackTimestamp - START) | 0,
      },
      tcp: { ...BUFFERS, ...options.tcp },
    });
  }

  /** Milliseconds since the script began. */
  get now(): Millis {
    return this.#now - START;
  }

  /** The connection of the flow. */
  get connection(): Connection {
    const { connection } = this.#flow;
    assert(connection, this.#explain("there is no connection"));
    return connection;
  }

  /** Plays `script`; fails at the first packet that is missing, extra or different. */
  play(script: string): this {
    this.#drain();
    for (const step of parseScript(script)) this.#take(step);
    assert(!this.#isBatch, "a batch does not end");
    return this;
  }

  /** Fails when the stack has sent something that no script expected. */
  end(): void {
    this.#drain();
    this.#expectSilence("at the end");
  }

  /** Lets `time` pass at once, as a suspended machine does: deadlines are met late. */
  suspend(time: Millis): void {
    this.#drain();
    this.#expectSilence("before a suspend");
    this.#now += time;
    this.stack.advance(this.#now);
    this.#drain();
  }

  /** Hands the bytes of an IP packet to the stack. */
  inject(bytes: Uint8Array, segmentSize = 0): void {
    const packet = this.#packet;
    packet.clear();
    packet.bytes.set(bytes, packet.append(bytes.length));
    packet.segmentSize = segmentSize;
    if (segmentSize > 0) packet.checksumState = ChecksumState.Verified;
    this.stack.receive(packet, this.#now);
    if (!this.#isBatch) this.#drain();
  }

  /** Takes the next packet of the stack, whatever it is. */
  takePacket(): PacketSpec | undefined {
    this.#drain();
    return this.#sent.shift()?.spec;
  }

  /** The segment that the peer sends for `spec`. */
  toWire(spec: TcpSpec): WireSegment {
    const flow = this.#flow;
    const payload = new Uint8Array(spec.length);
    fillPayload(spec, payload);
    if (spec.isJunk) payload.forEach((byte, at) => payload[at] = ~byte);
    flow.window = spec.window ?? flow.window;
    return {
      source: this.#peer,
      destination: this.#own,
      sourcePort: this.port,
      destinationPort: STACK_PORT,
      ...flow.numbering.toWire(spec, flow.window),
      payload,
    };
  }

  /** Accepts the oldest request that waits. */
  accept(): Connection {
    const connection = this.takeRequest().accept();
    assert(connection, this.#explain("the request was withdrawn"));
    this.#flowOf(connection.flow.client.port).connection = connection;
    this.#drain();
    return connection;
  }

  /** Asks the peer for a connection. */
  connect(): Connection {
    const connection = this.stack.connect(
      { address: fromWireAddress(this.#own), port: STACK_PORT },
      { address: fromWireAddress(this.#peer), port: this.port },
    );
    this.#flow.connection = connection;
    this.#drain();
    return connection;
  }

  /** The oldest request that waits. */
  takeRequest(): FlowRequest {
    const request = this.requests.shift();
    assert(request, this.#explain("there is no request"));
    return request;
  }

  /** Writes the next `count` bytes of our text; returns how many were taken. */
  write(count: number): number {
    const flow = this.#flow;
    const data = new Uint8Array(count);
    fillText("stack", 1 + flow.written, data);
    const taken = this.connection.write(data);
    flow.written += taken;
    this.#drain();
    return taken;
  }

  /** Writes the next `count` bytes of our text and closes our side before anything leaves. */
  writeLast(count: number): void {
    const data = new Uint8Array(count);
    fillText("stack", 1 + this.#flow.written, data);
    assertEquals(this.connection.write(data), count);
    this.closeWrite();
  }

  /** Reads at most `most` bytes, which must be the peer's next; returns how many there were. */
  read(most = 1 << 20): number {
    const flow = this.#flow;
    const data = new Uint8Array(most);
    const count = this.connection.read(data);
    const isRight = isText("peer", 1 + flow.read, data.subarray(0, count));
    assert(isRight, this.#explain(`what was read is not bytes ${1 + flow.read} and on`));
    flow.read += count;
    this.#drain();
    return count;
  }

  /** Closes our side. */
  closeWrite(): void {
    this.connection.closeWrite();
    this.#drain();
  }

  /** Aborts the connection. */
  abort(): void {
    this.connection.abort();
    this.#drain();
  }

  /** The names of the events since the last call; the stack must have announced them. */
  events(): string {
    const { connection } = this;
    let isAnnounced = false;
    for (let next = this.stack.nextConnection(); next; next = this.stack.nextConnection()) {
      isAnnounced ||= next === connection;
    }
    const events = connection.takeEvents();
    assert(events === 0 || isAnnounced, this.#explain("there are events that nobody was told of"));
    return Object.entries(Event).filter(([, bit]) => events & bit).map(([name]) => name).join(" ");
  }

  /**
   * Shakes hands; the stack's options are not checked.
   *
   * @param options What the peer offers, in script notation; `mss 1460` unless it says so.
   * @param window Of the peer's SYN and its ACK, as on the wire.
   */
  establish(options = "", window = 65_535): this {
    const mss = options.includes("mss") ? "" : options ? "mss 1460," : "mss 1460";
    const timestamps = options.includes("TS") ? " <nop,nop,TS val 0 ecr 0>" : "";
    this.play(`
      < S 0:0(0) win ${window} <${mss}${options}>
      > S. 0:0(0) ack 1
      < . 1:1(0) ack 1 win ${window}${timestamps}
    `);
    assertEquals(this.connection.info.state, "ESTABLISHED");
    assertEquals(this.events(), "Established Writable");
    return this;
  }

  get #flow(): ScriptedFlow {
    return this.#flowOf(this.port);
  }

  #flowOf(port: number): ScriptedFlow {
    const flow = this.#flows.get(port) ?? new ScriptedFlow(this.#origins);
    this.#flows.set(port, flow);
    return flow;
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "begin":
        this.#isBatch = true;
        break;
      case "end":
        this.#isBatch = false;
        this.#drain();
        break;
      case "wait":
        this.#expectSilence(`before line ${step.line} (${step.text})`);
        this.#wait(step.time, step);
        break;
      case "receive":
        if (!this.#isBatch) this.#expectSilence(`before line ${step.line} (${step.text})`);
        this.#receive(step.packet);
        break;
      case "expect":
        this.#expect(step.packet, step);
    }
  }

  #wait(time: Millis, step: Step): void {
    const end = this.#now + time;
    for (;;) {
      const deadline = this.stack.nextDeadline;
      this.#now = Math.min(Math.max(deadline, this.#now), end);
      this.stack.advance(this.#now);
      if (!this.#isBatch) this.#drain(); // in a batch the link is full
      if (this.#now >= end) return;
      this.#expectSilence(`before ${end - START} ms, the end of line ${step.line} (${step.text})`);
    }
  }

  #receive(spec: PacketSpec): void {
    this.#note(`< ${formatPacket(spec)}`);
    if (spec.kind === "icmp") {
      const ports = { sourcePort: STACK_PORT, destinationPort: this.port };
      const ends = { source: this.#own, destination: this.#peer, ...ports };
      return this.inject(encodeReport(spec, ends, this.#flow.numbering));
    }
    const { checksumOffload } = this.#link;
    const segmentSize = checksumOffload ? spec.segmentSize ?? 0 : 0;
    this.inject(encodeSegment(this.toWire(spec)), segmentSize);
  }

  #expect(expected: PacketSpec, { line }: Step): void {
    const sent = this.#sent.shift();
    const came = sent ? describeSent(sent, this.port) : "nothing";
    const difference = !sent
      ? "packet"
      : sent.port === this.port
      ? findDifference(expected, sent.spec)
      : "port";
    if (difference) {
      const wanted = `expected > ${formatPacket(expected)}\n  but came ${came}`;
      fail(this.#explain(`line ${line}: the ${difference} differs\n  ${wanted}`));
    }
    const isUnchecked = expected.kind === "icmp" || expected.isJunk;
    const isJunk = sent?.spec.kind === "tcp" && sent.spec.isJunk;
    assert(isUnchecked || !isJunk, this.#explain(`line ${line}: the payload is not our text`));
  }

  #expectSilence(when: string): void {
    const sent = this.#sent.shift();
    if (!sent) return;
    fail(this.#explain(`${when}: unexpected ${describeSent(sent, this.port)}`));
  }

  /** Takes all that the stack wants to send, after the application has seen the requests. */
  #drain(): void {
    for (let next = this.stack.nextRequest(); next; next = this.stack.nextRequest()) {
      this.requests.push(next);
      if (!this.#holdsRequests && !next.isWithdrawn) this.accept();
    }
    for (let count = 0; this.stack.transmit(this.#packet, this.#now); count++) {
      assert(count < ENDLESS, this.#explain("the stack does not stop sending"));
      this.#collect();
    }
  }

  #collect(): void {
    const wire = takeWire(this.#packet, this.#link);
    const port = "quoted" in wire ? wire.quoted.sourcePort : wire.destinationPort;
    const sent = {
      time: this.now,
      port,
      spec: toSpec(wire, this.#packet.segmentSize, this.#flowOf(port).numbering),
    };
    this.#note(describeSent(sent, this.port));
    this.#sent.push(sent);
  }

  #note(text: string): void {
    this.#history.push(`${String(this.now).padStart(8)} ms  ${text}`);
    if (this.#history.length > LINES_OF_HISTORY) this.#history.shift();
  }

  #explain(problem: string): string {
    return `At ${this.now} ms, ${problem}\nThe last packets:\n${this.#history.join("\n")}`;
  }
}
