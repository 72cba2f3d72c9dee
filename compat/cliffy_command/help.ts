/**
 * The help text, in Cliffy's form.
 *
 * @module
 */
import type { Option } from "./option.ts";

/** A named example. */
export interface Example {
  readonly name: string;
  readonly description: string;
}

/** What the help of a command tells. */
export interface HelpSubject {
  readonly path: string;
  readonly usage: string;
  readonly version: string | undefined;
  readonly description: string;
  readonly options: readonly Option[];
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly examples: readonly Example[];
}

/** The help of `subject`: sections of aligned columns. */
export function formatHelp(subject: HelpSubject, colors: boolean): string {
  const bold = (text: string) => colors ? `\x1b[1m${text}\x1b[22m` : text;
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? "" : `\n${bold(`${title}:`)}\n\n${lines.map((l) => `  ${l}\n`).join("")}`;

  const heading = `\n${bold("Usage:")}   ${subject.path} ${subject.usage}`.trimEnd() + "\n" +
    (subject.version === undefined ? "" : `${bold("Version:")} ${subject.version}\n`);
  const options = subject.options.map((option) => [
    option.flags.join(", "),
    option.typeDefinition.replace(/:\w+/, ""),
    `- ${option.description}`,
    "default" in option ? `(Default: ${JSON.stringify(option.default)})` : "",
  ]);
  return heading +
    section("Description", subject.description === "" ? [] : subject.description.split("\n")) +
    section("Options", alignColumns(options)) +
    section("Commands", alignColumns(subject.commands.map((c) => [c.name, `- ${c.description}`]))) +
    section(
      "Examples",
      alignColumns(subject.examples.map((e) => [`${e.name}:`, e.description])),
    );
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  );
}
