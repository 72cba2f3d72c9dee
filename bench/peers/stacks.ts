/**
 * Network stacks alone, over memory: ours beside npm's `tcpip`. Each is measured in a process of
 * its own, so that neither's compiled code and garbage is a matter of the other, in turns.
 *
 * @module
 */
import { Missing } from "./backend.ts";
import type { CampaignOptions } from "./campaign.ts";
import type { Metric, Sample } from "./metrics.ts";
import { STACK_MEASURES } from "./stacks/joined.ts";
import { TCPIP_VERSION } from "./stacks/tcpip.ts";

/** A stack that is compared. */
export interface StackPeer {
  readonly name: string;
  readonly version: string;
}

const MAIN = new URL("./stacks/main.ts", import.meta.url).pathname;
/** What a process may take longer than it measures, in milliseconds. */
const PATIENCE = 10_000;

/** Looks whether a stack is there, or throws {@linkcode Missing}; in the order of the columns. */
export const STACKS: Readonly<Record<string, () => Promise<StackPeer>>> = {
  headgate: async () => {
    const { default: { version } } = await import("../../deno.json", { with: { type: "json" } });
    return { name: "headgate", version };
  },
  tcpip: async () => {
    const { problem } = await measureStack("tcpip", 0, []);
    if (problem !== undefined) {
      const specifier = `npm:tcpip@${TCPIP_VERSION}`;
      throw new Missing(
        `${specifier} cannot be taken from Deno's cache ` +
          `("deno cache --no-lock ${specifier}" would bring it there)`,
        { cause: problem },
      );
    }
    return { name: "tcpip", version: TCPIP_VERSION };
  },
};

/** Measures stacks in turns; what fails once is not tried again. */
export async function measureStacks(
  stacks: readonly StackPeer[],
  { runs, seconds, wants, say }: CampaignOptions,
): Promise<Sample[]> {
  const metrics = STACK_MEASURES.map(({ metric }) => metric).filter(({ id }) => wants(id));
  const samples: Sample[] = [];
  const failed = new Set<string>();
  for (let run = 0; run < runs; run++) {
    const shift = run % stacks.length;
    for (const { name } of [...stacks.slice(shift), ...stacks.slice(0, shift)]) {
      let rest = metrics.filter(({ id }) => !failed.has(`${name} ${id}`));
      while (rest.length > 0) {
        const { figures, problem } = await measureStack(name, QUARTER * seconds, rest);
        const seen = rest.flatMap((metric) => {
          const value = figures.get(metric.id);
          if (value === undefined) return [];
          samples.push({ metric, backend: name, run, value });
          return [`${metric.id} ${value.toPrecision(3)} ${metric.unit}`];
        });
        // It stops at what fails; what comes behind that is for another process.
        const [culprit, ...behind] = rest.filter(({ id }) => !figures.has(id));
        if (culprit) {
          failed.add(`${name} ${culprit.id}`);
          seen.push(`${culprit.id} fails: ${problem}`);
        }
        rest = behind;
        say(`run ${run + 1} of ${runs}, ${name}: ${seen.join("; ")}`);
      }
    }
  }
  return samples;
}

/** Stacks are measured for a quarter of a second where others are for a second. */
const QUARTER = 250;

/** The figures that a process has, by the names of their metrics, and why there are no more. */
interface Outcome {
  readonly figures: ReadonlyMap<string, number>;
  readonly problem: string | undefined;
}

async function measureStack(
  name: string,
  milliseconds: number,
  metrics: readonly Metric[],
): Promise<Outcome> {
  // No configuration and no lock file: what is measured here is no dependency of ours.
  const flags = ["--quiet", "--no-config", "--no-lock", "--cached-only", "--allow-all"];
  const words = [MAIN, name, String(milliseconds), ...metrics.map(({ id }) => id)];
  const signal = AbortSignal.timeout(2 * milliseconds * metrics.length + PATIENCE);
  const args = ["run", ...flags, ...words];
  const env = { NO_COLOR: "1" };
  const command = new Deno.Command(Deno.execPath(), { args, env, stdin: "null", signal });
  const { success, stdout, stderr } = await command.output();
  const [complaint] = new TextDecoder().decode(stderr).trim().split("\n");
  return {
    figures: parseFigures(new TextDecoder().decode(stdout)),
    problem: success ? undefined : complaint || "it takes too long",
  };
}

/** The figures in what a process writes; whatever else the package writes is not ours. */
function parseFigures(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return new Map(lines.map((line) => {
    const { id, value }: { id: string; value: number } = JSON.parse(line);
    return [id, value];
  }));
}
