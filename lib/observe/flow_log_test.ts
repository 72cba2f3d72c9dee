import { assertEquals } from "@std/assert";
import type { FlowRefusal } from "../forward/observer.ts";
import type { SpliceEnd } from "../forward/splice.ts";
import type { Flow } from "../ip/flow.ts";
import { parseAddress } from "../text/address.ts";
import { FlowLog } from "./flow_log.ts";

function flowTo(port: number, address = "192.0.2.1"): Flow {
  const client = { address: parseAddress("10.0.2.100"), port: 40_000 };
  return { protocol: 6, client, target: { address: parseAddress(address), port } };
}

function ends(...counts: [SpliceEnd | FlowRefusal, number][]) {
  return new Map(counts);
}

Deno.test("FlowLog counts flows and bytes by target, in the order of their first flows", () => {
  const log = new FlowLog();
  log.opened(flowTo(443));
  log.opened(flowTo(80));
  log.opened(flowTo(443));
  log.closed(flowTo(443), "closed", 100, 2000);
  log.closed(flowTo(443), "reset by guest", 1, 2);
  log.refused(flowTo(80), "refused", "connection refused");
  assertEquals(log.rows, [
    {
      target: "192.0.2.1:443",
      flows: 2,
      open: 0,
      up: 101,
      down: 2002,
      ends: ends(["closed", 1], ["reset by guest", 1]),
    },
    { target: "192.0.2.1:80", flows: 2, open: 1, up: 0, down: 0, ends: ends(["refused", 1]) },
  ]);
});

Deno.test("FlowLog counts targets beyond a thousand together (D-07)", () => {
  const log = new FlowLog();
  for (let port = 1; port <= 1500; port++) log.refused(flowTo(port), "refused", "");
  for (let port = 1; port <= 1500; port++) log.opened(flowTo(port));
  assertEquals(log.rows.length, 1001);
  const others = log.rows.at(-1);
  assertEquals([others?.target, others?.flows, others?.open], ["others", 1000, 500]);
  for (let port = 1; port <= 1500; port++) log.closed(flowTo(port), "closed", 1, 2);
  assertEquals([others?.open, others?.up, others?.down], [0, 500, 1000]);
  assertEquals(log.rows.every((row) => row.open === 0), true);
});

Deno.test("FlowLog names a target that was pinged without a port", () => {
  const lines: string[] = [];
  const log = new FlowLog({ denial: (line) => lines.push(line) });
  log.refused({ ...flowTo(0), protocol: 1 }, "denied", "because");
  log.refused({ ...flowTo(0, "2001:db8::1"), protocol: 58 }, "denied", "because");
  assertEquals(log.rows.map(({ target }) => target), ["192.0.2.1/icmp", "2001:db8::1/icmp"]);
  assertEquals(lines[0], "denied 192.0.2.1/icmp: because");
});

Deno.test("FlowLog says what happens, in detail", () => {
  const lines: string[] = [];
  const log = new FlowLog({ detail: (line) => lines.push(line) });
  log.opened(flowTo(443));
  log.closed(flowTo(443), "closed", 100, 2000);
  log.refused(flowTo(1), "unreachable", "192.0.2.1:1: host unreachable");
  assertEquals(lines, [
    "open 10.0.2.100:40000 > 192.0.2.1:443",
    "closed 10.0.2.100:40000 > 192.0.2.1:443: 100 bytes up, 2000 down",
    "unreachable 10.0.2.100:40000 > 192.0.2.1:1: 192.0.2.1:1: host unreachable",
  ]);
});

Deno.test("FlowLog says at most ten thousand details, and that there are more (D-07)", () => {
  const lines: string[] = [];
  const log = new FlowLog({ detail: (line) => lines.push(line) });
  for (let i = 0; i < 20_000; i++) log.opened(flowTo(443));
  assertEquals(lines.length, 10_001);
  assertEquals(lines.at(-1), "no more lines of this kind");
});

Deno.test("FlowLog says of each target once why it was denied", () => {
  const lines: string[] = [];
  const log = new FlowLog({ denial: (line) => lines.push(line) });
  log.refused(flowTo(80, "169.254.169.254"), "denied", "link-local");
  log.refused(flowTo(80, "169.254.169.254"), "denied", "link-local");
  log.refused(flowTo(81, "169.254.169.254"), "denied", "link-local");
  log.refused(flowTo(443), "refused", "connection refused");
  assertEquals(lines, [
    "denied 169.254.169.254:80: link-local",
    "denied 169.254.169.254:81: link-local",
  ]);
});

Deno.test("FlowLog says at most twenty denials, and that there are more (D-07)", () => {
  const lines: string[] = [];
  const log = new FlowLog({ denial: (line) => lines.push(line) });
  for (let port = 1; port <= 1000; port++) log.refused(flowTo(port), "denied", "no");
  assertEquals(lines.length, 21);
  assertEquals(lines.slice(-2), ["denied 192.0.2.1:20: no", "more targets were denied"]);
  assertEquals(log.rows.length, 1000);
});

Deno.test("FlowLog tells datagrams from connections to the same port", () => {
  const lines: string[] = [];
  const log = new FlowLog({ denial: (line) => lines.push(line) });
  log.opened(flowTo(53));
  log.opened({ ...flowTo(53), protocol: 17 });
  log.refused({ ...flowTo(54), protocol: 17 }, "denied", "no");
  assertEquals(log.rows.map(({ target }) => target), [
    "192.0.2.1:53",
    "192.0.2.1:53/udp",
    "192.0.2.1:54/udp",
  ]);
  assertEquals(lines, ["denied 192.0.2.1:54/udp: no"]);
});
