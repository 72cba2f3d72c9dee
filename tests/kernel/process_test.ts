import { assertEquals } from "@std/assert";
import { cString, libc } from "../../lib/ffi/libc.ts";
import { spawn, untilEnd } from "../../lib/ffi/process.ts";

const O_WRONLY = 0o1;
const F_DUPFD = 0;
/** Beyond what a script can name. */
const HIGH = 20;

Deno.test("A child process has no descriptors but those that it is given", async () => {
  const path = await Deno.makeTempFile();
  const output = libc().open(cString(path), O_WRONLY, 0);
  const inheritable = libc().fcntl(output, F_DUPFD, HIGH);
  try {
    const words = ["ls", "/proc/self/fd"];
    await untilEnd(spawn({ path: "/bin/ls", words, descriptors: new Map([[1, output]]) }));
    assertEquals(await Deno.readTextFile(path), "0\n1\n2\n3\n"); // 3 is what ls reads
  } finally {
    libc().close(output);
    libc().close(inheritable);
    await Deno.remove(path);
  }
});
