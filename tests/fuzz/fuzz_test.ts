import { KINDS, runCase } from "./cases.ts";
import { fuzzControlBlock } from "./control_block.ts";

const NAMES = [
  "Parsers survive any bytes (Z-01, M-10)",
  "A connection keeps its promises to a hostile peer, and recovers (Z-01)",
  "A stack survives damaged, late and invented packets, and forgets all flows (Z-01)",
  "Two stacks keep their promises whatever their applications call, and forget all (Z-01, L-06)",
  "An Ethernet link survives frames of every kind, and forgets neighbors (Z-01, E-02, E-04)",
  "Everything arrives although somebody on the link forges what he can (Z-01, R-05, R-10)",
  "A router survives fragments, options and messages of every kind, and answers rightly (Z-01, M-10, 4-10)",
  "Datagrams arrive whole and in order, or are dropped and counted, and all flows end (Z-01, P-08)",
];
/** Cases of each kind. */
const CASES = [30, 400, 60, 200, 60, 150, 30, 60];

for (const [kind, name] of NAMES.entries()) {
  Deno.test(name, () => {
    for (let i = 0; i < CASES[kind]!; i++) runCase(1, kind + KINDS.length * i);
  });
}

Deno.test("Without SACK no duplicate stands for what has left the network otherwise (C-03, X-13)", () => {
  // Peers that acknowledge less than a segment, or what is lost, after many duplicates.
  for (const seed of [1_790_548_562, 2_803_013_316, 1_702_413_363]) {
    fuzzControlBlock(seed, 200, undefined);
  }
});
