/**
 * A stack that is a router with addresses of its own, and a peer that sends it
 * any packets; both versions of IP.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Millis } from "../../lib/base/clock.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import type { EchoRequest } from "../../lib/icmp/echo.ts";
import { Stack, type StackOptions } from "../../lib/stack/stack.ts";
import {
  decodeIp,
  decodeMessage,
  encodeMessage,
  encodePacket,
  ICMP,
  ICMPV6,
  type IpPacket,
} from "./ip_packets.ts";
import { fromWireAddress, type WireAddress } from "./wire.ts";

/** The addresses of one version of IP, and its ICMP. */
export interface Family {
  readonly version: 4 | 6;
  readonly peer: WireAddress;
  readonly router: WireAddress;
  /** Another address of the stack's. */
  readonly server: WireAddress;
  readonly elsewhere: WireAddress;
  readonly everybody: WireAddress;
  readonly icmp: number;
  readonly echo: { readonly request: number; readonly reply: number };
}

/** IPv4 and IPv6, with the addresses that headgate has by default. */
export const FAMILIES: readonly Family[] = [{
  version: 4,
  peer: 0x0a00_0264,
  router: 0x0a00_0202,
  server: 0x0a00_0203,
  elsewhere: 0x5db8_d822,
  everybody: 0xe000_0001,
  icmp: ICMP!,
  echo: { request: 8, reply: 0 },
}, {
  version: 6,
  peer: (0xfd00n << 112n) + 0x100n,
  router: (0xfd00n << 112n) + 2n,
  server: (0xfd00n << 112n) + 3n,
  elsewhere: (0x2001_0db8n << 96n) + 1n,
  everybody: (0xff02n << 112n) + 1n,
  icmp: ICMPV6!,
  echo: { request: 128, reply: 129 },
}];

/** A stack and its peer; see the module's description. */
export class Hosts {
  readonly stack: Stack;
  now: Millis = 1000;
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);

  /** Makes a stack for a link with an MTU of `mtu`. */
  constructor(options: StackOptions = {}, mtu = 1500) {
    this.stack = new Stack({ mtu, checksumOffload: false, maxSegmentation: 0 }, {
      random: new SeededRandom(1),
      addresses: FAMILIES.flatMap(({ router, server }) => [router, server]).map(fromWireAddress),
      guest: FAMILIES.map(({ version, peer }) => (
        { address: fromWireAddress(peer), prefixLength: version === 4 ? 24 : 64 }
      )),
      ...options,
    });
  }

  /** Hands a packet to the stack, whatever it is. */
  send(packet: IpPacket | Uint8Array): void {
    const bytes = packet instanceof Uint8Array ? packet : encodePacket(packet);
    this.#packet.clear();
    this.#packet.bytes.set(bytes, this.#packet.append(bytes.length));
    this.stack.receive(this.#packet, this.now);
  }

  /** The packets that the stack has to send now, as bytes. */
  receiveBytes(): Uint8Array[] {
    const sent: Uint8Array[] = [];
    while (this.stack.transmit(this.#packet, this.now)) {
      sent.push(this.#packet.bytes.slice(this.#packet.start, this.#packet.end));
    }
    return sent;
  }

  /** The packets that the stack has to send now. */
  receive() {
    return this.receiveBytes().map(decodeIp);
  }

  /** The messages of ICMP that the stack has to send now; it must send nothing else. */
  receiveMessages() {
    return this.receive().map((packet) => {
      assertEquals(packet.protocol, typeof packet.source === "bigint" ? ICMPV6 : ICMP);
      return decodeMessage(packet);
    });
  }

  /** Sends an echo request from the peer. */
  ping(family: Family, destination: WireAddress, data: Uint8Array, hopLimit = 57): Uint8Array {
    const ends = { source: family.peer, destination };
    const payload = encodeMessage([family.echo.request, 0, 0x1234_5678], data, ends);
    const packet = encodePacket({ ...ends, protocol: family.icmp, payload, hopLimit });
    this.send(packet);
    return packet;
  }

  /** The echo requests to elsewhere that wait. */
  echoes(): EchoRequest[] {
    const found: EchoRequest[] = [];
    for (let next = this.stack.nextEcho(); next; next = this.stack.nextEcho()) found.push(next);
    return found;
  }

  /** Lets time pass; each deadline is met. */
  pass(time: Millis): void {
    const end = this.now + time;
    while (this.stack.nextDeadline <= end) {
      this.now = Math.max(this.now, this.stack.nextDeadline);
      this.stack.advance(this.now);
      if (this.stack.nextDeadline <= this.now) break; // something is to be sent
    }
    this.now = end;
    this.stack.advance(end);
  }
}
