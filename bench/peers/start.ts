/**
 * How long it takes until a guest can do something.
 *
 * @module
 */
import { HOSTS } from "./attached.ts";
import type { Backend } from "./backend.ts";
import { lines } from "./lines.ts";
import type { Figure } from "./measures.ts";
import { Port } from "./outside.ts";

/** Says something, then asks for a byte and says what came. */
const COMMAND =
  'echo first; exec 3<>"/dev/tcp/$0/$1"; printf y >&3; read -r -n 1 -u 3 c; echo "$c"';
const LIMIT = 10_000;

/** Starts a guest that does as little as can be. */
export async function measureStart(backend: Backend): Promise<readonly Figure[]> {
  const before = performance.now();
  const command = ["bash", "-c", COMMAND, HOSTS[4], String(Port.Closing)];
  const guest = await backend.start({ mtu: 65_520, command });
  const timer = setTimeout(() => void guest.end(), LIMIT);
  try {
    const said = lines(guest.child.stdout);
    const first = await said.next();
    const instruction = performance.now() - before;
    const second = await said.next();
    const byte = performance.now() - before;
    if (first.value !== "first" || second.value !== "y") throw new Error("the guest says nothing");
    const metric = (id: string, what: string) => (
      { id: `start/${id}`, label: `from start to the guest's ${what}`, unit: "ms" }
    );
    return [
      [metric("instruction", "first instruction"), instruction],
      [metric("byte", "first byte from outside"), byte],
    ];
  } finally {
    clearTimeout(timer);
    await guest.end();
  }
}

/** Runs `true` in a guest, from the start to the end of all. */
export async function measureWholeRuns({ name, wholeRuns = {} }: Backend): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [how, [program = "", ...args]] of Object.entries(wholeRuns)) {
    const before = performance.now();
    const command = new Deno.Command(program, { args, stdin: "null", stderr: "null" });
    const { success } = await command.output();
    if (!success) throw new Error(`true, run ${how}, fails`);
    const id = `start/whole/${how.replaceAll(" ", "-")}`;
    const label = `all of "${name} run -- true", ${how}`;
    figures.push([{ id, label, unit: "ms" }, performance.now() - before]);
  }
  return figures;
}
