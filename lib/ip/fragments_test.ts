import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { Fragments, MOST_FRAGMENT_BYTES, MOST_FRAGMENTED } from "./fragments.ts";
import { IpHeader } from "./header.ts";

interface Shape {
  readonly version: 4 | 6;
  readonly id: number;
  readonly offset: number;
  readonly length: number;
  readonly more: boolean;
}

/** Hands a fragment of this shape to `fragments`. */
function add(fragments: Fragments, { version, id, offset, length, more }: Shape, now: number) {
  const header = new IpHeader();
  const packet = new PacketBuffer(128 + 40 + 65_536);
  packet.clear();
  packet.append((version === 4 ? 20 : 48) + length);
  header.at = packet.start;
  header.version = version;
  header.protocol = 17;
  header.isFragment = true;
  header.identification = id;
  header.fragmentOffset = offset;
  header.moreFragments = more;
  packet.consume(version === 4 ? 20 : 48);
  return fragments.add(header, packet, now);
}

const shape: fc.Arbitrary<Shape> = fc.record({
  version: fc.constantFrom(4 as const, 6 as const),
  id: fc.nat(2000),
  offset: fc.nat(8191).map((units) => units * 8),
  length: fc.oneof(fc.nat(64), fc.nat(1480), fc.nat(65_535)),
  more: fc.boolean(),
});

Deno.test("Whatever comes, fragments take no more than so much memory, and all of it is given back (4-10)", () => {
  let givenUp = 0;
  const fragments = new Fragments(1, () => givenUp++);
  fc.assert(
    fc.property(
      fc.array(shape, { minLength: 50, maxLength: 200 }),
      fc.nat(5000),
      (shapes, wait) => {
        for (const each of shapes) {
          add(fragments, each, wait);
          assert(fragments.bytes <= MOST_FRAGMENT_BYTES);
          assert(fragments.size <= MOST_FRAGMENTED);
        }
      },
    ),
    { seed: 1, numRuns: 100 },
  );
  assert(givenUp > 0);
  fragments.advance(100_000);
  assertEquals([fragments.bytes, fragments.size, fragments.nextDeadline], [0, 0, Infinity]);
});

Deno.test("When there is no more room, the fragments that have waited longest go (4-10)", () => {
  const reasons: Drop[] = [];
  const fragments = new Fragments(1, (reason) => reasons.push(reason));
  const first = { version: 4, offset: 0, length: 8, more: true } as const;
  const last = { version: 4, offset: 8, length: 8, more: false } as const;
  for (let id = 0; id <= MOST_FRAGMENTED; id++) add(fragments, { ...first, id }, id);
  assertEquals(reasons, [Drop.FragmentEvicted]);
  assertEquals(add(fragments, { ...last, id: 1 }, 5000) instanceof PacketBuffer, true);
  assertEquals(add(fragments, { ...last, id: 0 }, 5000), Drop.None); // its beginning has gone
});
