/**
 * Reassembly: fragments of datagrams, until they are whole.
 *
 * One table for both versions. What overlaps is never put together: the whole
 * datagram is dropped, with what is still to come of it. RFC 5722 says so for
 * IPv6; for IPv4, where RFC 791 would let the later one win, no honest sender
 * does it either, and whoever does wants two readers to read two things.
 *
 * Nothing is looked at before it is whole, so that tiny first fragments of IPv4
 * hide nothing from anybody (RFC 1858 §3). For IPv6 they are refused as RFC
 * 8200 §4.5 has it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc791#section-3.2 | RFC 791 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.3.2 | RFC 1122 §3.3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200#section-4.5 | RFC 8200 §4.5}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { BytePool } from "../base/byte_pool.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { TimerHeap } from "../base/timer_heap.ts";
import { FlowKey } from "./flow.ts";
import { FlowTable } from "./flow_table.ts";
import { FragmentedDatagram } from "./fragmented_datagram.ts";
import type { IpHeader } from "./header.ts";
import { joinIpv4 } from "./ipv4_header.ts";
import { hasWholeChain, IPV6_HEADER_LENGTH, joinIpv6 } from "./ipv6_header.ts";

/** All that fragments may take, what is kept with them included. */
export const MOST_FRAGMENT_BYTES: number = 4 << 20;
/** Datagrams of which something is missing, at most. */
export const MOST_FRAGMENTED = 1024;
/** Memory that is kept for fragments to come. */
const MOST_FREE = 1 << 20;
/** As Linux; RFC 1122 §3.3.2 would wait for twice as long and more. */
const TIMEOUT_IPV4: Millis = 30_000;
/** RFC 8200 §4.5. */
const TIMEOUT_IPV6: Millis = 60_000;
/** The longest packet of IPv4, and the longest payload of one of IPv6. */
const LONGEST = 65_535;
/** Offsets are in these units, so that all fragments but the last are as long as some of them. */
const UNIT = 8;

/** Learns of a datagram that was given up: `first`, its first fragment, if that has come. */
export type GivenUp = (reason: Drop, first: Uint8Array | undefined) => void;

/** The datagrams of which something is missing; see the module's description. */
export class Fragments {
  readonly #table: FlowTable<FragmentedDatagram>;
  readonly #timers = new TimerHeap<FragmentedDatagram>();
  readonly #key = new FlowKey();
  readonly #giveUp: GivenUp;
  readonly #pool = new BytePool(MOST_FREE);
  #whole: PacketBuffer | undefined;
  #bytes = 0;

  /** Makes an empty table; `seed` is a random 32-bit number. */
  constructor(seed: number, giveUp: GivenUp) {
    this.#table = new FlowTable(seed);
    this.#giveUp = giveUp;
  }

  /** When {@linkcode Fragments.advance} has something to do. */
  get nextDeadline(): Millis {
    return this.#timers.next;
  }

  /** Bytes that are held, what is kept with them included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Datagrams of which something is missing. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Takes the fragment in `packet`, whose header was consumed.
   *
   * @returns The whole packet if nothing is missing any more, valid until the next call; or else
   * why the fragment was dropped, or `Drop.None`.
   */
  add(header: IpHeader, packet: PacketBuffer, now: Millis): PacketBuffer | Drop {
    const reason = checkFragment(header, packet);
    if (reason !== Drop.None) return reason;
    const datagram = this.#find(header, now);
    const before = datagram.bytes;
    const added = datagram.add(header, packet);
    this.#bytes += datagram.bytes - before;
    if (added !== Drop.None) return added;
    if (datagram.isWhole) return this.#join(datagram);
    while (this.#bytes > MOST_FRAGMENT_BYTES) this.#evict();
    return Drop.None;
  }

  /** Gives up what has waited for too long. */
  advance(now: Millis): void {
    for (let late = this.#timers.pop(now); late; late = this.#timers.pop(now)) {
      const first = late.copyFirst();
      this.#forget(late);
      if (!late.isPoisoned) this.#giveUp(Drop.FragmentTimeout, first);
    }
  }

  #find(header: IpHeader, now: Millis): FragmentedDatagram {
    const { identification: id, protocol, version } = header;
    // Of IPv6 only the first fragment's Next Header counts (RFC 8200 §4.5).
    if (version === 4) this.#key.assign(header, protocol, id);
    else this.#key.assign(header, id >>> 16, id & 0xffff);
    const found = this.#table.find(this.#key);
    if (found) return found;
    while (this.#table.size >= MOST_FRAGMENTED) this.#evict();
    const datagram = new FragmentedDatagram(this.#key.toFlow(protocol), this.#pool);
    this.#table.add(datagram);
    this.#bytes += datagram.bytes;
    this.#timers.set(datagram, now + (version === 4 ? TIMEOUT_IPV4 : TIMEOUT_IPV6));
    return datagram;
  }

  #join(datagram: FragmentedDatagram): PacketBuffer | Drop {
    const whole = this.#whole ??= new PacketBuffer(HEADROOM + IPV6_HEADER_LENGTH + LONGEST + 1);
    whole.clear();
    datagram.copyTo(whole);
    this.#timers.set(datagram, Infinity);
    this.#forget(datagram);
    const { version, headerLength, protocol } = datagram;
    if (version === 6) joinIpv6(whole, protocol);
    else if (whole.length > LONGEST) return Drop.Malformed; // by the options in front of it
    else joinIpv4(whole, headerLength);
    return whole;
  }

  /** Whoever would wait for the shortest time has waited for the longest, by its version. */
  #evict(): void {
    const oldest = this.#timers.pop(Infinity);
    if (!oldest) return;
    this.#forget(oldest);
    this.#giveUp(Drop.FragmentEvicted, undefined);
  }

  #forget(datagram: FragmentedDatagram): void {
    this.#table.remove(datagram);
    this.#bytes -= datagram.bytes;
    datagram.release();
  }
}

/** Why a fragment cannot be one, or `Drop.None`. */
function checkFragment(header: IpHeader, { view, start, end, length }: PacketBuffer): Drop {
  const { version, at, fragmentOffset, moreFragments, protocol, protocolAt } = header;
  if (length === 0) return Drop.Malformed;
  const isIpv6 = version === 6;
  if (moreFragments && length % UNIT !== 0) {
    return isIpv6 ? header.refuse(Drop.Malformed, "malformed field", 4) : Drop.Malformed;
  }
  // The ping of death: beyond what a length field can say.
  if (fragmentOffset + length + (isIpv6 ? 0 : start - at) > LONGEST) {
    return isIpv6
      ? header.refuse(Drop.Malformed, "malformed field", protocolAt + 2)
      : Drop.Malformed;
  }
  if (isIpv6 && fragmentOffset === 0 && !hasWholeChain(view, protocol, start, end)) {
    return header.refuse(Drop.Malformed, "incomplete header chain", 0);
  }
  return Drop.None;
}
