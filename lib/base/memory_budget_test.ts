import { assertEquals } from "@std/assert";
import { NEVER } from "./clock.ts";
import { MemoryBudget } from "./memory_budget.ts";
import { RingBuffer } from "./ring_buffer.ts";

const BYTES = new Uint8Array(1 << 20);

Deno.test("A queue counts what it has allocated, until it gives it back (D-06)", () => {
  const budget = new MemoryBudget(1 << 20);
  const ring = new RingBuffer(100_000, budget);
  assertEquals(budget.used, 0);
  ring.write(BYTES, 0, 5000);
  assertEquals(budget.used, 8192);
  ring.write(BYTES, 0, 90_000);
  assertEquals(budget.used, 100_000);
  ring.release();
  assertEquals([budget.used, budget.most], [0, 100_000]);
});

Deno.test("While memory is tight a queue has room for what it has allocated, or is guaranteed (D-06)", () => {
  const budget = new MemoryBudget(40_000);
  const [first, second] = [new RingBuffer(65_536, budget), new RingBuffer(65_536, budget, 6000)];
  assertEquals(first.write(BYTES, 0, 30_000), 30_000); // makes 32768, more than three quarters
  assertEquals(first.room, 2768);
  assertEquals(second.room, 6000);
  assertEquals(first.write(BYTES, 0, 30_000), 2768);
  assertEquals(second.write(BYTES, 0, 30_000), 6000);
  assertEquals(first.freeSpan(1000).length, 0);
  first.drop(1000);
  assertEquals(first.freeSpan(5000).length, 1000);
  first.release();
  assertEquals(second.room, 65_536 - 6000); // it recovers by itself
});

Deno.test("What was promised is affordable up to the limit, and beyond it what is guaranteed (D-06)", () => {
  const budget = new MemoryBudget(40_960);
  const [first, second] = [new RingBuffer(65_536, budget), new RingBuffer(65_536, budget)];
  first.write(BYTES, 0, 32_768);
  assertEquals(second.affordable(8192), 8192);
  assertEquals(second.affordable(8193), 4096);
  assertEquals(budget.refusals, 1);
  second.writeAhead(0, BYTES, 0, 8192);
  second.commit(8192);
  assertEquals(first.affordable(1), 0);
  assertEquals(new RingBuffer(65_536, budget).affordable(10_000), 4096);
});

/** Lets time pass, in which whoever is idle gives back; returns what is still used. */
function rest(budget: MemoryBudget): number {
  budget.stir(0);
  while (budget.nextDeadline < NEVER) budget.advance(budget.nextDeadline);
  return budget.used;
}

Deno.test("A queue that is empty and idle gives its memory back (D-06)", () => {
  const budget = new MemoryBudget(1 << 20);
  const ring = new RingBuffer(65_536, budget);
  ring.write(BYTES, 0, 5000);
  assertEquals(rest(budget), 8192); // it is not empty
  ring.drop(5000);
  budget.stir(5000);
  budget.advance(5999);
  budget.advance(6000);
  assertEquals(budget.used, 8192); // it is not idle
  budget.advance(7000);
  assertEquals([budget.used, ring.allocated], [0, 0]);
  assertEquals(budget.nextDeadline, NEVER);
  assertEquals(ring.write(BYTES, 0, 5000), 5000);
});

Deno.test("A queue keeps what lies ahead of it, and a span that is lent (D-06, W-16)", () => {
  const budget = new MemoryBudget(1 << 20);
  const ring = new RingBuffer(65_536, budget);
  const text = Uint8Array.of(1, 2, 3, 4);
  ring.writeAhead(2, text, 2, 4);
  assertEquals(rest(budget), 4096);
  ring.writeAhead(0, text, 0, 2);
  ring.commit(4);
  const read = new Uint8Array(4);
  ring.peek(0, 4, read, 0);
  assertEquals(read, text);
  ring.drop(4);
  ring.freeSpan(100).set(text);
  assertEquals(rest(budget), 4096);
  ring.commit(4);
  ring.peek(0, 4, read, 0);
  assertEquals(read, text);
  ring.drop(4);
  assertEquals(rest(budget), 0);
});

Deno.test("A queue that is disowned keeps its bytes, and counts no longer (D-06)", () => {
  const budget = new MemoryBudget(1 << 20);
  const ring = new RingBuffer(65_536, budget);
  ring.write(BYTES, 0, 5000);
  ring.disown();
  assertEquals([budget.used, ring.length, ring.allocated], [0, 5000, 8192]);
  ring.release();
  assertEquals(budget.used, 0);
});
