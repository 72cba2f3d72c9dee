import { assertEquals } from "@std/assert";
import { goodputTable, recordedTable } from "./goodput.ts";

Deno.test("TCP moves data as fast as recorded in tests/snapshots/goodput.txt", () => {
  assertEquals(goodputTable(), recordedTable());
});
