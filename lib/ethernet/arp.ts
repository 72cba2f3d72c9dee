/**
 * ARP: tells neighbors where we are, and learns where they are.
 *
 * A request is answered in its own packet, at once. It is believed as far as
 * it speaks of its sender; an address of ours that somebody claims is defended.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc826 | RFC 826}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5227 | RFC 5227}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { AddressField, type IpAddress } from "../ip/address.ts";
import { appendArp, ArpMessage, ArpOperation, parseArp } from "./arp_header.ts";
import { BROADCAST, type EthernetHeader, isGroupAddress } from "./header.ts";
import { type Neighbor, type Neighbors, Reachability } from "./neighbors.ts";
import type { Place } from "./place.ts";

/** One announcement in ten seconds (RFC 5227 §2.4 b, DEFEND_INTERVAL). */
const DEFEND_INTERVAL: Millis = 10_000;

/** ARP on one link; see the module's description. */
export class Arp {
  readonly #place: Place;
  readonly #neighbors: Neighbors;
  readonly #message = new ArpMessage();
  readonly #sender = new AddressField();
  readonly #target = new AddressField();
  #defendedAt: Millis = -Infinity;

  /** Speaks for `place`, and tells `neighbors` what it hears. */
  constructor(place: Place, neighbors: Neighbors) {
    this.#place = place;
    this.#neighbors = neighbors;
  }

  /**
   * Takes a message in. Then `packet` holds the answer, for `header.destination`,
   * or nothing.
   *
   * @returns Why the message was dropped, or `Drop.None`.
   */
  receive(header: EthernetHeader, packet: PacketBuffer, now: Millis): Drop {
    const message = this.#message;
    const reason = parseArp(message, packet);
    packet.clear();
    if (reason !== Drop.None) return reason;
    if (isGroupAddress(message.senderMac) || message.senderMac === 0) return Drop.InvalidSource;
    this.#sender.assignIpv4(message.senderAddress);
    this.#target.assignIpv4(message.targetAddress);
    if (this.#place.isOwn(this.#sender)) return this.#defend(header, packet, now);
    const isProbe = message.senderAddress === 0; // RFC 5227 §1.1
    if (!isProbe && !this.#place.isNeighbors(this.#sender)) return Drop.InvalidSource;
    return message.operation === ArpOperation.Request
      ? this.#answer(header, packet, isProbe)
      : this.#takeReply(now);
  }

  /** Appends to `packet`, which is empty, the question where `neighbor` is. */
  ask(
    { address, mac, reachability }: Neighbor,
    header: EthernetHeader,
    packet: PacketBuffer,
  ): void {
    header.destination = reachability === Reachability.Incomplete ? BROADCAST : mac;
    this.#append(packet, ArpOperation.Request, this.#place.addressFor(address), 0, address);
  }

  #answer(header: EthernetHeader, packet: PacketBuffer, isProbe: boolean): Drop {
    const { senderMac } = this.#message;
    const isOwn = this.#place.isOwn(this.#target);
    // Who probes wants an address for itself: of no concern to us unless it is ours.
    const isAnswered = isOwn || (!isProbe && this.#place.isProxied(this.#target));
    if (!isProbe) this.#neighbors.learn(this.#sender, senderMac, isAnswered);
    if (!isAnswered) return Drop.None;
    header.destination = senderMac;
    this.#append(packet, ArpOperation.Reply, this.#target, senderMac, this.#sender);
    return Drop.None;
  }

  #takeReply(now: Millis): Drop {
    const neighbor = this.#neighbors.find(this.#sender);
    if (!neighbor || !isAsked(neighbor)) return Drop.Unsolicited;
    this.#neighbors.confirm(neighbor, this.#message.senderMac, now);
    return Drop.None;
  }

  /** Says to everybody that the sender's address is ours. */
  #defend(header: EthernetHeader, packet: PacketBuffer, now: Millis): Drop {
    if (now < this.#defendedAt + DEFEND_INTERVAL) return Drop.AddressConflict;
    this.#defendedAt = now;
    header.destination = BROADCAST;
    this.#append(packet, ArpOperation.Request, this.#sender, 0, this.#sender);
    return Drop.AddressConflict;
  }

  #append(
    packet: PacketBuffer,
    operation: number,
    own: IpAddress | undefined,
    targetMac: number,
    target: IpAddress,
  ): void {
    const message = this.#message;
    message.operation = operation;
    message.senderMac = this.#place.mac;
    message.senderAddress = own?.w3 ?? 0;
    message.targetMac = targetMac;
    message.targetAddress = target.w3;
    appendArp(message, packet);
  }
}

/** Whether a question to `neighbor` waits for its answer. */
export function isAsked({ reachability }: Neighbor): boolean {
  return reachability === Reachability.Incomplete || reachability === Reachability.Probe;
}
