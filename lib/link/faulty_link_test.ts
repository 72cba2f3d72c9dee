import { assert, assertEquals } from "@std/assert";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { FaultyLink, type FaultyLinkOptions } from "./faulty_link.ts";
import type { Faults } from "./impairment.ts";
import { SendResult } from "./link.ts";
import { MemoryLink } from "./memory_link.ts";

interface Bench {
  now: number;
  readonly faulty: FaultyLink;
  readonly far: MemoryLink;
}

function bench(faults: Partial<FaultyLinkOptions>, capacity = 10_000): Bench {
  const [near, far] = MemoryLink.pair({ capacity });
  const clock = { now: () => result.now };
  const result = { now: 0, faulty: new FaultyLink(near, { clock, seed: 1, ...faults }), far };
  return result;
}

function numbered(number: number): PacketBuffer {
  const packet = new PacketBuffer(HEADROOM + 1500);
  packet.clear();
  packet.view.setUint32(packet.append(100), number);
  return packet;
}

/** Numbers of the packets that `far` has received. */
function arrived({ far }: Bench): number[] {
  const packet = new PacketBuffer(HEADROOM + 1500);
  const numbers: number[] = [];
  while (far.receive(packet)) numbers.push(packet.view.getUint32(packet.start));
  return numbers;
}

function sendMany(on: Bench, count: number): void {
  for (let i = 0; i < count; i++) assertEquals(on.faulty.send(numbered(i)), SendResult.Sent);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

Deno.test("FaultyLink without faults is the link itself, both ways", () => {
  const on = bench({});
  sendMany(on, 10);
  assertEquals(arrived(on), upTo(10));
  on.far.send(numbered(7));
  const packet = numbered(0);
  assertEquals(on.faulty.receive(packet), true);
  assertEquals(packet.view.getUint32(packet.start), 7);
  assertEquals(on.faulty.nextDue, Infinity);
});

Deno.test("FaultyLink loses about as many packets as it is told to, the same with the same seed", () => {
  const runs = [1, 2].map(() => {
    const on = bench({ send: { loss: 0.1 } });
    sendMany(on, 2000);
    return arrived(on);
  });
  assertEquals(runs[0], runs[1]);
  assert(Math.abs(runs[0]!.length - 1800) < 60, `${runs[0]!.length} arrived`);
});

Deno.test("FaultyLink treats each direction by itself", () => {
  const on = bench({ receive: { loss: 1 } });
  sendMany(on, 5);
  assertEquals(arrived(on).length, 5);
  on.far.send(numbered(1));
  assertEquals(on.faulty.receive(numbered(0)), false);
  assertEquals([on.faulty.received.lost, on.faulty.sent.lost], [1, 0]);
});

Deno.test("FaultyLink doubles packets", () => {
  const on = bench({ send: { duplication: 1 } });
  sendMany(on, 2);
  assertEquals(arrived(on), [0, 0, 1, 1]);
});

Deno.test("FaultyLink flips one bit of a copy", () => {
  const on = bench({ send: { corruption: 1 } });
  const sent = numbered(0);
  on.faulty.send(sent);
  const packet = numbered(0);
  on.far.receive(packet);
  let flipped = 0;
  for (let i = 0; i < 100; i++) {
    let bits = sent.bytes[sent.start + i]! ^ packet.bytes[packet.start + i]!;
    for (; bits > 0; bits &= bits - 1) flipped++;
  }
  assertEquals(flipped, 1);
  assertEquals(sent.view.getUint32(sent.start), 0);
});

Deno.test("FaultyLink delays packets, and delays that vary keep their order", () => {
  const on = bench({ send: { delay: 20, jitter: 10 } });
  sendMany(on, 50);
  assertEquals(arrived(on), []);
  on.now = 19;
  on.faulty.release();
  assertEquals(arrived(on), []);
  assert(on.faulty.nextDue >= 20 && on.faulty.nextDue < 30);
  on.now = 30;
  assertEquals(on.faulty.release(), true);
  assertEquals(arrived(on), upTo(50));
});

Deno.test("FaultyLink lets packets overtake those that it holds back", () => {
  const on = bench({ send: { reordering: 0.2, holdBack: 10, delay: 1 } });
  for (let i = 0; i < 100; i++) {
    on.now = i;
    on.faulty.send(numbered(i));
  }
  on.now = 1000;
  on.faulty.release();
  const numbers = arrived(on);
  assertEquals(numbers.toSorted((a, b) => a - b), upTo(100));
  assert(numbers.some((number, i) => number !== i));
});

Deno.test("FaultyLink passes no more than its rate, and loses what its queue cannot hold", () => {
  const on = bench({ send: { rate: 10, queue: 5 } }); // a packet of 100 bytes takes 10 ms
  sendMany(on, 8);
  assertEquals(on.faulty.sent.overflowed, 3);
  on.now = 29;
  on.faulty.release();
  assertEquals(arrived(on), [0, 1]);
  on.now = 50;
  on.faulty.release();
  assertEquals(arrived(on), [2, 3, 4]);
});

Deno.test("FaultyLink is full when what is due finds the inner link full", () => {
  const on = bench({}, 2);
  sendMany(on, 3);
  assertEquals(on.faulty.send(numbered(3)), SendResult.Full);
  assertEquals(arrived(on), [0, 1]);
  assertEquals(on.faulty.send(numbered(3)), SendResult.Sent);
  assertEquals(arrived(on), [2, 3]);
});

Deno.test("FaultyLink waits in real time until a packet is due", async () => {
  const delays: Faults = { delay: 5 };
  const [near, far] = MemoryLink.pair();
  const clock = { now: () => performance.now() };
  const faulty = new FaultyLink(near, { clock, seed: 1, send: delays, receive: delays });
  faulty.send(numbered(1));
  far.send(numbered(2));
  const packet = numbered(0);
  while (!faulty.receive(packet)) await faulty.wait(Infinity, false);
  assertEquals(packet.view.getUint32(packet.start), 2);
  while (!far.receive(packet)) await faulty.wait(Infinity, false);
  assertEquals(packet.view.getUint32(packet.start), 1);
});
