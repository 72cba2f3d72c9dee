/**
 * Measures headgate beside its peers: `deno task bench:peers`.
 *
 * Installs nothing: what is not on the machine is left out. Everything happens in namespaces of
 * its own. Writes what it is doing to standard error, the table to standard output.
 *
 * @module
 */
import { call, Missing } from "./backend.ts";
import { BACKENDS } from "./backends.ts";
import { Campaign } from "./campaign.ts";
import { drawCharts, replaceFigures } from "./charts.ts";
import { parseFlags, type Settings } from "./flags.ts";
import { describeMachine } from "./machine.ts";
import { ratio, type Row, rowsOf, type Sample, summarize } from "./metrics.ts";
import { configureOutside, enterOwnNamespaces, startServers } from "./outside.ts";
import { measureStacks, STACKS } from "./stacks.ts";
import { STACK_MEASURES } from "./stacks/joined.ts";
import { formatTable } from "./table.ts";

/** What all figures have in common. */
interface Circumstances {
  readonly date: string;
  readonly machine: string;
  readonly runs: number;
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Rows of a table, and the names of its columns. */
interface Figures {
  readonly names: readonly string[];
  readonly rows: readonly Row[];
}

/** In the folder for charts: the page that shows them. */
const PAGE = "performance.md";
/** All that `--only` can name. */
const NAMES: readonly string[] = [...new Set([...Object.keys(BACKENDS), ...Object.keys(STACKS)])];

function say(line: string): void {
  // deno-lint-ignore no-console -- a tool talks to the terminal
  console.error(line);
}

async function measureAll(settings: Settings): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "headgate-bench-" });
  try {
    await configureOutside();
    await startServers();
    const { runs, seconds, rows: wanted, only } = settings;
    const backends = await find(BACKENDS, only, folder);
    const wants = (name: string) =>
      wanted.length === 0 || wanted.some((beginning) => name.startsWith(beginning));
    const options = { runs, seconds, wants, say };
    const campaign = new Campaign(backends, options);
    if (backends.length > 0) await campaign.measure();
    const wantsStacks = STACK_MEASURES.some(({ metric }) => wants(metric.id));
    const stacks = wantsStacks ? await find(STACKS, only, folder) : [];
    const samples = await measureStacks(stacks, options);
    const versions = Object.fromEntries(
      [...stacks, ...backends].map(({ name, version }) => [name, version]),
    );
    const date = new Date().toISOString().slice(0, 10);
    const circumstances = { date, machine: describeMachine(), runs, seconds, versions };
    await publish(
      settings,
      circumstances,
      figuresOf(backends, campaign.samples),
      figuresOf(stacks, samples),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Makes ready what there is and is wanted. */
async function find<Peer>(
  preparations: Readonly<Record<string, (folder: string) => Promise<Peer>>>,
  only: readonly string[],
  folder: string,
): Promise<Peer[]> {
  const found: Peer[] = [];
  for (const [name, prepare] of Object.entries(preparations)) {
    if (only.length > 0 && !only.includes(name)) continue;
    try {
      found.push(await prepare(folder));
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      say(`${name} is left out: ${error.message}`);
    }
  }
  return found;
}

function figuresOf(
  peers: readonly { readonly name: string }[],
  samples: readonly Sample[],
): Figures {
  return { names: peers.map(({ name }) => name), rows: rowsOf(samples) };
}

async function publish(
  { json, charts }: Settings,
  circumstances: Circumstances,
  ofBackends: Figures,
  ofStacks: Figures,
): Promise<void> {
  const all = [ofBackends, ofStacks].filter(({ rows }) => rows.length > 0);
  const tables = all.map(({ rows, names }) => formatTable(rows, names));
  const text = [describe(circumstances), ...tables].join("\n\n");
  // deno-lint-ignore no-console -- this is what was asked for
  console.log(text);
  if (json !== undefined) {
    const rows = all.flatMap(({ rows, names }) => rows.map((row) => withSummaries(row, names)));
    await Deno.writeTextFile(json, `${JSON.stringify({ ...circumstances, rows }, undefined, 2)}\n`);
  }
  if (charts === undefined) return;
  const page = `${charts}/${PAGE}`;
  await Deno.writeTextFile(page, replaceFigures(await Deno.readTextFile(page), text));
  const files = [...drawCharts(ofBackends.rows, ofBackends.names)].map(([name, content]) => {
    Deno.writeTextFileSync(`${charts}/${name}`, content);
    return `${charts}/${name}`;
  });
  await call(Deno.execPath(), "fmt", "--quiet", page, ...files);
}

function withSummaries(row: Row, names: readonly string[]): unknown {
  const [first = "", ...others] = names;
  return {
    ...row.metric,
    values: row.values,
    summaries: Object.fromEntries(names.map((name) => [name, summarize(row.values[name] ?? [])])),
    ratios: Object.fromEntries(others.map((other) => [other, ratio(row, first, other)])),
  };
}

function describe({ date, machine, runs, seconds, versions }: Circumstances): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `Measured on ${date}: ${machine}. Runs: ${runs}, of ${seconds} s each; medians, least and ` +
    `most.\n${programs.join("; ")}.`;
}

if (import.meta.main) {
  try {
    parseFlags(Deno.args.filter((word) => word !== "--inside"), NAMES);
    const flags = await enterOwnNamespaces(new URL(import.meta.url).pathname);
    if (flags) {
      await measureAll(parseFlags(flags, NAMES));
      Deno.exit(); // the servers end with this process
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    say(error.message);
    Deno.exitCode = 2;
  }
}
