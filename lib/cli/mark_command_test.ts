import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { markCommand } from "./mark_command.ts";
import { UsageError } from "./usage_error.ts";

const takesValue = (name: string) => name === "I" || name === "mtu";
const mark = (words: string) => markCommand(words.split(" "), takesValue).join(" ");

Deno.test("the command begins at the first word that is no option and no value", () => {
  assertEquals(mark("x"), "-- x");
  assertEquals(mark("-q x -q"), "-q -- x -q");
  assertEquals(mark("--mtu 5 x"), "--mtu 5 -- x");
  assertEquals(mark("--mtu=5 x"), "--mtu=5 -- x");
  assertEquals(mark("-I a x"), "-I a -- x");
  assertEquals(mark("-qI a x"), "-qI a -- x");
  assertEquals(mark("-I5 x"), "-I5 -- x");
  assertEquals(mark("--mtuu 3 x"), "--mtuu -- 3 x");
});

Deno.test("a -- before the command stays the only one", () => {
  assertEquals(mark("-- x"), "-- x");
  assertEquals(mark("-q -- x -- y"), "-q -- x -- y");
  assertEquals(mark("x -- y"), "-- x -- y");
  assertEquals(markCommand([], takesValue), []);
  assertEquals(mark("-q"), "-q");
});

Deno.test("an empty value is refused", () => {
  for (const words of [["--mtu", "", "x"], ["--mtu=", "x"], ["-I="], ["-qI", ""]]) {
    assertThrows(() => markCommand(words, takesValue), UsageError);
  }
});

Deno.test("marking adds at most one --, and changes no word", () => {
  const word = fc.constantFrom("-q", "-I", "--mtu", "--mtu=5", "--", "x", "-", "5");
  fc.assert(fc.property(fc.array(word), (words) => {
    const marked = markCommand(words, takesValue);
    if (marked.length === words.length) assertEquals(marked, words);
    else {
      const at = marked.findIndex((_, at) => words[at] !== marked[at]);
      assertEquals(marked[at], "--");
      assertEquals(marked.toSpliced(at, 1), words);
    }
    assertEquals(markCommand(marked, takesValue), marked);
  }));
});
