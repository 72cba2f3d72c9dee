import { assertEquals } from "@std/assert";
import { WatchedFile } from "./watched_file.ts";

Deno.test("A file that has changed is read again, but looked at once a second at most", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/resolv.conf`;
  let now = 0;
  let reads = 0;
  try {
    const file = new WatchedFile(path, (text) => {
      reads++;
      return text;
    }, { now: () => now });
    assertEquals(file.current(), "", "there is none yet");
    Deno.writeTextFileSync(path, "one");
    now += 999;
    assertEquals(file.current(), "");
    now += 1;
    assertEquals(file.current(), "one");
    Deno.writeTextFileSync(`${path}.new`, "two");
    Deno.renameSync(`${path}.new`, path);
    now += 1000;
    assertEquals(file.current(), "two");
    Deno.removeSync(path);
    now += 1000;
    assertEquals(file.current(), "two", "what it said last");
    Deno.writeTextFileSync(path, "three");
    now += 1000;
    const before = reads;
    assertEquals([file.current(), reads - before], ["three", 1]);
    now += 1000;
    assertEquals([file.current(), reads - before], ["three", 1]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
