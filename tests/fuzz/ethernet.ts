/**
 * A station on Ethernet whose neighbors say anything: damaged messages of ARP,
 * Neighbor Discovery and DHCP, at any time, between packets of the stack.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { stationOf } from "../../lib/cli/station.ts";
import { Ethernet, Outcome } from "../../lib/ethernet/ethernet.ts";
import { Neighbors } from "../../lib/ethernet/neighbors.ts";
import { parseAddress } from "../../lib/text/address.ts";
import {
  arp,
  frame,
  ip,
  join,
  mac,
  macText,
  OUR_MAC,
  packet,
  u16,
  u32,
  udp,
} from "../harness/frames.ts";
import type { Tap } from "../harness/record.ts";
import { IPV4, IPV6 } from "../harness/station.ts";
import { mutate, randomBytes } from "./bytes.ts";

/** Addresses of ours, of neighbors, of nobody, and from elsewhere. */
const ADDRESSES4 = ["10.0.2.2", "10.0.2.3", "10.0.2.100", "10.0.2.101", "0.0.0.0", "192.0.2.1"];
const ADDRESSES6 = ["fd00::2", "fe80::2", "fd00::64", "fe80::65", "::", "2001:db8::1", "ff02::1"];
const STATIONS = ["02:00:00:00:00:64", "02:00:00:00:00:65", OUR_MAC, "ff:ff:ff:ff:ff:ff"];
const LONGEST_ANSWER = 1514;

/**
 * Plays `rounds` frames and packets; throws when the station does, or says what it must not.
 *
 * @param tap Is shown each frame before it is received.
 * @returns How many frames there were, both ways.
 */
export function fuzzEthernet(seed: number, rounds: number, tap?: Tap): number {
  const random = new SeededRandom(seed);
  const networks = [[IPV4, IPV6], [IPV4], [IPV6]][random.below(3)]!;
  const dns = networks.map((network) => parseAddress(network.dns));
  const ethernet = new Ethernet(stationOf({ networks, dns, mtu: 1500, configures: true }));
  const buffer = new PacketBuffer(HEADROOM + 65_536);
  let now = 0;
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    now += [0, 1, 400, 3000, 40_000][random.below(5)]!;
    const isPacket = random.below(4) === 0;
    const bytes = isPacket ? somePacket(random) : someFrame(random);
    buffer.clear();
    buffer.bytes.set(bytes, buffer.append(bytes.length));
    if (!isPacket) tap?.(buffer, now);
    const isGiven = isPacket && bytes.length >= 40; // as the stack sends them
    if (isPacket && !isGiven) continue;
    const outcome = isGiven ? ethernet.send(buffer, now) : ethernet.receive(buffer, now);
    assert(isGiven ? outcome !== Outcome.Packet : outcome <= Outcome.Frame);
    if (outcome === Outcome.Packet) assert(buffer.length > 0);
    if (outcome === Outcome.Frame) checkFrame(buffer);
    ethernet.advance(now);
    for (let owed = 0; ethernet.transmit(buffer, now); owed++) {
      assert(owed <= Neighbors.LIMIT + Neighbors.MOST_WAITING + 1);
      checkFrame(buffer);
      count++;
    }
    assert(ethernet.neighborCount <= Neighbors.LIMIT);
    assert(ethernet.nextDeadline > now);
    count++;
  }
  return count;
}

/** A frame of ours is from us, and to one station or to all. */
function checkFrame({ bytes, start, end }: PacketBuffer): void {
  assert(end - start >= 14 && end - start <= LONGEST_ANSWER);
  assertEquals(macText(bytes.subarray(start + 6, start + 12)), OUR_MAC);
}

function someFrame(random: SeededRandom): Uint8Array<ArrayBuffer> {
  const choose = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
  const from = random.below(3) ? STATIONS[0]! : choose(STATIONS);
  const makers = [
    () =>
      arp({
        operation: 1 + random.below(2),
        from,
        sender: choose(ADDRESSES4),
        target: choose(ADDRESSES4),
      }),
    () => frame({ from, type: 0x86dd, data: someDiscovery(random, choose) }),
    () => frame({ from, type: 0x0800, data: someDhcp(random, choose, from) }),
    () => frame({ from, type: 0x86dd, data: someDhcpv6(random, choose) }),
    () => randomBytes(random, 120),
  ];
  const bytes = choose(makers)();
  return random.below(2) ? mutate(random, bytes) : bytes;
}

type Choose = <T>(from: readonly T[]) => T;

function someDiscovery(random: SeededRandom, choose: Choose): Uint8Array {
  const type = 133 + random.below(5);
  const options = Array.from({ length: random.below(3) }, () => {
    return [
      choose([1, 2, 3, 5, 14]),
      random.below(8) ? 1 : random.below(4),
      ...mac(choose(STATIONS)),
    ];
  });
  const target = type === 133 ? [] : ip(choose(ADDRESSES6));
  const data = join(type, 0, 0, 0, u32(random.nextUint32()), target, ...options);
  const [source, destination] = [choose(ADDRESSES6), choose(ADDRESSES6)];
  return packet({ source, destination, protocol: 58, hopLimit: 255, data, checksumAt: 2 });
}

function someDhcp(random: SeededRandom, choose: Choose, from: string): Uint8Array {
  const options = Array.from({ length: random.below(6) }, () => {
    const value = random.below(2) ? ip(choose(ADDRESSES4)) : [...randomBytes(random, 9)];
    return [choose([50, 51, 52, 53, 54, 61, 255, 0]), value.length, ...value];
  });
  const fixed = [1, 1, 6, 0, ...u32(random.nextUint32()), ...new Array(4).fill(random.below(256))];
  const address = random.below(2) ? ip(choose(ADDRESSES4)) : [0, 0, 0, 0];
  const client = [...address, ...new Array(12).fill(0), ...mac(from)];
  const data = join(
    [...fixed, ...client, ...new Array(10).fill(0)],
    new Array(192).fill(random.below(3) ? 0 : random.below(256)),
    [0x63, 0x82, 0x53, 0x63, 53, 1, 1 + random.below(8)],
    ...options,
  );
  const destination = random.below(2) ? "255.255.255.255" : "10.0.2.2";
  return udp({ source: choose(ADDRESSES4), destination, ports: [68, 67], data });
}

function someDhcpv6(random: SeededRandom, choose: Choose): Uint8Array {
  const options = Array.from({ length: random.below(4) }, () => {
    const value = randomBytes(random, 40);
    return join(u16(choose([1, 2, 3, 6, 8, 23])), u16(value.length), value);
  });
  const data = join(random.below(4) ? 11 : random.below(14), 1, 2, 3, ...options);
  return udp({ source: choose(ADDRESSES6), destination: "ff02::1:2", ports: [546, 547], data });
}

/** A packet of the stack's. */
function somePacket(random: SeededRandom): Uint8Array<ArrayBuffer> {
  const host = 1 + random.below(random.below(2) ? 254 : 4);
  const destination = random.below(2) ? `10.0.2.${host}` : `fd00::${host.toString(16)}`;
  const source = destination.includes(":") ? "fd00::2" : "10.0.2.2";
  return udp({ source, destination, ports: [1, 2], data: randomBytes(random, 900) });
}
