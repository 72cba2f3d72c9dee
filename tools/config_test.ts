import { assert, assertEquals } from "@std/assert";
import checkout from "../deno.json" with { type: "json" };
import published from "../deno.jsr.json" with { type: "json" };
import { DENO_RUN } from "../tests/interop/deno_run.ts";

Deno.test("deno.jsr.json has the imports and compiler options of deno.json", () => {
  assertEquals(published.imports, checkout.imports);
  assertEquals(published.compilerOptions, checkout.compilerOptions);
});

Deno.test("deno.jsr.json uses the real packages: no workspace, no lock file", () => {
  assertEquals(Object.keys(published).sort(), ["compilerOptions", "imports", "lock"]);
  assertEquals(published.lock, false);
});

Deno.test("every jsr: import has a stand-in of that very version, which is never published", async () => {
  const standIns = new Set<string>();
  const compat = new URL("../compat/", import.meta.url);
  for await (const { name } of Deno.readDir(compat)) {
    const text = await Deno.readTextFile(new URL(`${name}/deno.json`, compat));
    const member: { name: string; version: string; publish: unknown } = JSON.parse(text);
    assert(member.publish === false, `"${member.name}" could be published`);
    standIns.add(`jsr:${member.name}@^${member.version}`);
  }
  const imports = Object.values(checkout.imports).filter((target) => target.startsWith("jsr:"));
  assertEquals(imports.sort(), [...standIns].sort());
});

Deno.test("./headgate runs Deno as tests and benchmarks do", async () => {
  const launcher = await Deno.readTextFile(new URL("../headgate", import.meta.url));
  const [, words] = /^set -- (.*) --config/m.exec(launcher) ?? [];
  assertEquals(words, DENO_RUN.join(" "));
});
