/**
 * A conversation with an {@linkcode Ethernet}: frames in, what it says out, in
 * virtual time.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { DropCounters } from "../../lib/base/drop.ts";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import type { NetworkOptions } from "../../lib/cli/network_options.ts";
import { stationOf } from "../../lib/cli/station.ts";
import { Ethernet, Outcome } from "../../lib/ethernet/ethernet.ts";
import { parseAddress } from "../../lib/text/address.ts";
import { type Bytes, ipText, macText, OUR_MAC, sum } from "./frames.ts";

/** What the station is, unless a test says otherwise. */
export const IPV4: NetworkOptions = {
  version: 4,
  guest: "10.0.2.100",
  gateway: "10.0.2.2",
  dns: "10.0.2.3",
  prefixLength: 24,
};

/** What it is where IPv6 is tested. */
export const IPV6: NetworkOptions = {
  version: 6,
  guest: "fd00::100",
  gateway: "fd00::2",
  dns: "fd00::3",
  prefixLength: 64,
};

/** A conversation; see the module's description. */
export class StationTalk {
  readonly drops: DropCounters = new DropCounters();
  readonly ethernet: Ethernet;
  /** The present. */
  now = 1000;
  readonly #buffer = new PacketBuffer(HEADROOM + 65_536);

  constructor(networks: readonly NetworkOptions[] = [IPV4], mtu = 1500) {
    const dns = networks.map((network) => parseAddress(network.dns));
    const station = stationOf({ networks, dns, mtu, configures: true });
    this.ethernet = new Ethernet({ ...station, drops: this.drops });
  }

  /** Lets a frame come; returns what is said upon it. */
  frame(bytes: Uint8Array): Bytes[] {
    this.#fill(bytes);
    const outcome = this.ethernet.receive(this.#buffer, this.now);
    if (outcome === Outcome.Packet) return [this.#bytes(), ...this.#transmit()];
    return [...(outcome === Outcome.Frame ? [this.#bytes()] : []), ...this.#transmit()];
  }

  /** Lets a frame come that one frame is the answer to, and returns that. */
  ask(bytes: Uint8Array): Bytes {
    const said = this.frame(bytes);
    assertEquals(said.length, 1);
    return said[0]!;
  }

  /** Lets the stack send an IP packet; returns the frames that leave upon it. */
  send(bytes: Uint8Array): Bytes[] {
    this.#fill(bytes);
    const outcome = this.ethernet.send(this.#buffer, this.now);
    return [...(outcome === Outcome.Frame ? [this.#bytes()] : []), ...this.#transmit()];
  }

  /** Lets time pass; returns what is said meanwhile, and when, counted from now. */
  wait(duration: number): [after: number, frame: Bytes][] {
    const start = this.now;
    const end = start + duration;
    const said: [number, Bytes][] = [];
    while (this.ethernet.nextDeadline <= end) {
      this.now = Math.max(this.now, this.ethernet.nextDeadline);
      this.ethernet.advance(this.now);
      said.push(...this.#transmit().map((frame): [number, Bytes] => [this.now - start, frame]));
    }
    this.now = end;
    return said;
  }

  #fill(bytes: Uint8Array): void {
    this.#buffer.clear();
    this.#buffer.bytes.set(bytes, this.#buffer.append(bytes.length));
  }

  #bytes(): Bytes {
    return this.#buffer.bytes.slice(this.#buffer.start, this.#buffer.end);
  }

  #transmit(): Bytes[] {
    const frames: Bytes[] = [];
    while (this.ethernet.transmit(this.#buffer, this.now)) frames.push(this.#bytes());
    return frames;
  }
}

/** The ARP message in a frame, and for whom it is, as text. */
export function arpText(frame: Uint8Array): string {
  assertEquals(macText(frame.subarray(6, 12)), OUR_MAC);
  assertEquals(macText(frame.subarray(12, 22)), "08:06:00:01:08:00:06:04:00:0" + frame[21]);
  assertEquals(macText(frame.subarray(22, 28)), OUR_MAC);
  const [sender, target] = [frame.subarray(28, 32), frame.subarray(38, 42)].map(ipText);
  const what = frame[21] === 1 ? `${sender} asks for ${target}` : `${sender} is here, ${target}`;
  return `to ${macText(frame.subarray(0, 6))}: ${what}`;
}

/** A UDP datagram from us in a frame; everything around it must be right. */
export function datagramIn(frame: Uint8Array): {
  readonly to: string;
  readonly source: string;
  readonly destination: string;
  readonly ports: readonly [number, number];
  readonly data: Uint8Array;
} {
  assertEquals(macText(frame.subarray(6, 12)), OUR_MAC);
  const isIpv4 = frame[12] === 0x08;
  assertEquals(macText(frame.subarray(12, 14)), isIpv4 ? "08:00" : "86:dd");
  const packet = frame.subarray(14);
  const [header, from, size] = isIpv4 ? [20, 12, 4] : [40, 8, 16];
  const addresses = packet.slice(from, from + 2 * size);
  const udp = packet.slice(header);
  const view = new DataView(udp.buffer);
  if (isIpv4) assertEquals(sum(packet.subarray(0, header)), 0xffff);
  assertEquals(isIpv4 ? packet[9] : packet[6], 17);
  assertEquals(view.getUint16(4), udp.length);
  const pseudo = [...addresses, ...new Uint8Array(2), udp.length >> 8, udp.length & 0xff, 0, 17];
  assertEquals(sum(Uint8Array.from([...pseudo, ...udp])), 0xffff);
  return {
    to: macText(frame.subarray(0, 6)),
    source: ipText(addresses.subarray(0, size)),
    destination: ipText(addresses.subarray(size)),
    ports: [view.getUint16(0), view.getUint16(2)],
    data: udp.subarray(8),
  };
}
