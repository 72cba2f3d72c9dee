import { assertEquals } from "@std/assert";
import type { TargetRow } from "../observe/flow_log.ts";
import { summarize } from "./summary.ts";

const RESULT = { status: 0, received: 120, transmitted: 98, drops: {} };
const PACKETS = "120 packets from the guest, 98 to it";

Deno.test("the summary is a table: text to the left, numbers to the right", () => {
  const rows: TargetRow[] = [
    {
      target: "192.0.2.1:443",
      flows: 12,
      open: 0,
      up: 950,
      down: 1_234_567,
      ends: new Map([["closed", 11], ["reset by target", 1]]),
    },
    { target: "[2001:db8::1]:80", flows: 1, open: 1, up: 0, down: 0, ends: new Map() },
    { target: "others", flows: 3, open: 1, up: 1, down: 2, ends: new Map([["refused", 2]]) },
  ];
  assertEquals(summarize(rows, RESULT), [
    "TARGET            FLOWS     UP     DOWN  ENDED",
    "192.0.2.1:443        12  950 B  1.23 MB  closed 11, reset by target 1",
    "[2001:db8::1]:80      1    0 B      0 B  open 1",
    "others                3    1 B      2 B  refused 2, open 1",
    PACKETS,
  ]);
});

Deno.test("the summary says so when there were no flows", () => {
  assertEquals(summarize([], RESULT), ["no flows", PACKETS]);
});

Deno.test("the summary counts what was dropped, by reason", () => {
  const drops = { BadChecksum: 1, UnknownProtocol: 20 };
  assertEquals(
    summarize([], { ...RESULT, drops }).at(-1),
    "dropped: BadChecksum 1, UnknownProtocol 20",
  );
});

Deno.test("the summary counts what became of queries for names", () => {
  const names = { answered: 7, failed: 1, tooMany: 0, malformed: 2, repeated: 0 };
  assertEquals(
    summarize([], { ...RESULT, names }).at(-1),
    "names: 7 answered, 1 without an answer, 2 malformed",
  );
});
