import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addWords, fold, foldSum } from "./checksum.ts";

const view = (bytes: ArrayLike<number>): DataView => new DataView(Uint8Array.from(bytes).buffer);

/** RFC 1071 §4.1, byte by byte and with big integers. */
function byTheBook(bytes: ArrayLike<number>): number {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i++) sum += BigInt(bytes[i]!) << (i % 2 === 0 ? 8n : 0n);
  while (sum >> 16n) sum = (sum & 0xffffn) + (sum >> 16n);
  return Number(~sum & 0xffffn);
}

Deno.test("The checksum is that of RFC 1071 §3", () => {
  const bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
  assertEquals(foldSum(addWords(view(bytes), 0, 8)), 0xddf2);
  assertEquals(fold(addWords(view(bytes), 0, 8)), 0x220d);
});

Deno.test("The checksum of any bytes at any offset is right (Q-01)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), (bytes, offset) => {
      const shifted = new Uint8Array(offset + bytes.length + 5).fill(0xa5);
      shifted.set(bytes, offset);
      const sum = addWords(new DataView(shifted.buffer), offset, offset + bytes.length);
      assertEquals(fold(sum), byTheBook(bytes));
    }),
    { seed: 1 },
  );
});

Deno.test("Sums of parts of even length add up", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 99 }), fc.nat(48), (bytes, half) => {
      const cut = Math.min(2 * half, bytes.length & ~1);
      const parts = addWords(view(bytes), cut, bytes.length, addWords(view(bytes), 0, cut));
      assertEquals(fold(parts), byTheBook(bytes));
    }),
    { seed: 1 },
  );
});

Deno.test("A checksum put into its field makes the sum zero", () => {
  const bytes = view([0x45, 0, 0, 40, 1, 2, 3, 4, 64, 6, 0, 0]);
  bytes.setUint16(10, fold(addWords(bytes, 0, 12)));
  assertEquals(fold(addWords(bytes, 0, 12)), 0);
});

Deno.test("The sum of 64 KB of ones does not lose a carry", () => {
  const bytes = new Uint8Array(65_535).fill(0xff);
  assertEquals(fold(addWords(view(bytes), 0, bytes.length)), byTheBook(bytes));
  assertEquals(foldSum(2 ** 52), foldSum(16)); // 2^16 is 1 in ones' complement
});
