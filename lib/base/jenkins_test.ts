import { assertEquals } from "@std/assert";
import { jenkins } from "./jenkins.ts";

Deno.test("jenkins() agrees with the published values", () => {
  const vectors: readonly [string, number][] = [
    ["", 0x00000000],
    ["a", 0xca2e9442],
    ["ab", 0x45e61e58],
    ["abc", 0xed131f5b],
    ["The quick brown fox jumps over the lazy dog", 0x519e91f5],
  ];
  for (const [text, expected] of vectors) {
    const bytes = new TextEncoder().encode(text);
    assertEquals(jenkins(0, new DataView(bytes.buffer), bytes.length) >>> 0, expected);
  }
});

Deno.test("jenkins() depends on its seed and on no more than the message", () => {
  const message = new DataView(Uint8Array.of(1, 2, 3, 4).buffer);
  assertEquals(jenkins(1, message, 4) === jenkins(2, message, 4), false);
  const before = jenkins(1, message, 2);
  message.setUint8(3, 99);
  assertEquals(jenkins(1, message, 2), before);
});
