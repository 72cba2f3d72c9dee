import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { ChecksumState, HEADROOM, PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import { type IpAddress, ipv4 } from "../../lib/ip/address.ts";
import { type LinkCapabilities, Stack } from "../../lib/stack/stack.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import { Content } from "../harness/content.ts";

const TOTAL = 1_000_000;
const MOST_STEPS = 20_000;

const offload = { checksumOffload: true, maxSegmentation: 65_455 };

/** One way of a connection between a stack that lends payloads and one that has them copied. */
class Transfer {
  /** Packets that have gone on in a tail. */
  lent = 0;
  readonly #sender: Stack;
  readonly #receiver: Stack;
  readonly #random: SeededRandom;
  readonly #content: Content;
  readonly #connection: Connection;
  #accepted: Connection | undefined;
  readonly #outgoing = new PacketBuffer(HEADROOM + 65_536);
  readonly #arriving = new PacketBuffer(HEADROOM + 65_536);
  #unsent = false;
  #now = 0;
  #written = 0;
  #read = 0;

  constructor(seed: number, mtu: number, addresses: Ends, sendBuffer: number) {
    this.#random = new SeededRandom(seed);
    this.#content = new Content(seed);
    const options = { random: this.#random, tcp: { sendBuffer } };
    this.#sender = new Stack({ mtu, ...offload, gathers: true }, options);
    this.#receiver = new Stack({ mtu, ...offload }, { random: this.#random });
    const [own, peer] = addresses;
    this.#connection = this.#sender.connect({ address: own }, { address: peer, port: 80 });
  }

  run(): void {
    for (let step = 0; this.#read < TOTAL; step++) {
      assert(step < MOST_STEPS, `${this.#read} bytes after ${step} steps`);
      this.#now += this.#random.below(20);
      this.#sender.advance(this.#now);
      this.#receiver.advance(this.#now);
      this.#write();
      this.#send();
      if (this.#random.below(2)) this.#receive();
    }
  }

  /** Writes some, in place or not, so that the ring grows and wraps at any place. */
  #write(): void {
    const most = Math.min(1 + this.#random.below(60_000), TOTAL - this.#written);
    if (most === 0) return;
    const data = this.#content.at(this.#written, most);
    if (this.#random.below(2)) {
      this.#written += this.#connection.write(data);
      return;
    }
    const span = this.#connection.writableSpan(data.length);
    span.set(data.subarray(0, span.length));
    this.#connection.commit(span.length);
    this.#written += span.length;
  }

  /** Sends until there is nothing, or the link is full, which it is at times; it loses some, too. */
  #send(): void {
    const packet = this.#outgoing;
    while (this.#unsent || this.#sender.transmit(packet, this.#now)) {
      if (packet.tailLength > 0) this.lent++;
      this.#unsent = this.#random.below(8) === 0;
      if (this.#unsent) return packet.makeWhole();
      if (this.#random.below(50) > 0) this.#deliver(packet, this.#receiver);
    }
  }

  /** Acknowledges, and reads. */
  #receive(): void {
    this.#accepted ??= this.#receiver.nextRequest()?.accept();
    while (this.#receiver.transmit(this.#arriving, this.#now)) {
      this.#deliver(this.#arriving, this.#sender);
    }
    const connection = this.#accepted;
    if (!connection) return;
    for (let span = connection.readableSpan(); span.length > 0; span = connection.readableSpan()) {
      assertEquals(this.#content.firstWrong(this.#read, span, 0, span.length), -1);
      this.#read += span.length;
      connection.consume(span.length);
    }
  }

  #deliver(packet: PacketBuffer, to: Stack): void {
    const copy = new PacketBuffer(HEADROOM + 65_536);
    copy.copyFrom(packet);
    copy.checksumState = ChecksumState.Verified;
    to.receive(copy, this.#now);
  }
}

type Ends = readonly [IpAddress, IpAddress];

const version4: Ends = [ipv4(0x0a00_0001), ipv4(0x0a00_0002)];
const documentation = { w0: 0x2001_0db8, w1: 0, w2: 0 };
const version6: Ends = [{ ...documentation, w3: 1 }, { ...documentation, w3: 2 }];

for (const [name, addresses] of [["IPv4", version4], ["IPv6", version6]] as const) {
  Deno.test(`TCP lends payloads to a link that gathers, and every byte arrives, over ${name}`, () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(1500, 16_384, 65_520),
        fc.integer({ min: 20_000, max: 300_000 }),
        (seed, mtu, sendBuffer) => {
          const transfer = new Transfer(seed, mtu, addresses, sendBuffer);
          transfer.run();
          assertGreater(transfer.lent, 0);
        },
      ),
      { seed: 1, numRuns: 15 },
    );
  });
}

/** The tails of what a stack sends that has `length` bytes to send. */
function tailsOf(length: number, link: Partial<LinkCapabilities>): number[] {
  const stack = new Stack({ mtu: 65_520, ...offload, gathers: true, ...link });
  const peer = new Stack({ mtu: 65_520, ...offload });
  const [own, other] = version4;
  const connection = stack.connect({ address: own }, { address: other, port: 80 });
  const packet = new PacketBuffer(HEADROOM + 65_536);
  const exchange = (from: Stack, to: Stack): number[] => {
    const tails: number[] = [];
    while (from.transmit(packet, 0)) {
      tails.push(packet.tailLength);
      packet.makeWhole();
      packet.checksumState = ChecksumState.Verified;
      to.receive(packet, 0);
    }
    return tails;
  };
  exchange(stack, peer);
  peer.nextRequest()?.accept();
  exchange(peer, stack);
  connection.write(new Uint8Array(length));
  return exchange(stack, peer);
}

Deno.test("TCP lends no payload to a link that does not gather or complete checksums, nor a short one", () => {
  assertEquals(tailsOf(20_000, {}), [20_000]);
  assertEquals(tailsOf(8191, {}), [0]);
  assertEquals(tailsOf(20_000, { gathers: false }), [0]);
  assertEquals(tailsOf(20_000, { checksumOffload: false, maxSegmentation: 0 }), [0]);
});
