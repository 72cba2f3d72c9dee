/**
 * Neighbor Discovery: ARP's part for IPv6, and what a router says of itself.
 *
 * A solicitation is answered in its own packet, at once.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4861 | RFC 4861}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4862#section-5.4 | RFC 4862 §5.4}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { writeIcmp } from "../icmp/header.ts";
import { AddressField, AddressKind, addressKind, type IpAddress } from "../ip/address.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { IPV6_HEADER_LENGTH, parseIpv6, writeIpv6 } from "../ip/ipv6_header.ts";
import { type EthernetHeader, isGroupAddress, type MacAddress } from "./header.ts";
import {
  appendAddress,
  appendMac,
  NaFlag,
  ND_HOP_LIMIT,
  NdMessage,
  NdOption,
  NdType,
  parseNd,
} from "./neighbor_discovery_header.ts";
import { type Neighbor, type Neighbors, Reachability } from "./neighbors.ts";
import type { Place } from "./place.ts";
import { Router, type RouterOptions } from "./router.ts";

const NEXT_HEADER = 6;
/** ff02::1, and the MAC address of that group (RFC 2464 §7). */
const ALL_NODES: IpAddress = { w0: 0xff02_0000 | 0, w1: 0, w2: 0, w3: 1 };
const MULTICAST_MAC = 0x33_33_00_00_00_00;

/** Neighbor Discovery on one link; see the module's description. */
export class NeighborDiscovery {
  readonly #place: Place;
  readonly #neighbors: Neighbors;
  readonly #router: Router | undefined;
  readonly #ip = new IpHeader();
  readonly #message = new NdMessage();
  readonly #sender = new AddressField();
  readonly #group = new AddressField();

  /**
   * Speaks for `place`, and tells `neighbors` what it hears.
   *
   * @param router What is advertised; undefined: nothing.
   */
  constructor(place: Place, neighbors: Neighbors, router: RouterOptions | undefined) {
    this.#place = place;
    this.#neighbors = neighbors;
    this.#router = router && new Router(router);
  }

  /** When there is an advertisement to be sent, or `NEVER`. */
  get nextDeadline(): Millis {
    return this.#router?.nextDeadline ?? Infinity;
  }

  /** Whether the IPv6 packet in `packet`, of any length, is a message of Neighbor Discovery. */
  isFor({ view, start, length }: PacketBuffer): boolean {
    // Behind extension headers there is none: nobody sends such (RFC 6980 §5).
    if (length <= IPV6_HEADER_LENGTH) return false;
    if (view.getUint8(start + NEXT_HEADER) !== IpProtocol.Icmpv6) return false;
    const type = view.getUint8(start + IPV6_HEADER_LENGTH);
    return type >= NdType.RouterSolicitation && type <= NdType.Redirect;
  }

  /**
   * Takes an IPv6 packet in. Then `packet` holds the answer, for
   * `header.destination`, or nothing.
   *
   * @returns Why the packet was dropped, or `Drop.None`.
   */
  receive(header: EthernetHeader, packet: PacketBuffer, now: Millis): Drop {
    const ip = this.#ip;
    const message = this.#message;
    const reason = parseIpv6(ip, packet) || parseNd(message, ip, packet) || this.#checkSender();
    packet.clear();
    if (reason !== Drop.None) return reason;
    this.#sender.assign(ip.source);
    const mac = message.sourceMac ?? header.source;
    if (isGroupAddress(mac)) return Drop.InvalidSource;
    if (message.sourceMac !== undefined) this.#neighbors.learn(this.#sender, mac, true);
    switch (message.type) {
      case NdType.RouterSolicitation:
        return this.#answerRouterSolicitation(mac, header, packet, now);
      case NdType.NeighborSolicitation:
        return this.#answerSolicitation(mac, header, packet);
      default:
        return this.#takeAdvertisement(now);
    }
  }

  /** Makes in `packet`, which is empty, the question where `neighbor` is. */
  ask(
    { address, mac, reachability }: Neighbor,
    header: EthernetHeader,
    packet: PacketBuffer,
  ): void {
    const isKnown = reachability !== Reachability.Incomplete;
    const destination = isKnown ? address : this.#solicitedNode(address);
    header.destination = isKnown ? mac : multicastMac(destination);
    appendAddress(packet, address);
    appendMac(packet, NdOption.SourceMac, this.#place.mac);
    this.#write(
      packet,
      this.#place.addressFor(address),
      destination,
      NdType.NeighborSolicitation,
      0,
    );
  }

  /** Makes an advertisement in `packet`, which is empty, if one is due; returns whether. */
  advertise(header: EthernetHeader, packet: PacketBuffer, now: Millis): boolean {
    if (!this.#router?.takeTurn(now)) return false;
    header.destination = multicastMac(ALL_NODES);
    this.#appendAdvertisement(packet, this.#router, ALL_NODES);
    return true;
  }

  /** An address of ours is not the guest's, and one elsewhere is nobody's on the link. */
  #checkSender(): Drop {
    const { source } = this.#ip;
    if (this.#place.isOwn(source)) return Drop.AddressConflict;
    const isProbe = addressKind(source) === AddressKind.Unspecified; // RFC 4862 §5.4.2
    return isProbe || this.#place.isNeighbors(source) ? Drop.None : Drop.InvalidSource;
  }

  #answerSolicitation(mac: MacAddress, header: EthernetHeader, packet: PacketBuffer): Drop {
    const { target } = this.#message;
    const isOwn = this.#place.isOwn(target);
    // Who probes wants an address for itself: of no concern to us unless it is ours.
    const isProbe = addressKind(this.#sender) === AddressKind.Unspecified;
    if (!isOwn && (isProbe || !this.#place.isProxied(target))) return Drop.None;
    const destination = isProbe ? ALL_NODES : this.#sender;
    header.destination = isProbe ? multicastMac(ALL_NODES) : mac;
    const flags = NaFlag.Router + (isProbe ? 0 : NaFlag.Solicited) + (isOwn ? NaFlag.Override : 0);
    appendAddress(packet, target);
    appendMac(packet, NdOption.TargetMac, this.#place.mac);
    const own = isOwn ? target : this.#place.linkLocal;
    this.#write(packet, own, destination, NdType.NeighborAdvertisement, flags);
    return Drop.None;
  }

  #answerRouterSolicitation(
    mac: MacAddress,
    header: EthernetHeader,
    packet: PacketBuffer,
    now: Millis,
  ): Drop {
    const router = this.#router;
    if (!router) return Drop.IgnoredMessage;
    if (addressKind(this.#sender) === AddressKind.Unspecified) {
      router.hasten(now); // everybody is told, but not for each who asks
      return Drop.None;
    }
    header.destination = mac;
    this.#appendAdvertisement(packet, router, this.#sender);
    return Drop.None;
  }

  /** What an advertisement changes: RFC 4861 §7.2.5. */
  #takeAdvertisement(now: Millis): Drop {
    const { target, targetMac, flags } = this.#message;
    if (this.#place.isOwn(target)) return Drop.AddressConflict;
    const neighbor = this.#neighbors.find(target);
    if (!neighbor) return Drop.Unsolicited;
    const isSolicited = (flags & NaFlag.Solicited) !== 0;
    const isOverride = (flags & NaFlag.Override) !== 0;
    const isIncomplete = neighbor.reachability === Reachability.Incomplete;
    if (isIncomplete && targetMac === undefined) return Drop.Unsolicited; // it does not say where
    const mac = targetMac ?? neighbor.mac;
    if (isGroupAddress(mac)) return Drop.InvalidSource;
    if (!isIncomplete && mac !== neighbor.mac && !isOverride) {
      if (neighbor.reachability === Reachability.Reachable) this.#neighbors.doubt(neighbor);
    } else if (isSolicited) {
      this.#neighbors.confirm(neighbor, mac, now);
    } else {
      this.#neighbors.learn(target, mac, false);
    }
    return Drop.None;
  }

  #appendAdvertisement(packet: PacketBuffer, router: Router, destination: IpAddress): void {
    router.append(packet, this.#place.mac);
    const { linkLocal } = this.#place;
    this.#write(packet, linkLocal, destination, NdType.RouterAdvertisement, router.flags);
  }

  /** Prepends the headers to what is in `packet`. */
  #write(
    packet: PacketBuffer,
    source: IpAddress | undefined,
    destination: IpAddress,
    type: number,
    rest: number,
  ): void {
    const ip = this.#ip;
    ip.version = 6;
    ip.protocol = IpProtocol.Icmpv6;
    ip.hopLimit = ND_HOP_LIMIT;
    if (source) ip.source.assign(source);
    ip.destination.assign(destination);
    writeIcmp(packet, ip, type, 0, rest);
    writeIpv6(ip, packet);
  }

  /** The group in which who has `address` is (RFC 4291 §2.7.1). */
  #solicitedNode({ w3 }: IpAddress): IpAddress {
    const group = this.#group;
    group.w0 = 0xff02_0000 | 0;
    group.w1 = 0;
    group.w2 = 1;
    group.w3 = 0xff00_0000 | w3 & 0xff_ffff;
    return group;
  }
}

function multicastMac({ w3 }: IpAddress): MacAddress {
  return MULTICAST_MAC + (w3 >>> 0);
}
