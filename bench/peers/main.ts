/**
 * Measures headgate beside its peers: `deno task bench:peers`.
 *
 * Installs nothing: what is not on the machine is left out. Everything happens in namespaces of
 * its own. Writes what it is doing to standard error, the table to standard output.
 *
 * @module
 */
import { type Backend, call, Missing } from "./backend.ts";
import { BACKENDS } from "./backends.ts";
import { Campaign, MEASURE_NAMES } from "./campaign.ts";
import { drawCharts, replaceFigures } from "./charts.ts";
import { parseFlags, type Settings } from "./flags.ts";
import { describeMachine } from "./machine.ts";
import { ratio, type Row, rowsOf, summarize } from "./metrics.ts";
import { configureOutside, enterOwnNamespaces, startServers } from "./outside.ts";
import { formatTable } from "./table.ts";

/** What all figures have in common. */
interface Circumstances {
  readonly date: string;
  readonly machine: string;
  readonly runs: number;
  readonly seconds: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** In the folder for charts: the page that shows them. */
const PAGE = "performance.md";

function say(line: string): void {
  // deno-lint-ignore no-console -- a tool talks to the terminal
  console.error(line);
}

async function measureAll(settings: Settings): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "headgate-bench-" });
  try {
    await configureOutside();
    await startServers();
    const backends = await findBackends(settings.only, folder);
    const { runs, seconds, rows: wanted } = settings;
    const wants = (name: string) =>
      wanted.length === 0 || wanted.some((beginning) => name.startsWith(beginning));
    const campaign = new Campaign(backends, { runs, seconds, wants, say });
    await campaign.measure();
    const versions = Object.fromEntries(backends.map(({ name, version }) => [name, version]));
    const date = new Date().toISOString().slice(0, 10);
    const circumstances = { date, machine: describeMachine(), runs, seconds, versions };
    await publish(settings, circumstances, rowsOf(campaign.samples));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function findBackends(only: readonly string[], folder: string): Promise<Backend[]> {
  const found: Backend[] = [];
  for (const [name, prepare] of Object.entries(BACKENDS)) {
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

async function publish(
  { json, charts }: Settings,
  circumstances: Circumstances,
  rows: readonly Row[],
): Promise<void> {
  const names = Object.keys(circumstances.versions);
  const text = `${describe(circumstances)}\n\n${formatTable(rows, names)}`;
  // deno-lint-ignore no-console -- this is what was asked for
  console.log(text);
  if (json !== undefined) {
    const figures = { ...circumstances, rows: rows.map((row) => withSummaries(row, names)) };
    await Deno.writeTextFile(json, `${JSON.stringify(figures, undefined, 2)}\n`);
  }
  if (charts === undefined) return;
  const page = `${charts}/${PAGE}`;
  await Deno.writeTextFile(page, replaceFigures(await Deno.readTextFile(page), text));
  const files = [...drawCharts(rows, names)].map(([name, content]) => {
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
  const parse = (words: readonly string[]) =>
    parseFlags(words, Object.keys(BACKENDS), MEASURE_NAMES);
  try {
    parse(Deno.args.filter((word) => word !== "--inside"));
    const flags = await enterOwnNamespaces(new URL(import.meta.url).pathname);
    if (flags) {
      await measureAll(parse(flags));
      Deno.exit(); // the servers end with this process
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    say(error.message);
    Deno.exitCode = 2;
  }
}
