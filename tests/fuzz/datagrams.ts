/**
 * A stack under datagrams of every kind, and applications that do anything with
 * its sockets and flows.
 *
 * Each datagram has a number. What arrives, on either side, is as it was sent,
 * and no datagram overtakes another of its flow; some are lost, and counted.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import type { Endpoint } from "../../lib/ip/flow.ts";
import { cutSegments } from "../../lib/link/offload.ts";
import { formatEndpoint } from "../../lib/text/address.ts";
import type { DatagramSocket } from "../../lib/udp/socket.ts";
import type { DatagramFlow } from "../../lib/udp/udp_flow.ts";
import type { Tap } from "../harness/record.ts";
import { at, UdpGuest } from "../udp/peer.ts";
import { mutate } from "./bytes.ts";

const CLIENTS = ["10.0.2.100", "fd00::100"] as const;
const TARGETS = [
  ["192.0.2.1", "192.0.2.2", "10.0.2.3", "224.0.0.1", "255.255.255.255", "127.0.0.1"],
  ["2001:db8::1", "2001:db8::2", "fd00::3", "ff02::1", "::1", "fe80::1"],
] as const;
const PORTS = [0, 53, 443, 40_000, 65_535] as const;
const PROBLEMS = ["port unreachable", "host unreachable", "too big", "time exceeded"] as const;
const LONGEST = 65_507;
const NUMBER_LENGTH = 4;

/**
 * Plays `rounds` random datagrams and calls; throws when the stack does, or breaks a promise.
 *
 * @param tap Is shown what comes and what is sent.
 * @returns How many packets there were.
 */
export function fuzzDatagrams(seed: number, rounds: number, tap?: Tap): number {
  const fuzz = new DatagramFuzz(seed, tap);
  for (let round = 0; round < rounds; round++) fuzz.step();
  fuzz.end();
  return fuzz.packets;
}

class DatagramFuzz {
  packets = 0;
  readonly #tap: Tap | undefined;
  readonly #random: SeededRandom;
  readonly #maxFlows: number;
  readonly #guest: UdpGuest;
  readonly #flows = new Set<DatagramFlow>();
  readonly #sockets: DatagramSocket[] = [];
  /** What a socket has sent, and a flow may have sent beside it: nobody keeps their order. */
  readonly #shared = new Set<string>();
  /** The number of the last datagram that has arrived, by where it went. */
  readonly #arrived = new Map<string, number>();
  readonly #into = new Uint8Array(65_536);
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);
  readonly #wire = new PacketBuffer(HEADROOM + 65_536);
  #number = 0;

  constructor(seed: number, tap: Tap | undefined) {
    this.#tap = tap;
    const random = this.#random = new SeededRandom(seed);
    this.#maxFlows = 1 + random.below(8);
    const joins = random.below(2) === 1;
    this.#guest = new UdpGuest({
      random,
      udp: {
        maxFlows: this.#maxFlows,
        idleTimeout: 1 + random.below(5000),
        dnsTimeout: 1 + random.below(5000),
        flowQueue: 65_575 + random.below(100_000),
        maxMemory: [0, 50_000, 1 << 24][random.below(3)]!,
      },
    }, {
      mtu: [1280, 1500, 65_520][random.below(3)]!,
      checksumOffload: joins,
      maxDatagramSegmentation: joins ? [3000, LONGEST][random.below(2)]! : 0,
    });
  }

  step(): void {
    const below = (bound: number) => this.#random.below(bound);
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        this.#send();
        break;
      case 3:
        this.#pull();
        break;
      case 4:
        this.#answer();
        break;
      case 5:
        this.#useSocket();
        break;
      case 6:
        this.#guest.pass(below(below(10) ? 100 : 10_000));
        break;
      case 7:
        this.#takeOut(below(20));
    }
    assertLessOrEqual(this.#guest.stack.datagramFlowCount, this.#maxFlows);
  }

  /** Everything is forgotten when nobody says anything any more. */
  end(): void {
    const { stack } = this.#guest;
    for (const socket of this.#sockets) socket.close();
    for (let i = 0; i < 4; i++) {
      this.#guest.pass(60_000); // what was damaged may be a fragment, too
      this.#pull();
      this.#takeOut(Infinity);
    }
    assertEquals([stack.datagramFlowCount, this.#flows.size], [0, 0]);
    assertEquals(stack.nextDatagramFlow(), undefined);
    assertEquals(stack.nextDeadline, Infinity);
  }

  /** The guest sends: mostly what is right. */
  #send(): void {
    const [from, to] = this.#someEnds();
    const payload = this.#somePayload();
    const below = (bound: number) => this.#random.below(bound);
    const segmentSize = below(4) ? 0 : NUMBER_LENGTH + below(2000);
    const packet = this.#guest.datagram(from, to, payload, segmentSize);
    if (below(8) === 0) {
      const whole = packet.bytes.subarray(packet.start, packet.end);
      const damaged = mutate(this.#random, whole).subarray(0, 65_536);
      packet.clear();
      packet.bytes.set(damaged, packet.append(damaged.length));
    }
    this.packets++;
    this.#tap?.(packet, this.#guest.now);
    this.#guest.stack.receive(packet, this.#guest.now);
  }

  /** The application takes some of what has come. */
  #pull(): void {
    const { stack } = this.#guest;
    for (let flow = stack.nextDatagramFlow(); flow; flow = stack.nextDatagramFlow()) {
      if (flow.isOver) {
        this.#flows.delete(flow);
        assertEquals(flow.receive(this.#into), undefined);
        continue;
      }
      this.#flows.add(flow);
      for (let left = this.#random.below(10); left > 0; left--) {
        const expected = flow.nextLength;
        const length = flow.receive(this.#into);
        assertEquals(length, expected);
        if (length === undefined) break;
        assertGreater(flow.hopLimit, 0);
      }
    }
    for (let next = stack.nextDatagramSocket(); next; next = stack.nextDatagramSocket()) {
      while (next.receive(this.#into));
    }
  }

  /** The application answers, reports, or has enough of a flow. */
  #answer(): void {
    const below = (bound: number) => this.#random.below(bound);
    const flow = [...this.#flows][below(this.#flows.size + 1)];
    if (!flow) return;
    const { target } = flow.flow;
    const choice = below(10);
    if (choice === 0) {
      flow.close();
      this.#flows.delete(flow);
      assertEquals(flow.isOver, true);
    } else if (choice === 1) {
      flow.report(PROBLEMS[below(4)]!, below(70_000));
    } else {
      // One of its own, lest two flows send from one place.
      const other = { address: target.address, port: 1 + target.port % 60_000 };
      const from = below(3) ? target : other;
      for (let count = below(6); count > 0; count--) {
        const payload = this.#somePayload();
        const isSent = flow.send(from, payload);
        assert(!isSent || (!flow.isOver && flow.flow.client.port !== 0));
      }
    }
  }

  #useSocket(): void {
    const below = (bound: number) => this.#random.below(bound);
    const { stack } = this.#guest;
    const [client, place] = this.#someEnds();
    const socket = this.#sockets[below(this.#sockets.length + 1)];
    if (!socket) {
      const own = below(2) ? place : { port: place.port };
      try {
        this.#sockets.push(stack.bind(own, { queueBytes: below(100_000) }));
      } catch (error) {
        assert(error instanceof RangeError);
      }
    } else if (below(6) === 0) {
      socket.close();
      this.#sockets.splice(this.#sockets.indexOf(socket), 1);
    } else {
      const from = { address: place.address, port: socket.own.port };
      this.#shared.add(`${formatEndpoint(from)} > ${formatEndpoint(client)}`);
      try {
        socket.send(from.address, client, this.#somePayload());
      } catch (error) {
        assert(error instanceof RangeError);
      }
    }
  }

  /** The link takes packets, cuts them, and the guest looks at them. */
  #takeOut(most: number): void {
    const { stack } = this.#guest;
    for (let count = 0; count < most && stack.transmit(this.#packet, this.#guest.now); count++) {
      cutSegments(this.#packet, this.#wire, (packet) => this.#look(packet));
    }
  }

  #look(packet: PacketBuffer): void {
    this.packets++;
    this.#tap?.(packet, this.#guest.now);
    if (isFragment(packet)) return; // what becomes of them is tried with those of others
    const { icmp, from, to, payload } = this.#guest.read(packet);
    if (icmp || payload.length < NUMBER_LENGTH) return;
    const number = new DataView(payload.buffer).getUint32(0);
    assertEquals(payload, payloadOf(number, payload.length));
    const way = `${from} > ${to}`;
    if (this.#shared.has(way)) return;
    assertGreater(number, this.#arrived.get(way) ?? 0, way);
    this.#arrived.set(way, number);
  }

  #someEnds(): [from: Endpoint, to: Endpoint] {
    const some = <T>(choices: readonly T[]): T => choices[this.#random.below(choices.length)]!;
    const version = this.#random.below(2);
    return [at(CLIENTS[version]!, some(PORTS)), at(some(TARGETS[version]!), some(PORTS))];
  }

  #somePayload(): Uint8Array {
    const most = [10, 1500, 1500, 10_000, LONGEST + 1][this.#random.below(5)]!;
    return payloadOf(++this.#number, this.#random.below(most));
  }
}

function isFragment({ view, start }: PacketBuffer): boolean {
  const isV4 = view.getUint8(start) >> 4 === 4;
  return isV4 ? (view.getUint16(start + 6) & 0x3fff) !== 0 : view.getUint8(start + 6) === 44;
}

/** Bytes that nobody takes for those of another datagram. */
function payloadOf(number: number, length: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(length).fill(number);
  if (length >= NUMBER_LENGTH) new DataView(payload.buffer).setUint32(0, number);
  return payload;
}
