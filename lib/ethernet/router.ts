/**
 * What a router says of itself and the link, and when: unasked now and then, so
 * that what it has said stays valid.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4861#section-6.2 | RFC 4861 §6.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8106#section-5.1 | RFC 8106 §5.1}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type IpAddress, writeAddress } from "../ip/address.ts";
import { networkAddress, type Prefix } from "../ip/prefix.ts";
import type { MacAddress } from "./header.ts";
import { appendAddress, appendMac, appendOption, NdOption } from "./neighbor_discovery_header.ts";

/** What a router advertises. */
export interface RouterOptions {
  /** The network of the link; with 64 bits guests make addresses of their own in it. */
  readonly prefix: Prefix;
  /** Name servers. @default {none} */
  readonly dns?: readonly IpAddress[];
  /** The longest IP packet, in bytes. */
  readonly mtu: number;
  /** Whether DHCPv6 has more to say: the "other configuration" flag. @default {false} */
  readonly hasOther?: boolean;
}

// RFC 4861 §6.2.1, §10. The interval need not vary: we are the only router.
const INTERVAL: Millis = 600_000;
const INITIAL_INTERVAL: Millis = 16_000;
const INITIAL_ADVERTISEMENTS = 3;
const SHORTEST_INTERVAL: Millis = 3000;

// In seconds.
const ROUTER_LIFETIME = 1800; // three intervals
const VALID_LIFETIME = 2_592_000; // 30 days
const PREFERRED_LIFETIME = 604_800; // 7 days

const HOP_LIMIT = 64;
const OTHER_CONFIGURATION = 0x40;
const ON_LINK = 0x80;
const AUTONOMOUS = 0x40;
/** Interface identifiers have 64 bits (RFC 2464 §4). */
const AUTONOMOUS_PREFIX_LENGTH = 64;

/** A router's word; see the module's description. */
export class Router {
  readonly #options: RouterOptions;
  #sent = 0;
  #sentAt: Millis = -Infinity;
  #dueAt: Millis = -Infinity; // as soon as there is somebody to say it to

  /** Makes a router that has said nothing yet. */
  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** When everybody is told next. */
  get nextDeadline(): Millis {
    return this.#dueAt;
  }

  /** The word behind the checksum: hop limit, flags and lifetime. */
  get flags(): number {
    const flags = this.#options.hasOther ? OTHER_CONFIGURATION : 0;
    return HOP_LIMIT * 2 ** 24 + flags * 2 ** 16 + ROUTER_LIFETIME;
  }

  /** Lets everybody be told as soon as may be (RFC 4861 §6.2.6). */
  hasten(now: Millis): void {
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, this.#sentAt + SHORTEST_INTERVAL));
  }

  /** Whether everybody is to be told now; then the next time is another. */
  takeTurn(now: Millis): boolean {
    if (now < this.#dueAt) return false;
    this.#sent++;
    this.#sentAt = now;
    this.#dueAt = now + (this.#sent < INITIAL_ADVERTISEMENTS ? INITIAL_INTERVAL : INTERVAL);
    return true;
  }

  /** Appends all that is advertised to `packet`; `mac` is where we are. */
  append(packet: PacketBuffer, mac: MacAddress): void {
    const { view, bytes } = packet;
    const { prefix, dns = [], mtu } = this.#options;
    const times = packet.append(8); // reachable time, retransmission time: as everybody has them
    bytes.fill(0, times, packet.end);
    appendMac(packet, NdOption.SourceMac, mac);
    view.setUint32(appendOption(packet, NdOption.Mtu, 1) + 4, mtu);

    const at = appendOption(packet, NdOption.Prefix, 4);
    const isAutonomous = prefix.prefixLength === AUTONOMOUS_PREFIX_LENGTH;
    view.setUint8(at + 2, prefix.prefixLength);
    view.setUint8(at + 3, ON_LINK | (isAutonomous ? AUTONOMOUS : 0));
    view.setUint32(at + 4, VALID_LIFETIME);
    view.setUint32(at + 8, PREFERRED_LIFETIME);
    writeAddress(view, at + 16, networkAddress(prefix));

    if (dns.length === 0) return;
    view.setUint32(appendOption(packet, NdOption.RecursiveDns, 1) + 4, ROUTER_LIFETIME);
    view.setUint8(packet.end - 7, 1 + 2 * dns.length);
    for (const address of dns) appendAddress(packet, address);
  }
}
