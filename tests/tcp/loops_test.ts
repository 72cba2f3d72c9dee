/**
 * Two of our stacks, one forged segment between them: whatever each then takes
 * the other to have said, they must fall silent.
 */
import { assert, assertEquals } from "@std/assert";
import { HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { ipv4 } from "../../lib/ip/address.ts";
import { Stack } from "../../lib/stack/stack.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { toSeq } from "../../lib/tcp/seq.ts";
import { encodeSegment } from "../harness/wire.ts";

const ADDRESSES = [0x0a00_0001, 0x0a00_0002] as const;
const PORTS = [40_000, 80] as const;
const ISNS = [0xffff_fffe, 0x7fff_fffe] as const;
const LINK = { mtu: 1500, checksumOffload: false, maxSegmentation: 0 };
/** More than a forged segment, its answers, and the repetitions of what was lost by it. */
const MOST_AT_ONCE = 12;
const MOST_IN_TEN_SECONDS = 80;

type Side = 0 | 1;

/** Two stacks with one connection, and no time between them. */
class Pair {
  now = 1000;
  readonly #stacks = [this.#newStack(0), this.#newStack(1)] as const;
  readonly connections: [Connection, Connection];
  readonly #packet = new PacketBuffer(HEADROOM + 2000);

  constructor() {
    const [client, server] = this.#stacks;
    const connection = client.connect(
      { address: ipv4(ADDRESSES[0]), port: PORTS[0] },
      { address: ipv4(ADDRESSES[1]), port: PORTS[1] },
    );
    this.exchange();
    const accepted = server.nextRequest()?.accept();
    assert(accepted);
    this.connections = [connection, accepted];
    this.exchange();
    assertEquals(accepted.info.state, "ESTABLISHED");
  }

  /** Lets both talk until neither has anything to say now; returns how many packets that took. */
  exchange(): number {
    let count = 0;
    for (let moved = -1; moved < count && count <= MOST_AT_ONCE;) {
      moved = count;
      for (const side of [0, 1] as const) {
        while (count <= MOST_AT_ONCE && this.#stacks[side].transmit(this.#packet, this.now)) {
          count++;
          this.#stacks[1 - side]!.receive(this.#packet, this.now);
        }
      }
    }
    return count;
  }

  /** Lets `time` pass; returns how many packets there were. */
  wait(time: number): number {
    let count = 0;
    for (const end = this.now + time; this.now < end;) {
      const due = Math.min(...this.#stacks.map((stack) => stack.nextDeadline), end);
      this.now = Math.max(due, this.now);
      for (const stack of this.#stacks) stack.advance(this.now);
      count += this.exchange();
      assert(count <= MOST_IN_TEN_SECONDS, "they do not stop");
    }
    return count;
  }

  /** Hands `to` a segment that the other side has not sent. */
  forge(to: Side, flags: number, seq: number, ack: number, length: number): void {
    const from = 1 - to as Side;
    const bytes = encodeSegment({
      source: ADDRESSES[from],
      destination: ADDRESSES[to],
      sourcePort: PORTS[from],
      destinationPort: PORTS[to],
      seq: (ISNS[from] + seq) >>> 0,
      ack: (ISNS[to] + ack) >>> 0,
      flags,
      window: 65_535,
      urgent: 0,
      options: new Uint8Array(0),
      payload: new Uint8Array(length),
    });
    this.#packet.clear();
    this.#packet.bytes.set(bytes, this.#packet.append(bytes.length));
    this.#stacks[to].receive(this.#packet, this.now);
  }

  #newStack(side: Side): Stack {
    return new Stack(LINK, {
      random: new SeededRandom(side + 1),
      isn: { initialSequence: () => toSeq(ISNS[side]), timestampOffset: () => 0 },
      tcp: { timestamps: false },
    });
  }
}

const SITUATIONS: Record<string, (pair: Pair) => void> = {
  "established": () => {},
  "half-closed": ({ connections }) => connections[0].closeWrite(),
  "closed by both": ({ connections }) => connections.forEach((each) => each.closeWrite()),
  "with text on the way": ({ connections }) => {
    connections.forEach((each) => each.write(new Uint8Array(10)));
  },
};
const OFFSETS = [1, 2, 0, -9, 12, 1000, -70_000, 200_000, 2 ** 31 - 20];

for (const [situation, prepare] of Object.entries(SITUATIONS)) {
  Deno.test(`Two stacks, ${situation}, fall silent after any forged segment (K-06, R-11, F-23)`, () => {
    for (const to of [0, 1] as const) {
      for (let flags = 0; flags < 32; flags++) {
        for (const seq of OFFSETS) {
          for (const ack of flags & 0x10 ? OFFSETS : [0]) {
            const length = (seq + ack + flags) % 3 === 0 ? 0 : 7;
            const pair = new Pair();
            prepare(pair);
            if (flags & 8) pair.exchange(); // else it comes in between
            pair.forge(to, flags, seq, ack, length);
            const what = JSON.stringify({ to, flags, seq, ack, length });
            assert(pair.exchange() <= MOST_AT_ONCE, what);
            const count = pair.wait(10_000);
            assert(count <= MOST_IN_TEN_SECONDS, `${count}: ${what}`);
          }
        }
      }
    }
  });
}
