/**
 * Our own scripts, each as a test of its own, over IPv4 and over IPv6.
 *
 * A script that names its `--ip_version` is for that alone. The comment in the
 * first line of a script gives the requirements that it proves, and a sentence:
 * `// H-05 X-09: TCP repeats a SYN-ACK`. What no script can say has its reason
 * in unscripted.txt.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { findOpen, parseReasons, parseRequirements } from "../../tools/conformance.ts";
import { findScript } from "../../tools/test_names.ts";
import { findScripts } from "./runner/main.ts";
import { PERSONAS } from "./runner/personas.ts";
import { formatVerdict } from "./runner/report.ts";
import { runText } from "./runner/run.ts";
import { titleOf } from "./runner/source.ts";

const FOLDER = new URL(".", import.meta.url).pathname;
const TITLE = /^((?:[A-Z0-9]+-\d+ ?)+): (\S.*)$/;

/** What IPv6's header is longer than IPv4's, so that the sizes of segments are the same. */
const LONGER_HEADER = 20;

for (const path of findScripts(FOLDER)) {
  const text = Deno.readTextFileSync(path);
  const name = path.slice(FOLDER.length);
  const [, ids = "no requirement", sentence = name] = TITLE.exec(titleOf(text) ?? "") ?? [];
  const versions = /^--ip_version=/m.test(text) ? [undefined] : ["IPv4", "IPv6"] as const;
  for (const version of versions) {
    const over = version ? ` over ${version}` : "";
    Deno.test(`${sentence} (${ids.trim().replaceAll(" ", ", ")}; ${name}${over})`, () => {
      assertMatch(text.split("\n")[0] ?? "", /^\/\/ /, "the first line names the requirements");
      assertMatch(titleOf(text) ?? "", TITLE);
      const persona = PERSONAS["linux"]!; // which is always there
      const script = version === "IPv6" ? forIpv6(text) : text;
      const verdict = runText(name, script, { persona, strictEnd: true });
      assertEquals(verdict.kind, "pass", formatVerdict(name, verdict));
    });
  }
}

/** What routers say over IPv4, and over IPv6. */
const MESSAGES = [
  ["icmp unreachable net_unreachable", "icmpv6 unreachable no_route"],
  ["icmp unreachable host_unreachable", "icmpv6 unreachable address_unreachable"],
  ["icmp unreachable port_unreachable", "icmpv6 unreachable port_unreachable"],
  ["icmp time_exceeded ttl", "icmpv6 time_exceeded exceed_hop_limit"],
] as const;

/** The same script over IPv6. */
function forIpv6(text: string): string {
  const mtu = Number(/^--mtu=(\d+)$/m.exec(text)?.[1] ?? 1500) + LONGER_HEADER;
  const translated = MESSAGES.reduce((script, [from, to]) => script.replaceAll(from, to), text)
    .replaceAll(/icmp unreachable frag_needed mtu (\d+)/g, (_, size) => (
      `icmpv6 packet_too_big mtu ${Number(size) + LONGER_HEADER}`
    ));
  // Options come before all else; behind the first line, so that lines keep their numbers.
  return translated.replace(/^--mtu=\d+$/m, "")
    .replace("\n", `\n--ip_version=ipv6 --mtu=${mtu} `);
}

Deno.test("What must be has a script, or a reason why none can say it", () => {
  const read = (path: string) => Deno.readTextFileSync(new URL(path, import.meta.url));
  const sections = parseRequirements(read("../conformance/requirements.txt"));
  const reasons = parseReasons(read("unscripted.txt"));
  const tests = findScripts(FOLDER).flatMap((path) => findScript(path, Deno.readTextFileSync(path)))
    .toArray();
  assertEquals(findOpen({ sections, reasons, tests }), []);
  const scripted = new Set(tests.flatMap(({ ids }) => ids));
  assertEquals([...reasons.keys()].filter((id) => scripted.has(id)), [], "reasons out of date");
});
