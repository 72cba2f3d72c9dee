import { assertEquals } from "@std/assert";
import { IoVectors } from "./io_vectors.ts";

/** The parts as the kernel would find them. */
function read(vectors: IoVectors): number[][] {
  const view = new DataView(vectors.bytes.buffer);
  return Array.from({ length: vectors.count }, (_, index) => {
    const pointer = Deno.UnsafePointer.create(view.getBigUint64(index * 16, true));
    const length = view.getBigUint64(index * 16 + 8, true);
    if (pointer === null) return [];
    return [...new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, Number(length)))];
  });
}

Deno.test("IoVectors says where parts of memory are, be they views or not", () => {
  const memory = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const vectors = new IoVectors(3);
  vectors.add(memory, 5, 2);
  vectors.add(memory.subarray(100, 200), 3, 3);
  vectors.add(memory, 0, 1);
  assertEquals(read(vectors), [[5, 6], [103, 104, 105], [0]]);
  vectors.clear();
  vectors.add(new Uint8Array(2000).fill(7), 1999, 1);
  assertEquals(read(vectors), [[7]]);
});
