/**
 * A whole stack under damaged, reordered and invented packets of several flows.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { IpHeader } from "../../lib/ip/header.ts";
import { parseIpv4 } from "../../lib/ip/ipv4_header.ts";
import { parseIpv6 } from "../../lib/ip/ipv6_header.ts";
import { Stack } from "../../lib/stack/stack.ts";
import { type Connection, TcpConnection } from "../../lib/tcp/connection.ts";
import { parseSegment, Segment } from "../../lib/tcp/header.ts";
import type { Listener } from "../../lib/tcp/listener.ts";
import {
  PEER_ADDRESS,
  PEER_ADDRESS_V6,
  STACK_ADDRESS,
  STACK_ADDRESS_V6,
} from "../harness/addresses.ts";
import { decodeIp, decodeMessage } from "../harness/ip_packets.ts";
import type { Tap } from "../harness/record.ts";
import { fillText, isText } from "../harness/text.ts";
import {
  decodePacket,
  encodeSegment,
  type WireAddress,
  type WireSegment,
} from "../harness/wire.ts";
import { mutate } from "./bytes.ts";
import { prependIcmpError } from "./icmp_error.ts";
import { somePacket } from "./parsers.ts";
import { someConnectionOptions } from "./settings.ts";

const TCP = 6;
const FLOWS = 4;
const MOST_FLOWS = 20;
const PEER_ISN = 0xffff_fff0;

/** A flow as its peer sees it. */
class Flow {
  /** What the stack has acknowledged, and where its own numbers are. */
  acked = 0;
  stackNext = 0;
  connection: Connection | undefined;
  read = 0;
  constructor(readonly port: number) {}
}

/**
 * Plays `rounds` random packets and calls; throws when the stack does, or breaks a promise.
 *
 * @param tap Is shown what comes and what is sent.
 * @returns How many packets there were.
 */
export function fuzzStack(seed: number, rounds: number, tap?: Tap): number {
  const fuzz = new StackFuzz(seed, tap);
  for (let round = 0; round < rounds; round++) fuzz.step();
  fuzz.end();
  return fuzz.packets;
}

class StackFuzz {
  packets = 0;
  readonly #tap: Tap | undefined;
  #now = 0;
  readonly #random: SeededRandom;
  readonly #stack: Stack;
  readonly #packet = new PacketBuffer(70_000);
  readonly #flows = Array.from({ length: FLOWS }, (_, i) => new Flow(1000 + i));
  readonly #peer: WireAddress;
  readonly #own: WireAddress;
  readonly #listener: Listener | undefined;
  /** Packets that are late. */
  readonly #late: Uint8Array[] = [];

  constructor(seed: number, tap: Tap | undefined) {
    this.#tap = tap;
    this.#random = new SeededRandom(seed);
    const isIpv6 = this.#random.below(3) === 0;
    this.#peer = isIpv6 ? PEER_ADDRESS_V6 : PEER_ADDRESS;
    this.#own = isIpv6 ? STACK_ADDRESS_V6 : STACK_ADDRESS;
    const link = { mtu: 1500, checksumOffload: false, maxSegmentation: 0 };
    this.#stack = new Stack(link, {
      random: this.#random,
      tcp: {
        maxConnections: MOST_FLOWS,
        maxTimeWait: 3,
        receiveBuffer: 20_000,
        sendBuffer: 20_000,
      },
    });
    this.#listener = this.#listen();
  }

  /** In every other world somebody listens, and nobody is asked. */
  #listen(): Listener | undefined {
    if (this.#random.below(2)) return undefined;
    return this.#stack.listen({ port: 80 }, { backlog: 2, synBacklog: 3 });
  }

  step(): void {
    const random = this.#random;
    const flow = this.#flows[random.below(FLOWS)]!;
    const dice = random.below(20);
    if (dice < 8) this.#receive(encodeSegment(this.#plausible(flow)));
    else if (dice < 10) this.#late.push(encodeSegment(this.#plausible(flow)));
    else if (dice < 12) this.#receive(this.#late.shift() ?? somePacket(random));
    else if (dice < 13) this.#receiveDamaged(encodeSegment(this.#plausible(flow)));
    else if (dice < 14) this.#receiveNonsense(flow);
    else if (dice < 17) this.#use(flow);
    else {
      this.#now += random.below(3) ? random.below(200) : random.below(70_000);
      this.#stack.advance(this.#now);
    }
    this.#pump();
    this.#drain();
    assert(this.#stack.flowCount <= MOST_FLOWS, `${this.#stack.flowCount} flows`);
  }

  /** Ends all flows: nothing may be left of them. */
  end(): void {
    this.#listener?.close();
    this.#stack.abortAll();
    this.#drain();
    for (let request = this.#stack.nextRequest(); request; request = this.#stack.nextRequest()) {
      request.ignore();
    }
    for (let count = 0; this.#stack.nextDeadline < Infinity; count++) {
      assert(count < 1000, "its timers do not end");
      this.#now = Math.max(this.#now, this.#stack.nextDeadline);
      this.#stack.advance(this.#now);
      this.#drain();
    }
    assertEquals(this.#stack.flowCount, 0, "flows are left");
  }

  /** A segment that could be the flow's, its text the one that belongs there. */
  #plausible(flow: Flow): WireSegment {
    const random = this.#random;
    const offset = flow.acked + (random.below(3) ? 0 : random.below(5000) - 1500);
    const isSyn = flow.stackNext === 0 || random.below(40) === 0;
    const extra = random.below(30) ? 0 : [0x01, 0x04, 0x02, 0x20, 0x08][random.below(5)]!;
    const payload = new Uint8Array(isSyn ? 0 : random.below(2) * random.below(1400));
    const start = isSyn ? 0 : Math.max(offset, 1);
    fillText("peer", start, payload);
    return {
      source: this.#peer,
      destination: this.#own,
      sourcePort: flow.port,
      destinationPort: 80,
      seq: (PEER_ISN + start) >>> 0,
      ack: (flow.stackNext - (random.below(4) ? 0 : random.below(2000))) >>> 0,
      flags: (isSyn ? 0x02 : 0x10) | extra,
      window: random.below(5) ? 65_535 : random.below(3000),
      urgent: 0,
      options: new Uint8Array(0),
      payload,
    };
  }

  /** A packet of a flow that does not exist, an ICMP error, or a packet of an unusual kind. */
  #receiveNonsense(flow: Flow): void {
    const random = this.#random;
    if (random.below(2)) return this.#receive(somePacket(random));
    const { source, destination, sourcePort, destinationPort, seq, ack } = this.#plausible(flow);
    const quoted = encodeSegment({
      ...{
        source: destination,
        destination: source,
        sourcePort: destinationPort,
        seq: ack,
        ack: seq,
      },
      ...{ destinationPort: sourcePort, flags: 0x10, window: 100, urgent: 0 },
      ...{ options: new Uint8Array(0), payload: new Uint8Array(random.below(600)) },
    });
    const packet = this.#packet;
    packet.clear();
    packet.bytes.set(quoted, packet.append(quoted.length));
    packet.end -= random.below(packet.length); // only a part of it
    prependIcmpError(random, packet, source, destination);
    this.#receive(packet.bytes.slice(packet.start, packet.end));
  }

  /** One in 65536 checksums is right by chance: such a packet would make the stream wrong. */
  #receiveDamaged(bytes: Uint8Array): void {
    const damaged = mutate(this.#random, bytes);
    if (!isIntact(damaged)) this.#receive(damaged);
  }

  #receive(bytes: Uint8Array): void {
    const packet = this.#packet;
    packet.clear();
    packet.bytes.set(bytes, packet.append(bytes.length));
    this.packets++;
    this.#tap?.(packet, this.#now);
    this.#stack.receive(packet, this.#now);
  }

  #use(flow: Flow): void {
    const random = this.#random;
    const { connection } = flow;
    if (!connection) return;
    const dice = random.below(40);
    if (dice === 0) connection.abort();
    else if (dice === 1) connection.closeWrite();
    else if (dice === 2) connection.close();
    else if (dice === 3) connection.closeRead();
    else if (dice === 4) connection.setOptions(someConnectionOptions(random));
    else if (dice === 5) assert(connection.info.state !== "");
    else if (dice < 20) {
      const bytes = new Uint8Array(random.below(5000));
      const count = connection.read(bytes);
      assert(isText("peer", 1 + flow.read, bytes.subarray(0, count)), "wrong bytes are delivered");
      flow.read += count;
    } else if (connection.writable > 0) connection.write(new Uint8Array(random.below(5000)));
  }

  #pump(): void {
    const stack = this.#stack;
    const random = this.#random;
    for (let request = stack.nextRequest(); request; request = stack.nextRequest()) {
      const { port } = request.flow.client;
      const flow = this.#flows.find((flow) => flow.port === port);
      const dice = random.below(20);
      if (dice === 0) request.reject();
      else if (dice === 1) request.unreachable("host");
      else if (dice === 2) request.ignore();
      else {
        const connection = request.accept();
        if (!connection || !flow) continue;
        Object.assign(flow, { connection, acked: 1, read: 0 });
      }
    }
    for (let ready = stack.nextListener(); ready; ready = stack.nextListener()) {
      for (let made = ready.accept(); made; made = ready.accept()) {
        const { port } = made.flow.client;
        const flow = this.#flows.find((flow) => flow.port === port);
        if (flow) Object.assign(flow, { connection: made, acked: 1, read: 0 });
      }
    }
    if (random.below(2000) === 0) this.#listener?.close();
    for (let next = stack.nextConnection(); next; next = stack.nextConnection()) next.takeEvents();
  }

  #drain(): void {
    const packet = this.#packet;
    for (let count = 0; this.#stack.transmit(packet, this.#now); count++) {
      assert(count < 5000, "it does not stop sending");
      this.packets++;
      this.#tap?.(packet, this.#now);
      const bytes = packet.bytes.slice(packet.start, packet.end);
      if (decodeIp(bytes).protocol !== TCP) { // an answer to nonsense
        decodeMessage(decodeIp(bytes));
        continue;
      }
      const wire = decodePacket(bytes);
      if ("quoted" in wire) continue;
      const flow = this.#flows.find(({ port }) => port === wire.destinationPort);
      if (!flow || wire.flags & 0x04) continue;
      const length = wire.payload.length + (wire.flags & 0x02 ? 1 : 0) + (wire.flags & 0x01);
      flow.stackNext = (wire.seq + length) >>> 0;
      flow.acked = (wire.ack - PEER_ISN) | 0;
    }
    for (const { connection } of this.#flows) { // nothing is owed outside of the ready list
      if (!(connection instanceof TcpConnection)) continue;
      packet.clear();
      const isOwed = connection.nextSegment(new Segment(), packet, this.#now);
      assertEquals(isOwed, false, "a connection has something to send and nobody knows");
    }
  }
}

/** Whether `bytes` are a segment with the right checksums. */
function isIntact(bytes: Uint8Array): boolean {
  const packet = new PacketBuffer(4096);
  packet.clear();
  packet.bytes.set(bytes, packet.append(bytes.length));
  const header = new IpHeader();
  const parse = bytes[0]! >> 4 === 6 ? parseIpv6 : parseIpv4;
  return parse(header, packet) === Drop.None &&
    parseSegment(new Segment(), header, packet) === Drop.None;
}
