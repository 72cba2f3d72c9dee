/**
 * DHCPv6 without state: addresses come from router advertisements, and here
 * is the rest for those who ask for it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8415#section-18.3.6 | RFC 8415 §18.3.6}
 * @see {@link https://www.rfc-editor.org/rfc/rfc3646 | RFC 3646}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type EthernetHeader, type MacAddress, writeMac } from "../ethernet/header.ts";
import type { Place } from "../ethernet/place.ts";
import { AddressField, type IpAddress, sameAddress, writeAddress } from "../ip/address.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { IPV6_HEADER_LENGTH, parseIpv6, writeIpv6 } from "../ip/ipv6_header.ts";
import { Datagram, parseDatagram, UDP_HEADER_LENGTH, writeDatagram } from "../udp/header.ts";
import { appendDhcpv6, Dhcpv6Option, Dhcpv6Type, parseDhcpv6 } from "./dhcpv6_header.ts";
import { words } from "./options.ts";

/** What a {@linkcode Dhcpv6} tells its clients. */
export interface Dhcpv6Options {
  /** Name servers. */
  readonly dns: readonly IpAddress[];
}

const SERVER_PORT = 547;
const CLIENT_PORT = 546;
const NEXT_HEADER = 6;
const DESTINATION_PORT = 2;
const ADDRESS_LENGTH = 16;
/** ff02::1:2, All_DHCP_Relay_Agents_and_Servers (RFC 8415 §7.1). */
const ALL_SERVERS: IpAddress = { w0: 0xff02_0000 | 0, w1: 0, w2: 0, w3: 0x1_0002 };
/** A datagram that fits a frame of the usual size: nobody has more to say. */
const LONGEST = 1452;
/** Of a client's identifier: a type, and at most 128 bytes (RFC 8415 §11.1). */
const LONGEST_ID = 130;
/** After so many seconds a client asks again (RFC 8415 §7.6, IRT_DEFAULT). */
const REFRESH_TIME = 86_400;
/** What only those may ask for who have state for them (RFC 8415 §16.12). */
const STATEFUL = [
  Dhcpv6Option.NonTemporaryAddress,
  Dhcpv6Option.TemporaryAddress,
  Dhcpv6Option.PrefixDelegation,
];

/** A DHCPv6 server on a link; see the module's description. */
export class Dhcpv6 {
  readonly #place: Place;
  readonly #serverId: Uint8Array;
  readonly #nameServers: Uint8Array;
  readonly #ip = new IpHeader();
  readonly #datagram = new Datagram();
  readonly #client = new AddressField();

  /** Speaks for `place`. */
  constructor(place: Place, { dns }: Dhcpv6Options) {
    this.#place = place;
    this.#serverId = linkLayerId(place.mac);
    this.#nameServers = new Uint8Array(ADDRESS_LENGTH * dns.length);
    const view = new DataView(this.#nameServers.buffer);
    dns.forEach((address, index) => writeAddress(view, ADDRESS_LENGTH * index, address));
  }

  /** Whether the IPv6 packet in `packet`, of any length, is for the server. */
  isFor({ view, start, length }: PacketBuffer): boolean {
    return length >= IPV6_HEADER_LENGTH + UDP_HEADER_LENGTH &&
      view.getUint8(start + NEXT_HEADER) === IpProtocol.Udp &&
      view.getUint16(start + IPV6_HEADER_LENGTH + DESTINATION_PORT) === SERVER_PORT;
  }

  /**
   * Takes an IPv6 packet in. Then `packet` holds the answer, for
   * `header.destination`, or nothing.
   *
   * @returns Why the packet was dropped, or `Drop.None`.
   */
  receive(header: EthernetHeader, packet: PacketBuffer): Drop {
    const options = this.#takeIn(packet);
    packet.clear();
    if (typeof options === "number") return options;
    const { transaction, clientId } = options;
    const answers = new Map<number, Uint8Array>([[Dhcpv6Option.ServerId, this.#serverId]]);
    if (clientId) answers.set(Dhcpv6Option.ClientId, clientId);
    if (this.#nameServers.length > 0) answers.set(Dhcpv6Option.NameServers, this.#nameServers);
    answers.set(Dhcpv6Option.RefreshTime, words(REFRESH_TIME));
    appendDhcpv6({ type: Dhcpv6Type.Reply, transaction, options: answers }, packet);
    header.destination = header.source;
    this.#address(packet);
    return Drop.None;
  }

  #takeIn(packet: PacketBuffer): { transaction: number; clientId: Uint8Array | undefined } | Drop {
    const ip = this.#ip;
    const reason = parseIpv6(ip, packet) || parseDatagram(this.#datagram, ip, packet);
    if (reason !== Drop.None) return reason;
    if (!sameAddress(ip.destination, ALL_SERVERS)) return Drop.InvalidDestination;
    if (!this.#place.isNeighbors(ip.source)) return Drop.InvalidSource;
    if (this.#datagram.sourcePort !== CLIENT_PORT) return Drop.InvalidSource;
    if (packet.length > LONGEST) return Drop.Malformed;
    const message = parseDhcpv6(packet);
    if (typeof message === "number") return message;
    const { type, transaction, options } = message;
    if (type !== Dhcpv6Type.InformationRequest) return Drop.IgnoredMessage;
    if (STATEFUL.some((code) => options.has(code))) return Drop.Malformed;
    const serverId = options.get(Dhcpv6Option.ServerId);
    if (serverId && !isSame(serverId, this.#serverId)) return Drop.IgnoredMessage; // another is meant
    const clientId = options.get(Dhcpv6Option.ClientId);
    if (clientId && clientId.length > LONGEST_ID) return Drop.Malformed;
    this.#client.assign(ip.source);
    return { transaction, clientId };
  }

  /** Prepends the headers of an answer. */
  #address(packet: PacketBuffer): void {
    const ip = this.#ip;
    ip.version = 6;
    ip.protocol = IpProtocol.Udp;
    ip.hopLimit = 64;
    if (this.#place.linkLocal) ip.source.assign(this.#place.linkLocal);
    ip.destination.assign(this.#client);
    this.#datagram.sourcePort = SERVER_PORT;
    this.#datagram.destinationPort = CLIENT_PORT;
    writeDatagram(this.#datagram, ip, packet, false);
    writeIpv6(ip, packet);
  }
}

/** Who a server is, by its MAC address: a DUID-LL (RFC 8415 §11.4). */
function linkLayerId(mac: MacAddress): Uint8Array {
  const bytes = Uint8Array.of(0, 3, 0, 1, 0, 0, 0, 0, 0, 0);
  writeMac(new DataView(bytes.buffer), 4, mac);
  return bytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
