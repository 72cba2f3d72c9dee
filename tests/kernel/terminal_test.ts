import { assertEquals, assertStringIncludes } from "@std/assert";
import { guestTest } from "./harness.ts";

const GUEST = { terminal: "exec $GUEST" };
const BASH = ["bash", "--norc", "--noprofile", "-i"];

guestTest("An interactive shell in a guest has a terminal and job control", async ({ start }) => {
  const guest = start(BASH, GUEST);
  await guest.type("sleep 1000 &\nkill %1; wait %1; echo status=$?\nset -o | grep monitor\n");
  await guest.type("exit 5\n");
  const { status, output } = await guest.outcome();
  assertEquals(status, 5);
  assertStringIncludes(output, "status=143\r\n");
  assertStringIncludes(output.replaceAll(/[ \t]+/g, " "), "monitor on\r\n");
  assertEquals(output.includes("no job control"), false);
}, ["script", "bash"]);

for (const [key, name] of [["\x03", "INT"], ["\x1c", "QUIT"]] as const) {
  guestTest(`A key that sends SIG${name} reaches the command once, and only it`, async (test) => {
    const script = `trap 'echo signalled' ${name}; echo ready
      until read line; do :; done; until read line; do :; done; exit 3`;
    const guest = test.start(["sh", "-c", script], GUEST);
    assertEquals(await guest.line(), "ready\r");
    await guest.type(key);
    assertStringIncludes(await guest.line(), "signalled");
    await guest.type("one\ntwo\n");
    const { status, output } = await guest.outcome();
    assertEquals(status, 3);
    assertEquals(output.includes("signalled"), false);
  }, ["script"]);
}

guestTest("A command that dies of Ctrl-C gives 130", async ({ start }) => {
  const guest = start(["sh", "-c", "echo ready; exec sleep 1000"], GUEST);
  assertEquals(await guest.line(), "ready\r");
  await guest.type("\x03");
  assertEquals((await guest.outcome()).status, 130);
}, ["script", "bash"]);

guestTest("The terminal is ours again after a shell in a guest has had it", async ({ start }) => {
  const shell = start([...BASH, "-c", "echo inside"], {
    terminal: '$GUEST; read line; echo "got $line"',
  });
  assertEquals(await shell.line(), "inside\r");
  await shell.type("text\n");
  const { status, output } = await shell.outcome();
  assertEquals(status, 0);
  assertStringIncludes(output, "got text\r\n");
}, ["script", "bash"]);
