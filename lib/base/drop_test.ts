import { assertEquals } from "@std/assert";
import { Drop, DropCounters } from "./drop.ts";

Deno.test("Every reason has a counter of its own (Z-04)", () => {
  const counters = new DropCounters();
  const reasons = Object.values(Drop);
  for (const reason of reasons) for (let i = 0; i <= reason; i++) counters.count(reason);
  for (const reason of reasons) assertEquals(counters.of(reason), reason + 1);
  assertEquals(counters.snapshot().Truncated, Drop.Truncated + 1);
});

Deno.test("A snapshot has the counters that are not zero, by name", () => {
  const counters = new DropCounters();
  counters.count(Drop.None);
  counters.count(Drop.BadChecksum);
  counters.count(Drop.BadChecksum);
  assertEquals(counters.snapshot(), { BadChecksum: 2 });
});
