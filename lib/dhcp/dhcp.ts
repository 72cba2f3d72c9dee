/**
 * DHCP on a link: from the packet of a question to that of its answer.
 *
 * It stands beside the stack, not on it: a client has no address when it asks,
 * and is answered at its MAC address.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2131#section-4.1 | RFC 2131 §4.1}
 * @module
 */
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { BROADCAST, type EthernetHeader, type MacAddress } from "../ethernet/header.ts";
import { type IpAddress, ipv4, sameAddress } from "../ip/address.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { IPV4_HEADER_LENGTH, parseIpv4, writeIpv4 } from "../ip/ipv4_header.ts";
import { Datagram, parseDatagram, UDP_HEADER_LENGTH, writeDatagram } from "../udp/header.ts";
import { appendDhcp, type DhcpReply, DhcpType, parseDhcp } from "./header.ts";
import { type DhcpOptions, DhcpServer } from "./server.ts";

export type { DhcpOptions } from "./server.ts";

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const EVERYBODY: IpAddress = ipv4(0xffff_ffff);
const PROTOCOL = 9;
const FRAGMENT = 6;
const DESTINATION_PORT = 2;
const MORE_FRAGMENTS_OR_OFFSET = 0x3fff;

/**
 * A client that renews its lease asks from a socket that it closes next, and listens at another:
 * udhcpc does. An answer that comes before that is lost to the first.
 */
const ANSWER_DELAY: Millis = 10;

/** An answer that is not sent yet. */
interface PendingAnswer {
  readonly packet: PacketBuffer;
  readonly destination: MacAddress;
  readonly dueAt: Millis;
}

/** DHCP on a link; see the module's description. */
export class Dhcp {
  readonly #own: IpAddress;
  readonly #server: DhcpServer;
  readonly #ip = new IpHeader();
  readonly #datagram = new Datagram();
  /** To the last one who has asked from an address. */
  #pending: PendingAnswer | undefined;

  /** Makes a server that has leased nothing yet. */
  constructor(options: DhcpOptions) {
    this.#own = options.server;
    this.#server = new DhcpServer(options);
  }

  /** Whether the IPv4 packet in `packet`, of any length, is for the server, as far as one can see. */
  isFor({ view, start, length }: PacketBuffer): boolean {
    if (length < IPV4_HEADER_LENGTH || view.getUint8(start + PROTOCOL) !== IpProtocol.Udp) {
      return false;
    }
    const headerLength = (view.getUint8(start) & 0x0f) * 4;
    if (length < headerLength + UDP_HEADER_LENGTH) return false;
    return view.getUint16(start + headerLength + DESTINATION_PORT) === SERVER_PORT &&
      (view.getUint16(start + FRAGMENT) & MORE_FRAGMENTS_OR_OFFSET) === 0;
  }

  /** When {@linkcode Dhcp.transmit} has something, or `NEVER`. */
  get nextDeadline(): Millis {
    return this.#pending?.dueAt ?? NEVER;
  }

  /**
   * Takes an IPv4 packet in. Then `packet` holds the answer, for
   * `header.destination`, or nothing: perhaps it is sent later.
   *
   * @returns Why the packet was dropped, or `Drop.None`.
   */
  receive(header: EthernetHeader, packet: PacketBuffer, now: Millis): Drop {
    const reply = this.#takeIn(header, packet, now);
    packet.clear();
    if (typeof reply === "number") return reply;
    appendDhcp(reply, packet);
    this.#address(reply, header, packet);
    if (reply.request.clientAddress !== 0) this.#postpone(header.destination, packet, now);
    return Drop.None;
  }

  /** Fills in an answer that is due now, for `header.destination`; returns whether there is one. */
  transmit(header: EthernetHeader, packet: PacketBuffer, now: Millis): boolean {
    const pending = this.#pending;
    if (!pending || now < pending.dueAt) return false;
    this.#pending = undefined;
    header.destination = pending.destination;
    packet.copyFrom(pending.packet);
    return true;
  }

  #postpone(destination: MacAddress, packet: PacketBuffer, now: Millis): void {
    const copy = new PacketBuffer(packet.end);
    copy.copyFrom(packet);
    this.#pending = { packet: copy, destination, dueAt: now + ANSWER_DELAY };
    packet.clear();
  }

  #takeIn(header: EthernetHeader, packet: PacketBuffer, now: Millis): DhcpReply | Drop {
    const ip = this.#ip;
    const reason = parseIpv4(ip, packet) || parseDatagram(this.#datagram, ip, packet);
    if (reason !== Drop.None) return reason;
    const { destination } = ip;
    if (!sameAddress(destination, EVERYBODY) && !sameAddress(destination, this.#own)) {
      return Drop.InvalidDestination;
    }
    if (this.#datagram.sourcePort !== CLIENT_PORT) return Drop.InvalidSource;
    const request = parseDhcp(packet);
    if (typeof request === "number") return request;
    // Nobody asks for another here.
    return request.clientMac === header.source
      ? this.#server.answer(request, now)
      : Drop.InvalidSource;
  }

  /** To whom and where (RFC 2131 §4.1). */
  #address(
    { type, request, yourAddress }: DhcpReply,
    header: EthernetHeader,
    packet: PacketBuffer,
  ): void {
    const ip = this.#ip;
    ip.version = 4;
    ip.protocol = IpProtocol.Udp;
    ip.hopLimit = 64;
    ip.source.assign(this.#own);
    ip.destination.assign(EVERYBODY);
    header.destination = BROADCAST;
    if (type !== DhcpType.Nak) {
      const address = request.clientAddress !== 0
        ? request.clientAddress
        : request.wantsBroadcast
        ? 0
        : yourAddress;
      if (address !== 0) {
        ip.destination.assignIpv4(address);
        header.destination = request.clientMac;
      }
    }
    this.#datagram.sourcePort = SERVER_PORT;
    this.#datagram.destinationPort = CLIENT_PORT;
    writeDatagram(this.#datagram, ip, packet, false);
    writeIpv4(ip, packet);
  }
}
