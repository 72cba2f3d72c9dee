/**
 * Writes docs/conformance.md: what the stack has to do, and which tests show that it does.
 *
 *     deno task conformance            writes the page
 *     deno task conformance --check    says what is wrong with it
 *
 * Requirements are a list, reasons for those without a test another one; the rest comes from the
 * names of the tests.
 *
 * @module
 */
import { sources } from "./sources.ts";
import { findScript, findTests, type NamedTest } from "./test_names.ts";

const PAGE = "docs/conformance.md";
const REQUIREMENTS = "tests/conformance/requirements.txt";
const REASONS = "tests/conformance/reasons.txt";

/** One thing that the stack has to do. */
export interface Requirement {
  readonly id: string;
  readonly behaviour: string;
  readonly rfc: string;
  readonly priority: string;
}

/** Requirements that belong together. */
export interface Section {
  readonly number: string;
  readonly title: string;
  readonly requirements: readonly Requirement[];
}

/** Everything that the page is made of. */
export interface Conformance {
  readonly sections: readonly Section[];
  /** Why there is no test, by ID of a requirement or by `section N`. */
  readonly reasons: ReadonlyMap<string, string>;
  readonly tests: readonly NamedTest[];
}

const PRIORITIES = { M: "must", S: "should", O: "optional", N: "not needed" } as const;

/** Reads `ID | behaviour | RFC | priority` under `# number. title`. */
export function parseRequirements(text: string): Section[] {
  const sections: { number: string; title: string; requirements: Requirement[] }[] = [];
  for (const line of text.split("\n")) {
    const [, number, title] = /^# (\d+)\. (.+)$/.exec(line) ?? [];
    if (number !== undefined && title !== undefined) {
      sections.push({ number, title, requirements: [] });
      continue;
    }
    if (line === "" || line.startsWith("//")) continue;
    const [id, behaviour, rfc, priority, ...rest] = line.split(" | ");
    if (!id || !behaviour || !rfc || !priority || !(priority in PRIORITIES) || rest.length > 0) {
      throw new SyntaxError(`Cannot read the requirement "${line}"`);
    }
    sections.at(-1)?.requirements.push({ id, behaviour, rfc, priority });
  }
  return sections;
}

/** Reads `ID | reason` and `section N | reason`. */
export function parseReasons(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("//"));
  return new Map(lines.map((line) => {
    const [id, reason, ...rest] = line.split(" | ");
    if (!id || !reason || rest.length > 0) throw new SyntaxError(`Cannot read "${line}"`);
    return [id, reason];
  }));
}

/** What is wrong with tests and reasons, one sentence each. */
export function findFaults({ sections, reasons, tests }: Conformance): string[] {
  const faults: string[] = [];
  const known = new Set(sections.flatMap(({ requirements }) => requirements.map(({ id }) => id)));
  const shown = new Set(tests.flatMap(({ ids }) => ids));
  for (const { path, name, ids } of tests) {
    for (const id of ids) {
      if (!known.has(id)) faults.push(`${path}: "${name}" names ${id}, which is no requirement`);
    }
  }
  for (const id of reasons.keys()) {
    if (shown.has(id)) faults.push(`${REASONS}: ${id} has a test by now: take the reason out`);
    else if (!known.has(id) && !id.startsWith("section ")) {
      faults.push(`${REASONS}: what is ${id}?`);
    }
  }
  return faults;
}

/** What must be, and has neither a test nor a reason, one sentence each. */
export function findOpen({ sections, reasons, tests }: Conformance): string[] {
  const settled = new Set([...reasons.keys(), ...tests.flatMap(({ ids }) => ids)]);
  return sections.flatMap(({ number, requirements }) =>
    requirements
      .filter(({ id, priority }) => priority === "M" && !settled.has(id))
      .filter(() => !settled.has(`section ${number}`))
      .map(({ id, behaviour }) => `${id} has no test: ${behaviour}`)
  );
}

/** The page. */
export function render(conformance: Conformance): string {
  const { sections, reasons, tests } = conformance;
  const testsOf = Map.groupBy(
    tests.flatMap((test) => test.ids.map((id) => ({ id, test }))),
    ({ id }) => id,
  );
  const lines = [
    "<!-- deno-fmt-ignore-file -->",
    "<!-- Made by `deno task conformance`. -->",
    "",
    "# Conformance",
    "",
    "What the stack has to do, from the RFCs and from the bugs of others, and the tests that show that",
    "it does. The names of the tests carry the IDs; `deno task conformance` makes this page of them.",
    "**M**: must, **S**: should, **O**: optional, **N**: not needed in this role.",
    "",
    ...renderSummary(conformance),
  ];
  for (const { number, title, requirements } of sections) {
    lines.push("", `## ${number}. ${title}`, "");
    lines.push("| ID | P | Behaviour | RFC | Tests |", "| --- | --- | --- | --- | --- |");
    for (const { id, behaviour, rfc, priority } of requirements) {
      const found = testsOf.get(id) ?? [];
      const cell = found.length > 0
        ? found.map(({ test }) => linkTo(test)).join("<br>")
        : `*${escape(reasons.get(id) ?? reasons.get(`section ${number}`) ?? "No test yet.")}*`;
      lines.push(`| ${id} | ${priority} | ${escape(behaviour)} | ${escape(rfc)} | ${cell} |`);
    }
  }
  return lines.join("\n") + "\n";
}

function renderSummary({ sections, tests }: Conformance): string[] {
  const shown = new Set(tests.flatMap(({ ids }) => ids));
  const row = (title: string, requirements: readonly Requirement[]) => {
    const cells = Object.keys(PRIORITIES).map((priority) => {
      const those = requirements.filter((requirement) => requirement.priority === priority);
      const tested = those.filter(({ id }) => shown.has(id)).length;
      return those.length === 0 ? "" : `${tested} of ${those.length}`;
    });
    return `| ${title} | ${cells.join(" | ")} |`;
  };
  return [
    "Requirements with a test:",
    "",
    "| Section | M | S | O | N |",
    "| --- | --- | --- | --- | --- |",
    ...sections.map(({ number, title, requirements }) => row(`${number}. ${title}`, requirements)),
    row("**All**", sections.flatMap(({ requirements }) => requirements)),
  ];
}

function linkTo({ path, name }: NamedTest): string {
  const file = path.replace(/^.*\//, "");
  return `${escape(name)} ([${file.replaceAll("_", "\\_")}](../${path}))`;
}

function escape(text: string): string {
  return text.replace(/[|*_`\\[\]]/g, "\\$&").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function readAll(): Promise<Conformance> {
  const tests: NamedTest[] = [];
  for await (const path of sources("_test.ts")) {
    if (path !== "tools/conformance_test.ts") { // its tests are about IDs, not of them
      tests.push(...findTests(path, await Deno.readTextFile(path)));
    }
  }
  for await (const path of sources(".pkt")) {
    tests.push(...findScript(path, await Deno.readTextFile(path)));
  }
  tests.sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  return {
    sections: parseRequirements(await Deno.readTextFile(REQUIREMENTS)),
    reasons: parseReasons(await Deno.readTextFile(REASONS)),
    tests,
  };
}

if (import.meta.main) {
  const conformance = await readAll();
  const page = render(conformance);
  const faults = [...findFaults(conformance), ...findOpen(conformance)];
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(PAGE, page);
  else if (await Deno.readTextFile(PAGE).catch(() => "") !== page) {
    faults.push(`${PAGE} is stale: run "deno task conformance"`);
  }
  // deno-lint-ignore no-console -- a tool talks to the terminal
  for (const fault of faults) console.error(fault);
  Deno.exitCode = faults.length === 0 ? 0 : 1;
}
