/**
 * Between the numbers of a script and those on the wire, for one flow.
 *
 * The peer's numbers differ by a constant. Those of the stack differ by what the
 * script calls the first SYN that it expects; as long as there was none, as when
 * nobody listens, not at all. A timestamp of the stack's is told by the script's
 * name for it, once a packet with that name has come.
 *
 * @module
 */
import { decodeOptions, encodeOptions } from "../../harness/option_bytes.ts";
import { ACK_BIT, type OptionSpec, SYN_BIT, type TcpSpec } from "../../harness/packet_spec.ts";
import { isText } from "../../harness/text.ts";
import type { WireSegment } from "../../harness/wire.ts";

/** The peer's sequence numbers and timestamps cross 2^32 soon, whatever the script calls them. */
const PEER_OFFSET = 0xffff_fffe;
const PEER_TIMESTAMP_OFFSET = 0xffff_ff80;

/** Of a segment, what does not follow from the flow. */
export type Numbers = Pick<
  WireSegment,
  "seq" | "ack" | "flags" | "window" | "urgent" | "options"
>;

/** Translates the packets of one flow. */
export class ScriptNumbering {
  /** What the script called the peer's first segment. */
  peerStart: number | undefined;
  /** What the script calls the stack's SYN. */
  stackStart = 0;
  #stackIsn: number | undefined;
  #stackOffset = 0;
  #firstTimestamps: { readonly script: number; readonly live: number } | undefined;
  readonly #liveTimestamps = new Map<number, number>();

  /** The sequence number on the wire of what a script calls the stack's `number`. */
  toStackSequence(number: number): number {
    return (number + this.#stackOffset) >>> 0;
  }

  /** The numbers of the segment that `spec`, sent by the peer, describes. */
  toWire(spec: TcpSpec, window: number): Numbers {
    this.peerStart ??= spec.start;
    const acks = (spec.flags & ACK_BIT) !== 0;
    return {
      seq: (spec.start + PEER_OFFSET) >>> 0,
      ack: acks ? this.toStackSequence(spec.ack ?? 0) : 0,
      flags: spec.flags,
      window: spec.window ?? window,
      urgent: spec.urgent ?? 0,
      options: encodeOptions(spec.options ?? [], (option) => {
        if (option.kind === "sack") return shiftBlocks(option.blocks, this.#stackOffset);
        const ecr = acks ? this.#toLiveTimestamp(option.ecr) : option.ecr;
        return { ...option, val: (option.val + PEER_TIMESTAMP_OFFSET) >>> 0, ecr: ecr >>> 0 };
      }),
    };
  }

  /**
   * What the script would call `segment`, which the stack has sent where it
   * expects `expected`.
   */
  fromWire(segment: WireSegment, expected: TcpSpec | undefined): TcpSpec {
    if (segment.flags & SYN_BIT) this.#takeSyn(segment.seq, expected);
    const acks = (segment.flags & ACK_BIT) !== 0;
    const options = decodeOptions(segment.options, (option) => {
      if (option.kind === "sack") return shiftBlocks(option.blocks, -PEER_OFFSET);
      const ecr = acks ? option.ecr - PEER_TIMESTAMP_OFFSET : option.ecr;
      return { ...option, val: this.#toScriptTimestamp(option.val, expected), ecr: ecr >>> 0 };
    });
    const { length } = segment.payload;
    const start = (segment.seq - this.#stackOffset) | 0;
    return {
      kind: "tcp",
      flags: segment.flags,
      start,
      length,
      ack: acks ? (segment.ack - PEER_OFFSET) | 0 : undefined,
      window: segment.window,
      urgent: segment.urgent || undefined,
      options,
      segmentSize: undefined,
      isJunk: length > 0 && !isText("stack", start - this.stackStart, segment.payload),
    };
  }

  /** A SYN that is not a repetition begins another connection, with other numbers. */
  #takeSyn(isn: number, expected: TcpSpec | undefined): void {
    if (isn === this.#stackIsn || !expected || !(expected.flags & SYN_BIT)) return;
    this.#stackIsn = isn;
    this.stackStart = expected.start || 0; // it may be left open
    this.#stackOffset = (isn - this.stackStart) >>> 0;
  }

  #toScriptTimestamp(live: number, expected: TcpSpec | undefined): number {
    const named = expected?.options?.find((option) => option.kind === "TS");
    if (named?.kind === "TS") {
      this.#firstTimestamps ??= { script: named.val, live };
      this.#liveTimestamps.set(named.val, live);
    }
    const first = this.#firstTimestamps;
    return first ? (first.script + live - first.live) >>> 0 : live;
  }

  #toLiveTimestamp(script: number): number {
    const first = this.#firstTimestamps;
    return this.#liveTimestamps.get(script) ??
      (first ? first.live + script - first.script : script);
  }
}

function shiftBlocks(blocks: readonly (readonly [number, number])[], by: number): OptionSpec {
  return {
    kind: "sack",
    blocks: blocks.map(([a, b]) => [(a + by) >>> 0, (b + by) >>> 0] as const),
  };
}
