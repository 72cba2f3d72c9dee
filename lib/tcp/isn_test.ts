import { assert, assertEquals } from "@std/assert";
import { jenkins } from "../base/jenkins.ts";
import { SeededRandom } from "../base/random.ts";
import { SipHash } from "../base/siphash.ts";
import { ipv4 } from "../ip/address.ts";
import type { Endpoint } from "../ip/flow.ts";
import { isnClock, type IsnGenerator, isnGenerator, seededJenkinsIsn, sipIsn } from "./isn.ts";
import { seqBits, seqDiff } from "./seq.ts";

const OWN: Endpoint = { address: ipv4(0x0a000001), port: 1234 };
const PEER: Endpoint = { address: ipv4(0x0a000002), port: 4096 };
const COUNTING_KEY = Uint8Array.from({ length: 16 }, (_, i) => i);

Deno.test("F is SipHash over both ends in the mapped layout (I-01)", () => {
  assertEquals(sipIsn(new SipHash(COUNTING_KEY))(OWN, PEER) >>> 0, 0x3568b70a);
});

Deno.test("Jenkins's F has gVisor's layout", () => {
  assertEquals(seededJenkinsIsn(0x12345678)(OWN, PEER) >>> 0, 0x93127fc6);
  const sixteen = { address: { w0: 0x20010db8, w1: 1, w2: 2, w3: 3 }, port: 1 };
  const message = new DataView(new ArrayBuffer(36));
  for (const at of [0, 16]) {
    [0x20010db8, 1, 2, 3].forEach((word, i) => message.setUint32(at + 4 * i, word));
  }
  message.setUint16(32, 1, true);
  message.setUint16(34, 1, true);
  assertEquals(seededJenkinsIsn(5)(sixteen, sixteen), jenkins(5, message, 36));
});

Deno.test("The clock ticks every 64 ns and wraps after 275 s (I-04)", () => {
  assertEquals(isnClock(0), 0);
  assertEquals(isnClock(0.000064), 1);
  assertEquals(isnClock(1), 15_625);
  assertEquals(isnClock(1000), 15_625_000);
  const wrap = 2 ** 32 / 15_625; // 274.88 s
  assertEquals(isnClock(Math.ceil(wrap)) < 15_625, true);
  assertEquals(isnClock(Math.floor(wrap)) > 2 ** 32 - 15_625, true);
  for (const now of [0, 1e3, 1e6, 1e9, 30 * 24 * 3600 * 1000]) {
    const ticks = isnClock(now);
    assert(Number.isInteger(ticks) && ticks >= 0 && ticks < 2 ** 32);
  }
});

const generators: readonly [string, IsnGenerator][] = [
  ["siphash", isnGenerator("siphash", new SeededRandom(1))],
  ["jenkins", isnGenerator("jenkins", new SeededRandom(1))],
];

for (const [name, generator] of generators) {
  Deno.test(`${name}: a number is one higher a tick later, also over the wrap (I-04)`, () => {
    for (let now = 0; now < 300_000; now += 997) {
      const first = generator.initialSequence(OWN, PEER, now);
      const second = generator.initialSequence(OWN, PEER, now + 1);
      assertEquals(seqDiff(second, first), 15_625);
    }
    const tick = seqDiff(
      generator.initialSequence(OWN, PEER, 0.000064),
      generator.initialSequence(OWN, PEER, 0),
    );
    assertEquals(tick, 1);
  });

  Deno.test(`${name}: a later connection of the same ends starts higher (I-02)`, () => {
    const first = generator.initialSequence(OWN, PEER, 123_456);
    for (const later of [1, 1000, 60_000, 120_000]) {
      assert(seqDiff(generator.initialSequence(OWN, PEER, 123_456 + later), first) > 0);
    }
  });

  Deno.test(`${name}: ends that differ in one bit have unrelated numbers (I-03)`, () => {
    const base = seqBits(generator.initialSequence(OWN, PEER, 0));
    let bits = 0;
    let count = 0;
    const compare = (own: Endpoint, peer: Endpoint) => {
      const other = seqBits(generator.initialSequence(own, peer, 0));
      assert(other !== base);
      for (let word = other ^ base; word; word &= word - 1) bits++;
      count++;
    };
    for (let bit = 0; bit < 16; bit++) {
      compare({ ...OWN, port: OWN.port ^ (1 << bit) }, PEER);
      compare(OWN, { ...PEER, port: PEER.port ^ (1 << bit) });
    }
    for (let bit = 0; bit < 32; bit++) {
      compare({ ...OWN, address: ipv4(OWN.address.w3 ^ (1 << bit)) }, PEER);
      compare(OWN, { ...PEER, address: ipv4(PEER.address.w3 ^ (1 << bit)) });
    }
    const average = bits / count;
    assert(average > 13 && average < 19, `${average} of 32 bits differ`);
  });
}

Deno.test("Each stack has secrets of its own (I-03)", () => {
  const other = isnGenerator("siphash", new SeededRandom(2));
  const [, generator] = generators[0]!;
  const isns = [generator, other].map((g) => g.initialSequence(OWN, PEER, 0));
  assert(isns[0] !== isns[1]);
  const offsets = [generator, other].map((g) => g.timestampOffset(OWN.address, PEER.address));
  assert(offsets[0] !== offsets[1]);
});

Deno.test("Timestamps have an offset for each pair of addresses, with a key of its own (I-05)", () => {
  const [, generator] = generators[0]!;
  const offset = generator.timestampOffset(OWN.address, PEER.address);
  assertEquals(generator.timestampOffset(OWN.address, PEER.address), offset);
  assert(generator.timestampOffset(PEER.address, OWN.address) !== offset);
  assert(generator.timestampOffset(OWN.address, ipv4(0x0a000003)) !== offset);
  assertEquals(offset, offset | 0);
});
