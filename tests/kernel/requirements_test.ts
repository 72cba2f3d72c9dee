import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkRequirements } from "../../lib/namespace/checks.ts";
import { checkMachine } from "../../lib/namespace/requirements.ts";
import { lacking } from "./harness.ts";

Deno.test("Every check of the machine has a name of its own and says what is the case", async () => {
  const checks = await checkRequirements();
  for (const { name, detail } of checks) assertEquals([name, detail].includes(""), false);
  assertEquals(new Set(checks.map(({ name }) => name)).size, checks.length);
});

Deno.test({
  name: "A machine that can run guests has run one, and says what they can reach" +
    (lacking === undefined ? "" : ` (skipped: ${lacking})`),
  ignore: lacking !== undefined,
  fn: async () => {
    const checks = await checkMachine();
    const guest = checks.find(({ name }) => name === "a guest");
    assertStringIncludes(guest?.detail ?? "", "with checksum and segmentation offload");
    const names = checks.flatMap(({ name, isOptional }) => isOptional ? [name] : []);
    assertEquals(names, ["names", "IPv6", "pings to elsewhere"]);
  },
});
