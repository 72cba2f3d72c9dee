/**
 * One station on an Ethernet link: frames below, IP packets above.
 *
 *     receive: frame -> for us? -> ARP, ND, DHCP: answered here, in their own buffer
 *                               -> IP: to the stack
 *     send:    IP packet -> where is the neighbor? -> frame
 *     transmit: questions and packets that have waited for their answers
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop, DropCounters } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { Dhcp, type DhcpOptions } from "../dhcp/dhcp.ts";
import { Dhcpv6, type Dhcpv6Options } from "../dhcp/dhcpv6.ts";
import { AddressField, isIpv4, readAddress, sameAddress } from "../ip/address.ts";
import { Arp } from "./arp.ts";
import {
  EthernetHeader,
  EtherType,
  isGroupAddress,
  parseEthernet,
  writeEthernet,
} from "./header.ts";
import { type Neighbor, Neighbors, Reachability } from "./neighbors.ts";
import { NeighborDiscovery } from "./neighbor_discovery.ts";
import { Place, type PlaceOptions } from "./place.ts";
import type { RouterOptions } from "./router.ts";

/** Settings of an {@linkcode Ethernet}. */
export interface EthernetOptions extends PlaceOptions {
  /** Counts what is dropped. @default its own */
  readonly drops?: DropCounters;
  /** What is leased to whom asks for an IPv4 address. @default {nobody answers} */
  readonly dhcp?: DhcpOptions;
  /** What is advertised to IPv6 guests. @default {nothing} */
  readonly router?: RouterOptions;
  /** What is told to whom asks by DHCPv6. @default {nobody answers} */
  readonly dhcpv6?: Dhcpv6Options;
}

/** What became of a frame that was received, or of a packet that was to be sent. */
export const Outcome = {
  /** It is over: dropped and counted, or of use to nobody above. */
  Done: 0,
  /** The buffer holds an IP packet for the stack. */
  Packet: 1,
  /** The buffer holds a frame, which is to be sent. */
  Frame: 2,
  /** The packet was copied, and will be sent when it is known where to. */
  Held: 3,
  /** The packet cannot be sent. */
  Refused: 4,
} as const;
/** One of the values of {@linkcode Outcome}. */
export type Outcome = typeof Outcome[keyof typeof Outcome];

const IPV4_DESTINATION = 16;
const IPV6_DESTINATION = 24;

/** One station on a link; see the module's description. */
export class Ethernet {
  readonly #drops: DropCounters;
  readonly #place: Place;
  readonly #neighbors = new Neighbors((reason) => this.#drops.count(reason));
  readonly #arp: Arp;
  readonly #discovery: NeighborDiscovery;
  readonly #dhcp: Dhcp | undefined;
  readonly #dhcpv6: Dhcpv6 | undefined;
  readonly #header = new EthernetHeader();
  readonly #destination = new AddressField();
  /** To whom the last packet went, and most likely the next one will. */
  #last: Neighbor | undefined;

  /** Makes a station. */
  constructor(options: EthernetOptions) {
    this.#drops = options.drops ?? new DropCounters();
    this.#place = new Place(options);
    this.#arp = new Arp(this.#place, this.#neighbors);
    this.#discovery = new NeighborDiscovery(this.#place, this.#neighbors, options.router);
    this.#dhcp = options.dhcp && new Dhcp(options.dhcp);
    this.#dhcpv6 = options.dhcpv6 && new Dhcpv6(this.#place, options.dhcpv6);
  }

  /** When {@linkcode Ethernet.advance} or {@linkcode Ethernet.transmit} has something to do, or `NEVER`. */
  get nextDeadline(): Millis {
    const mine = Math.min(this.#neighbors.nextDeadline, this.#discovery.nextDeadline);
    return this.#dhcp ? Math.min(mine, this.#dhcp.nextDeadline) : mine;
  }

  /** How many neighbors are known. */
  get neighborCount(): number {
    return this.#neighbors.count;
  }

  /** Handles one frame: `Done`, or `Packet` or `Frame` and what `packet` holds then. */
  receive(packet: PacketBuffer, now: Millis): Outcome {
    const header = this.#header;
    const reason = parseEthernet(header, packet) || this.#checkAddresses();
    if (reason !== Drop.None) return this.#drop(reason);
    switch (header.type) {
      case EtherType.Ipv4:
      case EtherType.Ipv6:
        return this.#receivePacket(packet, now);
      case EtherType.Arp:
        return this.#finish(this.#arp.receive(header, packet, now), packet, EtherType.Arp);
      default:
        return this.#drop(Drop.UnknownEtherType);
    }
  }

  /** Makes a frame of an IP packet: `Frame`, `Held` or `Refused`. */
  send(packet: PacketBuffer, now: Millis): Outcome {
    const neighbor = this.#neighborFor(packet, now);
    if (!neighbor) return Outcome.Refused;
    if (neighbor.reachability === Reachability.Incomplete) {
      return this.#neighbors.hold(neighbor, packet) ? Outcome.Held : Outcome.Refused;
    }
    this.#address(packet, neighbor);
    return Outcome.Frame;
  }

  /** Makes one frame that is owed; returns whether there was one. */
  transmit(packet: PacketBuffer, now: Millis): boolean {
    return this.#transmitReleased(packet, now) || this.#transmitQuestion(packet) ||
      this.#transmitAdvertisement(packet, now) || this.#transmitAnswer(packet, now);
  }

  /** Runs what is due at `now`. */
  advance(now: Millis): void {
    this.#neighbors.advance(now);
  }

  /** For us or a group, and from one who can be answered. */
  #checkAddresses(): Drop {
    const { source, destination } = this.#header;
    const { mac } = this.#place;
    if (source === mac) return Drop.ForeignFrame;
    if (source === 0 || isGroupAddress(source)) return Drop.InvalidSource;
    return destination === mac || isGroupAddress(destination) ? Drop.None : Drop.ForeignFrame;
  }

  #receivePacket(packet: PacketBuffer, now: Millis): Outcome {
    const header = this.#header;
    if (packet.length === 0) return this.#drop(Drop.Truncated);
    const version = packet.view.getUint8(packet.start) >> 4;
    if (version !== (header.type === EtherType.Ipv4 ? 4 : 6)) return this.#drop(Drop.Malformed);
    if (version === 4 && this.#dhcp?.isFor(packet)) {
      return this.#finish(this.#dhcp.receive(header, packet, now), packet, EtherType.Ipv4);
    }
    if (version === 6 && this.#discovery.isFor(packet)) {
      return this.#finish(this.#discovery.receive(header, packet, now), packet, EtherType.Ipv6);
    }
    if (version === 6 && this.#dhcpv6?.isFor(packet)) {
      return this.#finish(this.#dhcpv6.receive(header, packet), packet, EtherType.Ipv6);
    }
    return Outcome.Packet;
  }

  /** `packet` holds the answer, or nothing. */
  #finish(reason: Drop, packet: PacketBuffer, type: number): Outcome {
    if (reason !== Drop.None) this.#drops.count(reason);
    if (packet.length === 0) return Outcome.Done;
    this.#write(packet, type);
    return Outcome.Frame;
  }

  #drop(reason: Drop): Outcome {
    this.#drops.count(reason);
    return Outcome.Done;
  }

  #neighborFor({ view, start }: PacketBuffer, now: Millis): Neighbor | undefined {
    const destination = this.#destination;
    if (view.getUint8(start) >> 4 === 4) {
      destination.assignIpv4(view.getInt32(start + IPV4_DESTINATION));
    } else {
      readAddress(destination, view, start + IPV6_DESTINATION);
    }
    let last = this.#last;
    if (!last || last.isForgotten || !sameAddress(last.address, destination)) {
      if (!this.#place.isNeighbors(destination)) return undefined;
      last = this.#last = this.#neighbors.use(destination, now);
    } else {
      this.#neighbors.touch(last, now);
    }
    return last;
  }

  #address(packet: PacketBuffer, neighbor: Neighbor): void {
    this.#header.destination = neighbor.mac;
    this.#write(packet, isIpv4(neighbor.address) ? EtherType.Ipv4 : EtherType.Ipv6);
  }

  #transmitReleased(packet: PacketBuffer, now: Millis): boolean {
    const neighbor = this.#neighbors.nextReleased();
    const waiting = neighbor && this.#neighbors.takeWaiting(neighbor);
    if (!waiting) return false;
    packet.copyFrom(waiting);
    this.#neighbors.touch(neighbor, now);
    this.#address(packet, neighbor);
    return true;
  }

  #transmitQuestion(packet: PacketBuffer): boolean {
    const neighbor = this.#neighbors.nextQuestion();
    if (!neighbor) return false;
    const header = this.#header;
    packet.clear();
    if (isIpv4(neighbor.address)) {
      this.#arp.ask(neighbor, header, packet);
      this.#write(packet, EtherType.Arp);
    } else {
      this.#discovery.ask(neighbor, header, packet);
      this.#write(packet, EtherType.Ipv6);
    }
    return true;
  }

  #transmitAdvertisement(packet: PacketBuffer, now: Millis): boolean {
    packet.clear();
    if (!this.#discovery.advertise(this.#header, packet, now)) return false;
    this.#write(packet, EtherType.Ipv6);
    return true;
  }

  #transmitAnswer(packet: PacketBuffer, now: Millis): boolean {
    if (!this.#dhcp?.transmit(this.#header, packet, now)) return false;
    this.#write(packet, EtherType.Ipv4);
    return true;
  }

  /** Prepends a header of ours, for `#header.destination`. */
  #write(packet: PacketBuffer, type: number): void {
    this.#header.source = this.#place.mac;
    this.#header.type = type;
    writeEthernet(this.#header, packet);
  }
}
