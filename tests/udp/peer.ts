/**
 * A guest that sends and takes single datagrams, and the stack it talks to.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { ICMP_HEADER_LENGTH } from "../../lib/icmp/header.ts";
import { AddressField, isIpv4, readAddress } from "../../lib/ip/address.ts";
import type { Endpoint } from "../../lib/ip/flow.ts";
import { IpHeader, IpProtocol } from "../../lib/ip/header.ts";
import { IPV4_HEADER_LENGTH, parseIpv4, writeIpv4 } from "../../lib/ip/ipv4_header.ts";
import { IPV6_HEADER_LENGTH, parseIpv6, writeIpv6 } from "../../lib/ip/ipv6_header.ts";
import { Stack, type StackOptions } from "../../lib/stack/stack.ts";
import { formatAddress, formatEndpoint, parseAddress } from "../../lib/text/address.ts";
import { Datagram, parseDatagram, writeDatagram } from "../../lib/udp/header.ts";

/** `at("10.0.2.3", 53)`. */
export function at(address: string, port: number): Endpoint {
  return { address: parseAddress(address), port };
}

/** The bytes of `text`, or as many zeros. */
export function bytes(text: string | number): Uint8Array<ArrayBuffer> {
  return typeof text === "number" ? new Uint8Array(text) : new TextEncoder().encode(text);
}

/** What the guest got. */
export interface GuestDatagram {
  readonly from: string;
  readonly to: string;
  readonly payload: Uint8Array;
  /** Of an ICMP error: type and code; `to` is then whom the datagram was for. */
  readonly icmp?: readonly [type: number, code: number];
}

function readError(header: IpHeader, { view, start, end }: PacketBuffer): GuestDatagram {
  const isV4 = header.protocol === IpProtocol.Icmp;
  const from = formatAddress(header.source);
  const udp = start + ICMP_HEADER_LENGTH + (isV4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH);
  const address = new AddressField();
  if (isV4) address.assignIpv4(view.getInt32(udp - 4));
  else readAddress(address, view, udp - 16);
  return {
    from,
    to: formatEndpoint({ address, port: view.getUint16(udp + 2) }),
    payload: new Uint8Array(end - udp),
    icmp: [view.getUint8(start), view.getUint8(start + 1)],
  };
}

/** A guest and the stack that it talks to, in virtual time. */
export class UdpGuest {
  readonly stack: Stack;
  /** The time, in milliseconds. */
  now = 1000;
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);
  readonly #header = new IpHeader();
  readonly #datagram = new Datagram();

  /** Makes a guest whose link takes the longest packet of IPv4 whole. */
  constructor(options: StackOptions = {}, link = {}) {
    this.stack = new Stack(
      { mtu: 65_535, checksumOffload: false, maxSegmentation: 0, ...link },
      options,
    );
  }

  /** Sends a datagram; with `segmentSize` it is a super-segment. */
  send(from: Endpoint, to: Endpoint, payload: Uint8Array, segmentSize = 0): void {
    this.stack.receive(this.datagram(from, to, payload, segmentSize), this.now);
  }

  /** A datagram on its way in. */
  datagram(from: Endpoint, to: Endpoint, payload: Uint8Array, segmentSize = 0): PacketBuffer {
    const packet = this.#packet;
    const header = this.#header;
    packet.clear();
    packet.bytes.set(payload, packet.append(payload.length));
    header.version = isIpv4(from.address) ? 4 : 6;
    header.protocol = IpProtocol.Udp;
    header.source.assign(from.address);
    header.destination.assign(to.address);
    this.#datagram.sourcePort = from.port;
    this.#datagram.destinationPort = to.port;
    writeDatagram(this.#datagram, header, packet, false);
    (header.version === 4 ? writeIpv4 : writeIpv6)(header, packet);
    packet.segmentSize = segmentSize;
    return packet;
  }

  /** The next packet to the guest, if there is one. */
  receive(): GuestDatagram | undefined {
    return this.stack.transmit(this.#packet, this.now) ? this.read(this.#packet) : undefined;
  }

  /** What a packet to the guest says: a datagram, or an ICMP error about one. */
  read(packet: PacketBuffer): GuestDatagram {
    const header = this.#header;
    const parse = packet.view.getUint8(packet.start) >> 4 === 4 ? parseIpv4 : parseIpv6;
    assertEquals(parse(header, packet), Drop.None);
    if (header.protocol !== IpProtocol.Udp) return readError(header, packet);
    assertEquals(parseDatagram(this.#datagram, header, packet), Drop.None);
    const { sourcePort, destinationPort } = this.#datagram;
    return {
      from: formatEndpoint({ address: header.source, port: sourcePort }),
      to: formatEndpoint({ address: header.destination, port: destinationPort }),
      payload: packet.bytes.slice(packet.start, packet.end),
    };
  }

  /** Lets time pass. */
  pass(millis: number): void {
    this.now += millis;
    this.stack.advance(this.now);
  }
}
