/**
 * A router under datagrams of every kind, whole, cut, mixed and damaged: what it answers is right
 * on the wire, and bounded.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { NEVER } from "../../lib/base/clock.ts";
import { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import type { EchoRequest } from "../../lib/icmp/echo.ts";
import type { Problem } from "../../lib/ip/header.ts";
import { FAMILIES, type Family, Hosts } from "../harness/hosts.ts";
import {
  cut,
  decodeIp,
  decodeMessage,
  encodeMessage,
  encodePacket,
  ICMP,
  ICMPV6,
  type IpPacket,
} from "../harness/ip_packets.ts";
import type { Tap } from "../harness/record.ts";
import type { WireAddress } from "../harness/wire.ts";
import { mutate, randomBytes } from "./bytes.ts";

const MTU = 1500;
/** More than all that may be owed at a time, in fragments. */
const MOST_SENT = 20_000;
const PROBLEMS: readonly Problem[] = ["host unreachable", "prohibited", "time exceeded", "too big"];

/**
 * Plays `rounds` random packets; throws when the stack does, or sends what is wrong.
 *
 * @param tap Is shown what comes and what is sent.
 * @returns How many packets there were.
 */
export function fuzzNetwork(seed: number, rounds: number, tap?: Tap): number {
  const fuzz = new NetworkFuzz(seed, tap);
  for (let round = 0; round < rounds; round++) fuzz.step();
  fuzz.end();
  return fuzz.packets;
}

class NetworkFuzz {
  packets = 0;
  readonly #random: SeededRandom;
  readonly #hosts: Hosts;
  readonly #tap: Tap | undefined;
  readonly #shown = new PacketBuffer(70_000);
  /** Packets that are late. */
  readonly #late: Uint8Array[] = [];
  readonly #pending: EchoRequest[] = [];

  constructor(seed: number, tap: Tap | undefined) {
    this.#random = new SeededRandom(seed);
    this.#hosts = new Hosts({ random: this.#random }, MTU);
    this.#tap = tap;
  }

  step(): void {
    const random = this.#random;
    for (const bytes of this.#somePackets()) {
      const dice = random.below(12);
      if (dice === 0) this.#late.push(bytes);
      else if (dice === 1) this.#receive(mutate(random, bytes));
      else if (dice > 2) this.#receive(bytes);
      if (this.#late.length > 0 && random.below(8) === 0) {
        this.#receive(this.#late.splice(random.below(this.#late.length), 1)[0]!);
      }
    }
    if (random.below(10) === 0) this.#hosts.pass(random.below(40_000));
    if (random.below(3) === 0) this.#pump();
    this.#drain();
  }

  /** In the end nothing is left to do. */
  end(): void {
    this.#pump();
    const { stack } = this.#hosts;
    for (let count = 0; stack.nextDeadline < NEVER; count++) {
      assert(count < 10_000, "its timers do not end");
      this.#hosts.now = Math.max(this.#hosts.now, stack.nextDeadline);
      stack.advance(this.#hosts.now);
      this.#drain();
    }
  }

  #receive(bytes: Uint8Array): void {
    this.packets++;
    this.#show(bytes);
    this.#hosts.send(bytes);
  }

  #show(bytes: Uint8Array): void {
    if (!this.#tap) return;
    this.#shown.clear();
    this.#shown.bytes.set(bytes, this.#shown.append(bytes.length));
    this.#tap(this.#shown, this.#hosts.now);
  }

  /** One datagram of any kind, perhaps in fragments that overlap, or of which some are missing. */
  #somePackets(): Uint8Array[] {
    const random = this.#random;
    const family = FAMILIES[random.below(2)]!;
    const packet = this.#somePacket(family);
    if (packet.payload.length < 16 || random.below(2)) return [encodePacket(packet)];
    const size = 8 * (1 + random.below(packet.payload.length < 4000 ? 40 : 180));
    const fragments = cut(packet, size, random.below(5));
    if (fragments.length < 2) return [encodePacket(packet)];
    for (let swaps = random.below(4); swaps > 0; swaps--) {
      const [a, b] = [random.below(fragments.length), random.below(fragments.length)];
      [fragments[a], fragments[b]] = [fragments[b]!, fragments[a]!];
    }
    if (random.below(5) === 0) fragments.splice(random.below(fragments.length), 1);
    if (random.below(5) === 0) this.#shift(fragments);
    return fragments.map(encodePacket);
  }

  /** Moves one fragment to where another may be, or to where none can be. */
  #shift(fragments: IpPacket[]): void {
    const random = this.#random;
    const index = random.below(fragments.length);
    const { fragment, ...others } = fragments[index]!;
    if (!fragment) return;
    const offset = (random.below(3) ? fragment.offset + 8 * random.below(5) : 65_528) & 0xfff8;
    fragments.push({ ...others, fragment: { ...fragment, offset, more: random.below(3) > 0 } });
  }

  #somePacket(family: Family): IpPacket {
    const random = this.#random;
    const addresses: readonly WireAddress[] = [
      family.peer,
      family.router,
      family.server,
      family.elsewhere,
      family.everybody,
    ];
    const source = random.below(20) ? family.peer : addresses[random.below(5)]!;
    const destination = addresses[1 + random.below(4)]!;
    const ends = { source, destination };
    const hopLimit = random.below(10) ? 57 : random.below(3);
    const protocol = random.below(3) ? family.icmp : [17, 132, 59, 0, 44, 60][random.below(6)]!;
    const data = randomBytes(random, [20, 200, 3000, 20_000][random.below(4)]!);
    const { request, reply } = family.echo;
    const type = [request, request, request, reply, 1, 3, 11, 135][random.below(8)]!;
    const payload = protocol === family.icmp
      ? encodeMessage([type, random.below(5), random.nextUint32()], data, ends)
      : data;
    const packet = { ...ends, hopLimit, protocol, payload };
    if (random.below(6) > 0) return packet;
    if (family.version === 4) return { ...packet, options: [7, 7, 4, 0, 0, 0, 0, 0] };
    const kinds = Array.from(
      { length: 1 + random.below(4) },
      () => [0, 60, 60, 43][random.below(4)]!,
    );
    const option = () => [1, 0x1e, 0x5e, 0x9e, 0xde][random.below(9)] ?? 1;
    return { ...packet, extensions: kinds.map((kind) => [kind, 0, option(), 4, 0, 0, 0, 0]) };
  }

  #pump(): void {
    const random = this.#random;
    this.#pending.push(...this.#hosts.echoes());
    while (this.#pending.length > 0) {
      const request = this.#pending.pop();
      if (random.below(2)) request?.reply();
      else request?.fail(PROBLEMS[random.below(PROBLEMS.length)]!, { mtu: random.below(70_000) });
    }
    const { stack } = this.#hosts;
    for (let flow = stack.nextDatagramFlow(); flow; flow = stack.nextDatagramFlow()) flow.close();
  }

  #drain(): void {
    const sent = this.#hosts.receiveBytes();
    assert(sent.length < MOST_SENT, "it does not stop sending");
    for (const bytes of sent) {
      this.packets++;
      this.#show(bytes);
      assert(bytes.length <= MTU, `a packet of ${bytes.length} bytes`);
      const packet = decodeIp(bytes);
      assertEquals(packet.hopLimit, 64);
      assert(isOnLink(packet.destination), "it is for somebody else");
      const { offset, more } = packet.fragment;
      if (offset > 0 || more) continue;
      assertEquals(packet.protocol, typeof packet.source === "bigint" ? ICMPV6 : ICMP);
      decodeMessage(packet);
    }
  }
}

/** Whether somebody in the guest's networks, or on its link, has this address. */
function isOnLink(address: WireAddress): boolean {
  if (typeof address === "number") return address >>> 8 === 0x0a_0002;
  return [0xfd00n, 0xfe80n].includes(address >> 112n);
}
