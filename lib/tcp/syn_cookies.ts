/**
 * SYN cookies: SYN-ACKs that leave no trace here, for a listener with a full SYN queue.
 *
 *     ISS = H1(ends) + SEG.SEQ + (count << 24) + (H2(ends, SEG.SEQ, count) + i) mod 2^24
 *
 * What must be known of the SYN comes back with the ACK: `i`, which MSS it had,
 * in the acknowledgment number; window scale and SACK in the echoed timestamp,
 * or else they are not used. `count` goes up every 64 seconds, and a cookie
 * counts until it has gone up twice. This is Linux's layout, but that H2 knows
 * SEG.SEQ, too: else text that begins up to three bytes behind it would pass
 * for the first, with another `i`, should what comes before be lost.
 *
 * A cookie is not repeated, and 24 bits can be guessed: so there are none
 * without need.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4987#section-3.6 | RFC 4987 §3.6}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { SipHash } from "../base/siphash.ts";
import { isIpv4, writeAddress } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import type { TcpConfig } from "./config.ts";
import type { ControlBlock } from "./control_block.ts";
import { type HandshakeContext, passiveOpen, synAckSent } from "./handshake.ts";
import { Segment } from "./header.ts";
import { type Seq, seqAdd, seqBits, toSeq } from "./seq.ts";
import { makeSyn } from "./transmit.ts";

/** How long the counter stays the same. */
const PERIOD: Millis = 64_000;
/** How many values of the counter are accepted: the present one and the one before. */
const ACCEPTED_COUNTS = 2;
/** How long after the last cookie was sent one may come back. */
export const COOKIE_LIFETIME: Millis = ACCEPTED_COUNTS * PERIOD;

/** What a cookie can say of the MSS, as Linux: IPv4 without the option, tunnels, PPPoE, Ethernet. */
const MSS_IPV4 = [536, 1300, 1440, 1460] as const;
/** The same, and jumbo frames. */
const MSS_IPV6 = [1220, 1420, 1440, 8940] as const;

const LOW_24 = 0xff_ffff;

/** The low bits of a timestamp that carry options. */
const OPTION_BITS = 0x3f;
const SCALE_BITS = 0x0f;
/** In place of the shift: the SYN had no window scale option. */
const NO_SCALE = 0x0f;
const SACK_BIT = 0x10;

/** Both addresses and ports; then what only the second hash covers. */
const ENDS_LENGTH = 36;
const MESSAGE_LENGTH = ENDS_LENGTH + 8;

/** Makes and checks cookies; see the module's description. */
export class SynCookies {
  readonly #ends: SipHash;
  readonly #counted: SipHash;
  readonly #message = new DataView(new ArrayBuffer(MESSAGE_LENGTH));
  readonly #syn = new Segment();
  readonly #reply = new Segment();

  /** Takes its secrets from `random`. */
  constructor(random: Random) {
    this.#ends = SipHash.withRandomKey(random);
    this.#counted = SipHash.withRandomKey(random);
  }

  /**
   * The SYN-ACK for `syn`, or undefined for a peer whose segments are smaller
   * than a cookie can say. Valid until the next call.
   */
  answer(
    config: TcpConfig,
    context: HandshakeContext,
    flow: Flow,
    syn: Segment,
  ): Segment | undefined {
    const { now } = context;
    const table = mssTable(flow);
    const index = table.findLastIndex((mss) => mss <= (syn.options.mss || table[0]));
    if (index < 0) return undefined;
    this.#writeFlow(flow);
    const iss = this.#cookie(syn.seq, Math.floor(now / PERIOD), index);
    const asked = this.#syn;
    asked.copyFrom(syn);
    if (!asked.options.hasTimestamps) { // nowhere to put them
      asked.options.sackPermitted = false;
      asked.options.windowScale = -1;
    }
    const tcb = passiveOpen(config, { ...context, iss }, asked); // forgotten at once
    const reply = this.#reply;
    reply.options.clear();
    makeSyn(tcb, reply, now);
    reply.ack = tcb.rcv.nxt;
    if (tcb.ts.enabled) reply.options.tsval = withOptions(reply.options.tsval, tcb);
    return reply;
  }

  /**
   * The connection, in SYN-RECEIVED, that `segment` completes by bringing a
   * cookie back; undefined when it does not.
   */
  open(
    config: TcpConfig,
    context: HandshakeContext,
    flow: Flow,
    segment: Segment,
  ): ControlBlock | undefined {
    const iss = seqAdd(segment.ack, -1);
    const irs = seqAdd(segment.seq, -1);
    const mss = this.#check(flow, iss, irs, context.now);
    if (mss === undefined) return undefined;
    const syn = this.#syn;
    syn.copyFrom(segment);
    syn.seq = irs;
    const { options } = syn;
    options.mss = mss;
    options.sackPermitted = false;
    options.windowScale = -1;
    if (options.hasTimestamps && config.timestamps) {
      const carried = options.tsecr - context.timestampOffset;
      options.sackPermitted = (carried & SACK_BIT) !== 0;
      const scale = carried & SCALE_BITS;
      if (scale !== NO_SCALE) options.windowScale = scale;
      segment.options.tsecr = 0; // it was not the time
    }
    const tcb = passiveOpen(config, { ...context, iss }, syn);
    synAckSent(tcb);
    return tcb;
  }

  /** The MSS of the SYN to which `iss` was the answer, if it was. */
  #check(flow: Flow, iss: Seq, irs: Seq, now: Millis): number | undefined {
    this.#writeFlow(flow);
    const present = Math.floor(now / PERIOD);
    const rest = (seqBits(iss) - seqBits(irs) - this.#hashOfEnds()) | 0;
    const age = (present - (rest >>> 24)) & 0xff;
    if (age >= ACCEPTED_COUNTS) return undefined;
    return mssTable(flow)[(rest - this.#hashOf(irs, present - age)) & LOW_24];
  }

  #cookie(irs: Seq, count: number, index: number): Seq {
    const low = (this.#hashOf(irs, count) + index) & LOW_24;
    return toSeq(this.#hashOfEnds() + seqBits(irs) + (count << 24) + low);
  }

  #hashOfEnds(): number {
    this.#ends.update(this.#message, ENDS_LENGTH);
    return this.#ends.low;
  }

  #hashOf(irs: Seq, count: number): number {
    this.#message.setInt32(ENDS_LENGTH, seqBits(irs));
    this.#message.setInt32(ENDS_LENGTH + 4, count);
    this.#counted.update(this.#message, MESSAGE_LENGTH);
    return this.#counted.low & LOW_24;
  }

  #writeFlow({ client, target }: Flow): void {
    writeAddress(this.#message, 0, client.address);
    writeAddress(this.#message, 16, target.address);
    this.#message.setUint16(32, client.port);
    this.#message.setUint16(34, target.port);
  }
}

function mssTable({ client }: Flow): readonly [number, number, number, number] {
  return isIpv4(client.address) ? MSS_IPV4 : MSS_IPV6;
}

/** `tsval` with what the peer has offered in its low bits, and not later than it was. */
function withOptions(tsval: number, { ts, snd, scaling, sack }: ControlBlock): number {
  const clock = tsval - ts.offset;
  const offered = (scaling ? snd.scale : NO_SCALE) | (sack ? SACK_BIT : 0);
  const coded = (clock & ~OPTION_BITS) | offered;
  const isLater = ((coded - clock) | 0) > 0;
  return (coded + ts.offset - (isLater ? OPTION_BITS + 1 : 0)) | 0;
}
