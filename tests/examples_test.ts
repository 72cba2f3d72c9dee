/**
 * The examples run, as a user runs them.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";

async function runExample(name: string): Promise<{ code: number; output: string }> {
  const path = new URL(`../examples/${name}`, import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", path],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("The example of a protocol of one's own gets its answer out", async () => {
  const { code, output } = await runExample("own_protocol.ts");
  assertEquals({ code, output }, { code: 0, output: "true an IP packet of 25 bytes\n" });
});

Deno.test("The example of a service in the guest's network answers", async () => {
  const { code, output } = await runExample("echo_service.ts");
  assertEquals({ code, output }, { code: 0, output: "hello\n" });
});

Deno.test("The demo moves its bytes, through a TUN or in memory", async () => {
  const { code, output } = await runExample("demo.ts");
  assertStringIncludes(output, "SHA-256 agrees");
  assertStringIncludes(output, "demo: ok");
  assertEquals(code, 0, output);
});
