import { assert } from "@std/assert";
import { SeededRandom } from "../../../lib/base/random.ts";
import { mutate } from "../../fuzz/bytes.ts";
import { Unsupported } from "./failure.ts";
import { findScripts } from "./main.ts";
import { PERSONAS } from "./personas.ts";
import { runText } from "./run.ts";
import { parseScript } from "./script.ts";

const SCRIPTS = [...findScripts(new URL("..", import.meta.url).pathname)]
  .map((path) => Deno.readTextFileSync(path));

/** A script in which bytes, words or lines are not where they were. */
function damage(random: SeededRandom): string {
  const pick = () => SCRIPTS[random.below(SCRIPTS.length)] ?? "";
  const text = pick();
  if (random.below(2)) {
    return new TextDecoder().decode(mutate(random, new TextEncoder().encode(text)));
  }
  const separator = random.below(2) ? "\n" : /(\s)/;
  const parts = text.split(separator);
  const others = pick().split(separator);
  const at = random.below(parts.length);
  parts.splice(at, random.below(3), others[random.below(others.length)] ?? "");
  return parts.join(separator === "\n" ? "\n" : "");
}

Deno.test("The reader of scripts throws nothing but errors that name a line (Z-01)", () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 3000; round++) {
    try {
      parseScript("a.pkt", damage(random), new Set());
    } catch (error) {
      const isNamed = error instanceof SyntaxError &&
        /^Cannot read a\.pkt:\d+: /.test(error.message);
      assert(isNamed || error instanceof Unsupported, String(error));
    }
  }
});

Deno.test("No script makes the runner throw, or the stack break (Z-01)", () => {
  const random = new SeededRandom(2);
  const persona = PERSONAS["linux"];
  for (let round = 0; round < 1500; round++) {
    const text = damage(random);
    const verdict = persona && runText("a.pkt", text, { persona, strictEnd: true });
    const isBug = verdict?.kind === "fail" && verdict.reason.includes("a bug: ");
    assert(!isBug, `${verdict?.kind === "fail" && verdict.reason}\n${text}`);
  }
});
