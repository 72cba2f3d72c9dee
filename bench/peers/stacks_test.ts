import { assert, assertEquals } from "@std/assert";
import { measureStacks } from "./stacks.ts";

Deno.test("Stacks are measured in turns; what fails once is not tried again", async () => {
  const said: string[] = [];
  const samples = await measureStacks(
    [{ name: "headgate", version: "" }, { name: "nobody", version: "" }],
    {
      ...{ runs: 2, seconds: 0.01 },
      wants: (name) => ["memory-stack/ping/p50", "memory-stack/connections"].includes(name),
      say: (line) => said.push(line.replace(/[\d.e+-]+ (us|1\/s)/g, "x $1")),
    },
  );
  const id = ["memory-stack/ping/p50", "memory-stack/connections"];
  const problem = 'fails: error: Uncaught (in promise) SyntaxError: Cannot measure "nobody": ' +
    "there are headgate,tcpip";
  const figures = `${id[0]} x us; ${id[1]} x 1/s`;
  assertEquals(said, [
    `run 1 of 2, headgate: ${figures}`,
    `run 1 of 2, nobody: ${id[0]} ${problem}`,
    `run 1 of 2, nobody: ${id[1]} ${problem}`,
    `run 2 of 2, headgate: ${figures}`,
  ]);
  assertEquals(samples.map(({ metric, run }) => [metric.id, run]), [
    ...[[id[0], 0], [id[1], 0]],
    ...[[id[0], 1], [id[1], 1]],
  ]);
  assert(samples.every(({ backend, value }) => backend === "headgate" && value > 0));
});
