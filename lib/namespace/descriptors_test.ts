import { assertEquals } from "@std/assert";
import { affordableDatagramFlows } from "./descriptors.ts";

Deno.test("flows of datagrams take a quarter of the descriptors, 4096 at most (P-08)", () => {
  const limits = (soft: string) => `
Limit                     Soft Limit           Hard Limit           Units
Max processes             31507                31507                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         67108864             67108864             bytes
`;
  assertEquals(affordableDatagramFlows(limits("1024")), 256);
  assertEquals(affordableDatagramFlows(limits("20000")), 4096);
  assertEquals(affordableDatagramFlows(limits("3")), 1);
  assertEquals(affordableDatagramFlows(limits("unlimited")), 4096);
});
