import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  MAX_SACK_BLOCKS,
  optionsLength,
  parseOptions,
  TcpOptionFields,
  writeOptions,
} from "./options.ts";
import { seqBits, toSeq } from "./seq.ts";

interface Plain {
  mss: number;
  windowScale: number;
  sackPermitted: boolean;
  timestamps: [number, number] | undefined;
  sack: [number, number][];
}

function toPlain(options: TcpOptionFields): Plain {
  const { mss, windowScale, sackPermitted, hasTimestamps, tsval, tsecr, sackCount } = options;
  return {
    mss,
    windowScale,
    sackPermitted,
    timestamps: hasTimestamps ? [tsval, tsecr] : undefined,
    sack: Array.from(
      { length: sackCount },
      (_, i) => [seqBits(options.sackStart(i)), seqBits(options.sackEnd(i))],
    ),
  };
}

function fromPlain(plain: Plain): TcpOptionFields {
  const options = new TcpOptionFields();
  options.mss = plain.mss;
  options.windowScale = plain.windowScale;
  options.sackPermitted = plain.sackPermitted;
  options.hasTimestamps = plain.timestamps !== undefined;
  [options.tsval, options.tsecr] = plain.timestamps ?? [0, 0];
  for (const [start, end] of plain.sack) options.addSack(toSeq(start), toSeq(end));
  return options;
}

function parse(...bytes: number[]): Plain {
  const options = new TcpOptionFields();
  options.mss = 99; // what is left from the segment before
  options.hasTimestamps = true;
  parseOptions(
    options,
    new DataView(Uint8Array.from([7, ...bytes, 7]).buffer),
    1,
    1 + bytes.length,
  );
  return toPlain(options);
}

const NONE: Plain = {
  mss: 0,
  windowScale: -1,
  sackPermitted: false,
  timestamps: undefined,
  sack: [],
};

Deno.test("What is written is read again, and is as long as it says", () => {
  const word = fc.integer();
  const plain = fc.record({
    mss: fc.nat(65_535),
    windowScale: fc.integer({ min: -1, max: 14 }),
    sackPermitted: fc.boolean(),
    timestamps: fc.option(fc.tuple(word, word), { nil: undefined }),
    sack: fc.array(fc.tuple(word, word), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(plain, (plain) => {
      const options = fromPlain(plain);
      const length = optionsLength(options);
      assertEquals(length % 4, 0);
      const view = new DataView(new ArrayBuffer(length + 8));
      writeOptions(options, view, 4);
      assertEquals([view.getUint32(0), view.getUint32(length + 4)], [0, 0]);
      const read = new TcpOptionFields();
      parseOptions(read, view, 4, 4 + length);
      assertEquals(toPlain(read), plain);
      const copy = new TcpOptionFields();
      copy.addSack(toSeq(1), toSeq(2));
      copy.copyFrom(read);
      assertEquals(toPlain(copy), plain);
      copy.clear();
      assertEquals(toPlain(copy), NONE);
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("Options take 40 bytes at most: three blocks beside timestamps, or four (O-12)", () => {
  const options = fromPlain({ ...NONE, timestamps: [1, 2], sack: [[1, 2], [3, 4], [5, 6]] });
  assertEquals(optionsLength(options), 40);
  const alone = fromPlain({ ...NONE, sack: [[1, 2], [3, 4], [5, 6], [7, 8]] });
  assertEquals(optionsLength(alone), 36);
  alone.addSack(toSeq(9), toSeq(10));
  assertEquals(alone.sackCount, MAX_SACK_BLOCKS);
});

Deno.test("Unknown kinds are skipped, and the end ends the list (O-01)", () => {
  assertEquals(parse(254, 4, 1, 2, 2, 4, 5, 180), { ...NONE, mss: 1460 });
  assertEquals(parse(34, 2, 1, 1, 4, 2), { ...NONE, sackPermitted: true });
  assertEquals(parse(2, 4, 5, 180, 0, 4, 2), { ...NONE, mss: 1460 });
  assertEquals(parse(), NONE);
});

Deno.test("A length that cannot be ends the list, and what was read counts (O-01)", () => {
  const mss = [2, 4, 5, 180];
  const found = { ...NONE, mss: 1460 };
  assertEquals(parse(...mss, 3, 0, 4, 2), found);
  assertEquals(parse(...mss, 3, 1, 4, 2), found);
  assertEquals(parse(...mss, 3, 3), found); // behind the end stands a 7
  assertEquals(parse(...mss, 3), found);
  assertEquals(parse(...mss, 254, 255, 1, 1), found);
});

Deno.test("An option of the wrong length for its kind is skipped (O-01)", () => {
  assertEquals(
    parse(2, 3, 5, 3, 4, 1, 1, 4, 3, 0, 8, 9, 0, 0, 0, 0, 0, 0, 0, 5, 9, 1, 2, 3, 4, 5, 6, 7),
    NONE,
  );
});

Deno.test("A shift above 14 counts as 14 (O-07)", () => {
  assertEquals(parse(3, 3, 14).windowScale, 14);
  assertEquals(parse(3, 3, 255).windowScale, 14);
});

Deno.test("The bytes stand in the order in which Linux has them", () => {
  const options = fromPlain({
    ...NONE,
    mss: 1460,
    sackPermitted: true,
    timestamps: [1, 0],
    windowScale: 7,
  });
  const view = new DataView(new ArrayBuffer(20));
  writeOptions(options, view, 0);
  assertEquals(
    [...new Uint8Array(view.buffer)],
    [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7],
  );
});
