import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RangeSet, type SeqRange } from "./range_set.ts";
import { type Seq, seqAdd, seqBefore, seqDiff, toSeq } from "./seq.ts";

const SPAN = 60;
const origins = fc.constantFrom(0, -30, 2 ** 31 - 30, 12_345).map(toSeq);
const range = fc.tuple(fc.nat(SPAN), fc.integer({ min: 1, max: 12 }));

/** The members of `ranges`, counted from `origin`. */
function members(origin: Seq, ranges: readonly SeqRange[]): number[] {
  return ranges.flatMap(({ start, end }) =>
    Array.from({ length: seqDiff(end, start) }, (_, i) => seqDiff(start, origin) + i)
  );
}

const sorted = (numbers: Iterable<number>): number[] => [...numbers].sort((a, b) => a - b);

Deno.test("RangeSet behaves as a Set of numbers does, across the wraps (Z-02)", () => {
  const command = fc.oneof(
    range.map(([at, n]) => ({ kind: "add", at, n }) as const),
    fc.nat(SPAN).map((at) => ({ kind: "removeBefore", at, n: 0 }) as const),
  );
  fc.assert(
    fc.property(origins, fc.array(command, { maxLength: 40 }), range, (origin, commands, probe) => {
      const set = new RangeSet();
      const model = new Set<number>();
      for (const { kind, at, n } of commands) {
        const start = seqAdd(origin, at);
        if (kind === "add") {
          const end = seqAdd(start, n);
          const merged = set.add(start, end);
          for (let i = at; i < at + n; i++) model.add(i);
          assert(set.covering(start, end) === merged);
        } else {
          set.removeBefore(start);
          for (const i of model) if (i < at) model.delete(i);
        }
        check(origin, set, model);
      }
      const [at, n] = probe;
      const gaps = set.gaps(seqAdd(origin, at), seqAdd(origin, at + n));
      const missing = Array.from({ length: n }, (_, i) => at + i).filter((i) => !model.has(i));
      assertEquals(members(origin, gaps), missing);
      const covers = set.covering(seqAdd(origin, at), seqAdd(origin, at + n)) !== undefined;
      assertEquals(covers, missing.length === 0);
    }),
    { seed: 1, numRuns: 300 },
  );
});

function check(origin: Seq, set: RangeSet, model: Set<number>): void {
  const { ranges } = set;
  assertEquals(members(origin, ranges), sorted(model));
  assertEquals([set.size, set.count], [model.size, ranges.length]);
  assertEquals([set.first, set.last], [ranges[0], ranges.at(-1)]);
  for (const [i, { start }] of ranges.entries()) { // in order, and none touches the next
    const before = ranges[i - 1];
    assert(!before || seqBefore(before.end, start));
  }
}

Deno.test("RangeSet forgets its last range, or all", () => {
  const set = new RangeSet();
  set.add(toSeq(-10), toSeq(-5));
  set.add(toSeq(5), toSeq(10));
  set.removeLast();
  assertEquals(set.ranges, [{ start: toSeq(-10), end: toSeq(-5) }]);
  set.clear();
  assertEquals([set.count, set.first], [0, undefined]);
});
