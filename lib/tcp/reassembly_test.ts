import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_RANGES, Reassembly } from "./reassembly.ts";
import { type Seq, seqAdd, seqDiff, toSeq } from "./seq.ts";

/** The blocks that would be reported, counted from `origin`. */
function blocks(reassembly: Reassembly, origin: Seq, most = 4): [number, number][] {
  const found: [number, number][] = [];
  reassembly.reportBlocks(most, (start, end) => {
    found.push([seqDiff(start, origin), seqDiff(end, origin)]);
  });
  return found;
}

Deno.test("Reassembly releases exactly what has come without a gap (W-04, Z-02)", () => {
  const piece = fc.tuple(fc.nat(80), fc.integer({ min: 1, max: 15 }));
  const origins = fc.constantFrom(0, -20, 2 ** 31 - 20).map(toSeq);
  fc.assert(
    fc.property(origins, fc.array(piece, { maxLength: 40 }), (origin, pieces) => {
      const reassembly = new Reassembly();
      const come = new Set<number>();
      let next = 0;
      for (const [at, n] of pieces) {
        const from = Math.max(at, next);
        if (from >= at + n) continue;
        const missing = reassembly.missing(seqAdd(origin, from), seqAdd(origin, at + n));
        const expected = Array.from({ length: at + n - from }, (_, i) => from + i)
          .filter((i) => !come.has(i));
        assertEquals(
          missing.reduce((sum, gap) => sum + seqDiff(gap.end, gap.start), 0),
          expected.length,
        );
        assert(reassembly.add(seqAdd(origin, from), seqAdd(origin, at + n)));
        for (const i of expected) come.add(i);
        const taken = reassembly.take(seqAdd(origin, next));
        const before = next;
        while (come.has(next)) next++;
        assertEquals(taken, next - before);
        assertEquals(reassembly.isEmpty, [...come].every((i) => i < next));
        const last = Math.max(-1, ...[...come].filter((i) => i >= next));
        assertEquals(reassembly.reaches(seqAdd(origin, next)), last >= next);
        checkBlocks(blocks(reassembly, origin, 1000), come, next);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

/** All that lies ahead is in one block, and no block is reported twice. */
function checkBlocks(found: [number, number][], come: Set<number>, next: number): void {
  const reported = found.flatMap(([start, end]) =>
    Array.from({ length: end - start }, (_, i) => start + i)
  );
  const ahead = [...come].filter((i) => i >= next).sort((a, b) => a - b);
  assertEquals(reported.sort((a, b) => a - b), ahead);
}

Deno.test("Reassembly reports the block that changed last first (O-12)", () => {
  const reassembly = new Reassembly();
  const origin = toSeq(-150);
  for (const at of [100, 300, 200]) reassembly.add(seqAdd(origin, at), seqAdd(origin, at + 50));
  assertEquals(blocks(reassembly, origin), [[200, 250], [300, 350], [100, 150]]);
  reassembly.add(seqAdd(origin, 150), seqAdd(origin, 200)); // joins two
  assertEquals(blocks(reassembly, origin), [[100, 250], [300, 350]]);
  reassembly.add(seqAdd(origin, 310), seqAdd(origin, 320)); // nothing new, but it was the last
  assertEquals(blocks(reassembly, origin, 1), [[300, 350]]);
});

Deno.test("Reassembly reports a duplicate once, and first (O-12)", () => {
  const reassembly = new Reassembly();
  const origin = toSeq(0);
  reassembly.add(toSeq(100), toSeq(200));
  reassembly.noteDuplicate(toSeq(10), toSeq(20));
  assertEquals(reassembly.blockCount, 2);
  assertEquals(blocks(reassembly, origin, 2), [[10, 20], [100, 200]]);
  assertEquals(reassembly.blockCount, 1);
  assertEquals(blocks(reassembly, origin, 2), [[100, 200]]);
});

Deno.test("Reassembly forgets the highest when there are too many (W-06)", () => {
  const reassembly = new Reassembly();
  for (let i = MAX_RANGES; i > 0; i--) assert(reassembly.add(toSeq(10 * i), toSeq(10 * i + 5)));
  assertEquals(reassembly.add(toSeq(5000), toSeq(5005)), false); // above all others
  assertEquals(reassembly.blockCount, MAX_RANGES);
  assert(reassembly.add(toSeq(1), toSeq(2))); // below them: the highest goes
  assertEquals(reassembly.blockCount, MAX_RANGES);
  const highest = toSeq(10 * MAX_RANGES);
  assertEquals(reassembly.missing(highest, seqAdd(highest, 5)).length, 1);
});
