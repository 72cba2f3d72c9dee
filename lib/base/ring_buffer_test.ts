import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PacketBuffer } from "./packet_buffer.ts";
import { RingBuffer } from "./ring_buffer.ts";

const CAPACITY = 10_000; // neither a power of two nor a multiple of the smallest memory

/** A queue as simple as can be, next to the one under test. */
class Pair {
  readonly ring = new RingBuffer(CAPACITY);
  readonly model: number[] = [];
  /** What has been put ahead of the end: offset behind it -> byte. */
  readonly ahead = new Map<number, number>();
  #next = 0;

  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.#next++ * 7);
  }

  write(count: number): void {
    const data = this.bytes(count);
    const taken = this.ring.write(data, 0, count);
    assertEquals(taken, Math.min(count, CAPACITY - this.model.length));
    this.append(data.subarray(0, taken));
  }

  writeAhead(offset: number, count: number): void {
    const at = Math.min(offset, this.ring.free);
    const data = this.bytes(Math.min(count, this.ring.free - at));
    this.ring.writeAhead(at, data, 0, data.length);
    data.forEach((byte, i) => this.ahead.set(at + i, byte));
  }

  /** Commits what lies ahead without a gap. */
  commit(): void {
    const data: number[] = [];
    for (let byte = this.ahead.get(0); byte !== undefined; byte = this.ahead.get(data.length)) {
      data.push(byte);
    }
    this.ring.commit(data.length);
    this.append(data);
  }

  fillSpan(most: number): void {
    const span = this.ring.freeSpan(most);
    assert(span.length <= Math.min(most, this.ring.free));
    assert(span.length > 0 || most === 0 || this.ring.free === 0);
    const data = this.bytes(span.length);
    span.set(data);
    this.ring.commit(data.length);
    this.append(data);
  }

  drop(count: number): void {
    const dropped = Math.min(count, this.model.length);
    this.ring.drop(dropped);
    this.model.splice(0, dropped);
  }

  check(): void {
    const { ring, model } = this;
    assertEquals(ring.length, model.length);
    assertEquals(ring.free, CAPACITY - model.length);
    assert(ring.allocated <= CAPACITY);
    const copy = new Uint8Array(model.length + 2);
    ring.peek(0, model.length, copy, 1);
    assertEquals(copy, Uint8Array.from([0, ...model, 0]));
    const packet = new PacketBuffer(model.length);
    const offset = Math.min(7, model.length);
    packet.clear(0);
    ring.attach(offset, model.length - offset, packet);
    packet.makeWhole();
    assertEquals(packet.bytes.subarray(0, packet.length), copy.subarray(1 + offset, -1));
    const span = ring.filledSpan();
    assertEquals(span.length > 0, model.length > 0);
    assertEquals([...span], model.slice(0, span.length));
  }

  private append(data: ArrayLike<number>): void {
    this.model.push(...Array.from(data));
    const moved = [...this.ahead].map(([at, byte]): [number, number] => [at - data.length, byte]);
    this.ahead.clear();
    for (const [at, byte] of moved) if (at >= 0) this.ahead.set(at, byte);
  }
}

Deno.test("RingBuffer behaves as an array does (S-20)", () => {
  const count = fc.nat(6000);
  const command = fc.oneof(
    count.map((n) => (pair: Pair) => pair.write(n)),
    count.map((n) => (pair: Pair) => pair.drop(n)),
    count.map((n) => (pair: Pair) => pair.fillSpan(n)),
    fc.tuple(count, fc.nat(500)).map(([at, n]) => (pair: Pair) => pair.writeAhead(at, n)),
    fc.nat(500).map((n) => (pair: Pair) => pair.writeAhead(0, n)),
    fc.constant((pair: Pair) => pair.commit()),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
      const pair = new Pair();
      for (const run of commands) {
        run(pair);
        // What was ordinarily written has overwritten what lay ahead there.
        pair.check();
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("RingBuffer reads from any place in the queue", () => {
  const ring = new RingBuffer(5000);
  ring.write(new Uint8Array(4500), 0, 4500);
  ring.drop(4500);
  const data = Uint8Array.from({ length: 3000 }, (_, i) => i * 3);
  assertEquals(ring.write(data, 0, 3000), 3000); // wraps
  for (const [offset, count] of [[0, 3000], [1, 1], [400, 200], [500, 1], [2999, 1], [0, 0]]) {
    const copy = new Uint8Array(count!);
    ring.peek(offset!, count!, copy, 0);
    assertEquals(copy, data.subarray(offset!, offset! + count!));
  }
});

Deno.test("RingBuffer takes a part of a source", () => {
  const ring = new RingBuffer(5000);
  ring.write(Uint8Array.of(9, 1, 2, 9), 1, 3);
  assertEquals([...ring.filledSpan()], [1, 2]);
});

Deno.test("RingBuffer has no memory before the first byte and after its release", () => {
  const ring = new RingBuffer(1 << 20);
  assertEquals(ring.allocated, 0);
  ring.write(new Uint8Array(5000), 0, 5000);
  assert(ring.allocated >= 5000 && ring.allocated <= 16_384);
  ring.release();
  assertEquals([ring.allocated, ring.length, ring.free], [0, 0, 1 << 20]);
  assertEquals(ring.filledSpan().length, 0);
});

Deno.test("RingBuffer leaves an old span as it was when it grows", () => {
  const ring = new RingBuffer(100_000);
  ring.write(Uint8Array.of(1, 2, 3), 0, 3);
  const span = ring.filledSpan();
  ring.write(new Uint8Array(50_000), 0, 50_000);
  assertEquals([...span], [1, 2, 3]);
});

Deno.test("RingBuffer gives no memory on of which somebody has a span", () => {
  const ring = new RingBuffer(100_000);
  const write = (...bytes: number[]) => ring.write(Uint8Array.from(bytes), 0, bytes.length);
  for (const use of [() => ring.filledSpan(), () => ring.freeSpan(3)]) {
    write(1, 2, 3);
    const span = use();
    span.set([4, 5, 6]);
    ring.release();
    write(7, 8, 9, 7, 8, 9);
    assertEquals([...span], [4, 5, 6]);
    ring.release();
  }
});

Deno.test("RingBuffer begins empty with memory that another has given back", () => {
  const [first, second] = [new RingBuffer(100_000), new RingBuffer(100_000)];
  first.write(Uint8Array.of(1, 2, 3), 0, 3);
  first.release();
  second.writeAhead(1, Uint8Array.of(5), 0, 1);
  second.writeAhead(0, Uint8Array.of(4), 0, 1);
  second.commit(2);
  assertEquals([...second.filledSpan()], [4, 5]);
  assertEquals(first.length, 0);
});

Deno.test("RingBuffer gives its smallest memory back when asked to, unless something is in it", () => {
  const ring = new RingBuffer(100_000);
  const trimmed = () => {
    ring.trim();
    return ring.allocated;
  };
  ring.write(Uint8Array.of(1, 2, 3), 0, 3);
  assert(trimmed() > 0);
  ring.drop(3);
  assertEquals(trimmed(), 0);
  ring.writeAhead(5, Uint8Array.of(1), 0, 1); // something is there, though nothing is queued
  assert(trimmed() > 0);
  ring.release();
  ring.freeSpan(10); // somebody may fill it
  assert(trimmed() > 0);
  ring.release();
  ring.write(new Uint8Array(5000), 0, 5000);
  ring.drop(5000);
  assert(trimmed() > 5000); // to be had again soon
});
