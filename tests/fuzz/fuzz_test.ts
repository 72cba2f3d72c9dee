import { fuzzControlBlock } from "./control_block.ts";
import { fuzzParsers } from "./parsers.ts";
import { fuzzStack } from "./stack.ts";

Deno.test("Parsers survive any bytes (Z-01, M-10)", () => {
  for (let seed = 1; seed <= 5; seed++) fuzzParsers(seed, 3000);
});

Deno.test("A connection keeps its promises to a hostile peer, and recovers (Z-01)", () => {
  for (let seed = 1; seed <= 300; seed++) fuzzControlBlock(seed, 200);
});

Deno.test("A stack survives damaged, late and invented packets (Z-01)", () => {
  for (let seed = 1; seed <= 30; seed++) fuzzStack(seed, 600);
});
