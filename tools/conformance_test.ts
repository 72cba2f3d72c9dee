import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type Conformance,
  findFaults,
  findOpen,
  parseReasons,
  parseRequirements,
  render,
} from "./conformance.ts";
import { findScript, findTests } from "./test_names.ts";

Deno.test("test names: those of all ways to register a test are found", () => {
  const source = `
    Deno.test("A holds (H-01, RFC 9293 §3.5)", () => {});
    talkTest(
      "B holds (in part) " + "(H-02)", (open) => open());
    Deno.test({ ignore: f({ name: 1 }), name: "C holds (4-05)", fn: () => {} });
    export function talkTest(name: string): void { Deno.test(name, () => {}); }
    // Deno.test("no test (H-03)")
    worldTest("no requirement");`;
  assertEquals(findTests("a_test.ts", source), [
    { path: "a_test.ts", name: "A holds", ids: ["H-01"] },
    { path: "a_test.ts", name: "B holds (in part)", ids: ["H-02"] },
    { path: "a_test.ts", name: "C holds", ids: ["4-05"] },
    { path: "a_test.ts", name: "no requirement", ids: [] },
  ]);
});

Deno.test("test names: what a template puts in is left out", () => {
  const source = "Deno.test(`${f(`x`)}: A ${b.c} holds at ${d} (H-01)`, run);";
  assertEquals(findTests("a_test.ts", source), [
    { path: "a_test.ts", name: "…: A … holds at …", ids: ["H-01"] },
  ]);
});

Deno.test("test names: a script has its name in its first comment", () => {
  assertEquals(findScript("a.pkt", "--mtu=1500\n// H-01 X-09: A holds: always\n0 socket()\n"), [
    { path: "a.pkt", name: "A holds: always", ids: ["H-01", "X-09"] },
  ]);
  assertEquals(findScript("a.pkt", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"), []);
});

const SECTIONS = parseRequirements(
  "// comment\n\n# 1. First\nH-01 | a < b | 9293 3.5 | M\nH-02 | c | - | M\n# 2. Later\nA-01 | d | - | M\n",
);

function conformance(ids: readonly string[], reasons: string): Conformance {
  const tests = [{ path: "tests/a_test.ts", name: "A holds", ids }];
  return { sections: SECTIONS, reasons: parseReasons(reasons), tests };
}

Deno.test("conformance: the page shows tests, reasons and what is open", () => {
  const page = render(conformance(["H-01"], "section 2 | Comes later.\n"));
  assertStringIncludes(page, "| 1. First | 1 of 2 |");
  assertStringIncludes(
    page,
    "| H-01 | M | a &lt; b | 9293 3.5 | A holds ([a\\_test.ts](../tests/a_test.ts)) |",
  );
  assertStringIncludes(page, "| H-02 | M | c | - | *No test yet.* |");
  assertStringIncludes(page, "| A-01 | M | d | - | *Comes later.* |");
});

Deno.test("conformance: unknown IDs, stale reasons and what is open are found", () => {
  const page = conformance(["H-01", "H-99"], "H-01 | Hard.\nH-98 | What?\nsection 2 | Later.\n");
  assertEquals(findFaults(page), [
    'tests/a_test.ts: "A holds" names H-99, which is no requirement',
    "tests/conformance/reasons.txt: H-01 has a test by now: take the reason out",
    "tests/conformance/reasons.txt: what is H-98?",
  ]);
  assertEquals(findOpen(page), ["H-02 has no test: c"]);
});

Deno.test("conformance: lines that are none are refused", () => {
  assertThrows(() => parseRequirements("# 1. A\nH-01 | a | - | X\n"), SyntaxError);
  assertThrows(() => parseRequirements("# 1. A\nH-01 | a | M\n"), SyntaxError);
  assertThrows(() => parseReasons("H-01\n"), SyntaxError);
});
