/**
 * Between the numbers of a script, which start at zero, and those on the wire.
 *
 * @module
 */
import { ICMP_TYPES, ICMPV6_TYPES } from "./icmp_names.ts";
import { decodeOptions, encodeOptions } from "./option_bytes.ts";
import { ACK_BIT, type IcmpSpec, type OptionSpec, SYN_BIT, type TcpSpec } from "./packet_spec.ts";
import type { WireError, WireSegment } from "./wire.ts";

/** The numbers at which each side starts. */
export interface Origins {
  readonly peerIsn: number;
  readonly stackIsn: number;
  /** The peer's timestamp clock when the script begins. */
  readonly peerTimestamp: number;
  /** The stack's timestamp clock when the script begins. */
  readonly stackTimestamp: number;
}

/** The stack's sequence numbers cross 2^31 and the peer's 2^32, and so do their timestamps. */
export const WRAPS: Origins = {
  peerIsn: 0xffff_fffe,
  stackIsn: 0x7fff_fffe,
  peerTimestamp: 0xffff_ff80,
  stackTimestamp: 0x7fff_ff80,
};

/** As {@linkcode WRAPS}, with the sides exchanged. */
export const SWAPPED_WRAPS: Origins = {
  peerIsn: WRAPS.stackIsn,
  stackIsn: WRAPS.peerIsn,
  peerTimestamp: WRAPS.stackTimestamp,
  stackTimestamp: WRAPS.peerTimestamp,
};

/** Translates the packets of one flow. */
export class Numbering {
  readonly #origins: Origins;
  /** What the stack's script numbers are relative to: 0 until it has sent a SYN. */
  #stackIsn = 0;

  /** Begins with a stack that has not sent anything. */
  constructor(origins: Origins) {
    this.#origins = origins;
  }

  /** The parts of the wire segment that `spec`, sent by the peer, says something about. */
  toWire(spec: TcpSpec, window: number): Omit<WireSegment, keyof Addresses | "payload"> {
    const { peerIsn, peerTimestamp, stackTimestamp } = this.#origins;
    const acks = (spec.flags & ACK_BIT) !== 0;
    return {
      seq: (peerIsn + spec.start) >>> 0,
      ack: spec.ack === undefined ? 0 : (this.#stackIsn + spec.ack) >>> 0,
      flags: spec.flags,
      window: spec.window ?? window,
      urgent: spec.urgent ?? 0,
      options: encodeOptions(spec.options ?? [], (option) => {
        if (option.kind === "sack") return shiftBlocks(option.blocks, this.#stackIsn);
        const ecr = acks ? option.ecr + stackTimestamp : option.ecr;
        return { ...option, val: (option.val + peerTimestamp) >>> 0, ecr: ecr >>> 0 };
      }),
    };
  }

  /** What a script would call `segment`, which the stack has sent. */
  fromWire(segment: WireSegment, segmentSize: number, isJunk: boolean): TcpSpec {
    const { peerIsn, stackIsn, peerTimestamp, stackTimestamp } = this.#origins;
    if (segment.flags & SYN_BIT) this.#stackIsn = stackIsn;
    const acks = (segment.flags & ACK_BIT) !== 0;
    return {
      kind: "tcp",
      flags: segment.flags,
      start: this.#stackIsn === 0 ? segment.seq : (segment.seq - this.#stackIsn) | 0,
      length: segment.payload.length,
      ack: acks ? (segment.ack - peerIsn) | 0 : undefined,
      window: segment.window,
      urgent: segment.urgent || undefined,
      options: decodeOptions(segment.options, (option) => {
        if (option.kind === "sack") return shiftBlocks(option.blocks, -peerIsn);
        const ecr = acks ? option.ecr - peerTimestamp : option.ecr;
        return { ...option, val: (option.val - stackTimestamp) | 0, ecr: ecr | 0 };
      }),
      segmentSize,
      isJunk,
    };
  }

  /** The sequence number of a segment of the stack's that begins at `start`. */
  toStackSequence(start: number): number {
    return (this.#stackIsn + start) >>> 0;
  }

  /** What a script would call `error`, which the stack has sent about a segment of the peer's. */
  fromWireError({ type, code, quoted }: WireError): IcmpSpec {
    const version = typeof quoted.source === "bigint" ? 6 : 4;
    const types = version === 6 ? ICMPV6_TYPES : ICMP_TYPES;
    const [name, named] = Object.entries(types).find(([, named]) => named.type === type) ?? [];
    const codes = Object.entries(named?.codes ?? {});
    const start = (quoted.seq - this.#origins.peerIsn) | 0;
    return {
      kind: "icmp",
      version,
      type: name ?? `type-${type}`,
      code: codes.find(([, value]) => value === code)?.[0] ?? `code-${code}`,
      mtu: undefined,
      quoted: { start, length: quoted.payload.length },
    };
  }
}

type Addresses = Pick<WireSegment, "source" | "destination" | "sourcePort" | "destinationPort">;

function shiftBlocks(
  blocks: readonly (readonly [number, number])[],
  by: number,
): OptionSpec {
  return { kind: "sack", blocks: blocks.map(([a, b]) => [(a + by) | 0, (b + by) | 0] as const) };
}
