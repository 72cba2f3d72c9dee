import { assertEquals, assertThrows } from "@std/assert";
import { parseFlags } from "./flags.ts";

const parse = (words: readonly string[]) =>
  parseFlags(words, ["headgate", "pasta"], ["bulk/up", "bulk/down", "ping/up"]);

Deno.test("parseFlags takes runs, seconds, names and files", () => {
  assertEquals(parse([]), { runs: 3, seconds: 1, only: [], rows: [] });
  const words = "--runs 5 --seconds 2 --only pasta --rows bulk,ping --json f.json --charts docs";
  assertEquals(parse(words.split(" ")), {
    runs: 5,
    seconds: 2,
    only: ["pasta"],
    rows: ["bulk", "ping"],
    json: "f.json",
    charts: "docs",
  });
});

Deno.test("parseFlags refuses what it does not understand", () => {
  for (
    const [words, message] of [
      ["--fast", 'understand "--fast"'],
      ["--runs", "without a value"],
      ["--runs 0", '--runs "0"'],
      ["--seconds 1.5", '--seconds "1.5"'],
      ["--only passt", 'measure "passt"'],
      ["--rows bulk,pong", 'measure "pong": there are bulk/up, bulk/down, ping/up'],
    ] as const
  ) assertThrows(() => parse(words.split(" ")), SyntaxError, message);
});
