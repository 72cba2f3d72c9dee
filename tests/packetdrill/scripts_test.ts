/**
 * Our own scripts, each as a test of its own.
 *
 * The comment in the first line of a script gives the requirements that it
 * proves, and a sentence: `// H-05 X-09: TCP repeats a SYN-ACK`.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { findScripts } from "./runner/main.ts";
import { PERSONAS } from "./runner/personas.ts";
import { formatVerdict } from "./runner/report.ts";
import { runText } from "./runner/run.ts";
import { titleOf } from "./runner/source.ts";

const FOLDER = new URL(".", import.meta.url).pathname;
const TITLE = /^((?:[A-Z0-9]+-\d+ ?)+): (\S.*)$/;

for (const path of findScripts(FOLDER)) {
  const text = Deno.readTextFileSync(path);
  const name = path.slice(FOLDER.length);
  const [, ids = "no requirement", sentence = name] = TITLE.exec(titleOf(text) ?? "") ?? [];
  Deno.test(`${sentence} (${ids.trim().replaceAll(" ", ", ")}; ${name})`, () => {
    assertMatch(text.split("\n")[0] ?? "", /^\/\/ /, "the first line names the requirements");
    assertMatch(titleOf(text) ?? "", TITLE);
    const persona = PERSONAS["linux"]!; // which is always there
    const verdict = runText(name, text, { persona, strictEnd: true });
    assertEquals(verdict.kind, "pass", formatVerdict(name, verdict));
  });
}
