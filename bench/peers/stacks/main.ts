/**
 * Measures a stack in a process of its own: the stack's name, milliseconds, what is wanted.
 * Writes a line of JSON for each figure as soon as it is there.
 *
 * @module
 */
import { joinHeadgate } from "./headgate.ts";
import { type Join, STACK_MEASURES } from "./joined.ts";
import { importTcpip, joinerOf } from "./tcpip.ts";

const JOINERS: Readonly<Record<string, () => Join | Promise<Join>>> = {
  headgate: () => joinHeadgate,
  tcpip: async () => joinerOf(await importTcpip()),
};

if (import.meta.main) {
  const [name = "", milliseconds, ...wanted] = Deno.args;
  const join = await JOINERS[name]?.();
  if (!join) throw new SyntaxError(`Cannot measure "${name}": there are ${Object.keys(JOINERS)}`);
  for (const { metric: { id }, run } of STACK_MEASURES) {
    if (!wanted.includes(id)) continue;
    const value = await run(join, Number(milliseconds));
    // deno-lint-ignore no-console -- this is what was asked for
    console.log(JSON.stringify({ id, value }));
  }
  Deno.exit(); // tcpip's timers never end
}
