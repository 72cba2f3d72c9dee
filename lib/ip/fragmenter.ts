/**
 * Outgoing datagrams that are longer than the link allows, cut into fragments.
 *
 * There is one at a time: the next datagram is not made before all of this one
 * has been taken.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc791#section-3.2 | RFC 791 §3.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200#section-4.5 | RFC 8200 §4.5}
 * @module
 */
import { completeChecksum } from "../base/checksum.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { IpHeader } from "./header.ts";
import { FRAGMENT_HEADER_LENGTH } from "./ipv6_header.ts";

/** Offsets are in these units. */
const UNIT = 8;
/** The payload of a packet is no longer than this. */
const LONGEST = 65_535;

/** Cuts one datagram at a time; see the module's description. */
export class Fragmenter {
  /** Of the fragment that was taken last. */
  readonly header: IpHeader = new IpHeader();
  readonly #mtu: number;
  #datagram: PacketBuffer | undefined;
  #at = 0;
  #end = 0;
  #identification: number;

  /** Makes one for packets of at most `mtu` bytes; identifications count from `first`. */
  constructor(mtu: number, first: number) {
    this.#mtu = mtu;
    this.#identification = first;
  }

  /** Whether there are fragments to be taken. */
  get isBusy(): boolean {
    return this.#at < this.#end;
  }

  /** Takes over the payload in `packet`, which is too long for a packet with this header. */
  begin(header: IpHeader, packet: PacketBuffer): void {
    packet.makeWhole();
    completeChecksum(packet); // which nobody could do for a part
    const datagram = this.#datagram ??= new PacketBuffer(HEADROOM + LONGEST);
    datagram.copyFrom(packet);
    this.#at = datagram.start;
    this.#end = datagram.end;
    this.header.assign(header);
    // Unique for longer than fragments live, and not to be guessed from outside (RFC 7739).
    this.#identification = (this.#identification + 1) >>> 0;
  }

  /**
   * Puts the payload of the next fragment into `packet`, and what it is into {@linkcode header}.
   *
   * @param headerLength Of a packet that is no fragment, in bytes.
   */
  next(packet: PacketBuffer, headerLength: number): void {
    const datagram = this.#datagram;
    if (!datagram) return;
    const { header } = this;
    const isIpv6 = header.version === 6;
    const room = this.#mtu - headerLength - (isIpv6 ? FRAGMENT_HEADER_LENGTH : 0);
    const rest = this.#end - this.#at;
    const count = rest <= room ? rest : Math.max(UNIT, room - room % UNIT);
    header.isFragment = true;
    header.identification = isIpv6 ? this.#identification : this.#identification & 0xffff;
    header.fragmentOffset = this.#at - datagram.start;
    header.moreFragments = count < rest;
    packet.clear();
    packet.bytes.set(datagram.bytes.subarray(this.#at, this.#at + count), packet.append(count));
    this.#at += count;
  }
}
