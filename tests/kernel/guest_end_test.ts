import { assertEquals, assertNotEquals } from "@std/assert";
import { guestTest, processesIn } from "./harness.ts";

const TELL_NAMESPACE = "readlink /proc/self/ns/net";
const DAEMON = "setsid sh -c 'trap : TERM HUP; sleep 1000 & sleep 1000' &";

guestTest("Nothing of a guest survives its command, not even a daemon", async ({ start }) => {
  const guest = start(["sh", "-c", `${TELL_NAMESPACE}; ${DAEMON} exit 3`]);
  const namespace = await guest.line();
  assertEquals((await guest.outcome()).status, 3);
  assertEquals(processesIn(namespace), []);
});

guestTest("Nothing of a guest survives a SIGKILL of headgate", async ({ start }) => {
  const guest = start(["sh", "-c", `${TELL_NAMESPACE}; ${DAEMON} sleep 1000; :`]);
  const namespace = await guest.line();
  assertNotEquals(processesIn(namespace), []);
  guest.signal("SIGKILL");
  await guest.outcome();
  assertEquals(processesIn(namespace), []);
});

guestTest("A command does not run when headgate dies before it lets it", async ({ start }) => {
  const guest = start(["go=never", "sh", "-c", "echo ran"]);
  assertEquals(await guest.line(), "waiting");
  guest.signal("SIGKILL");
  assertEquals((await guest.outcome()).output, "");
});

for (const [signal, status] of [["SIGTERM", 143], ["SIGHUP", 129], ["SIGINT", 130]] as const) {
  guestTest(`${signal} ends a command that has not been started yet`, async ({ start }) => {
    const guest = start(["go=never", "sh", "-c", "echo ran"]);
    assertEquals(await guest.line(), "waiting");
    guest.signal(signal);
    const outcome = await guest.outcome();
    assertEquals({ status: outcome.status, output: outcome.output }, { status, output: "" });
  });
}

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] as const) {
  guestTest(`${signal} to headgate reaches the command, which may go on`, async ({ start }) => {
    const trap = `trap 'echo got ${signal}; exit 9' ${signal.slice(3)}`;
    const guest = start(["sh", "-c", `${trap}; echo ready; while :; do sleep 0.01; done`]);
    assertEquals(await guest.line(), "ready");
    guest.signal(signal);
    assertEquals(await guest.outcome(), { status: 9, output: `got ${signal}\n`, errors: "" });
  });
}

guestTest("A command that dies of SIGTERM to headgate gives 143", async ({ start }) => {
  const guest = start(["sh", "-c", "echo ready; exec sleep 1000"]);
  assertEquals(await guest.line(), "ready");
  guest.signal("SIGTERM");
  assertEquals(await guest.outcome(), { status: 143, output: "", errors: "" });
});

guestTest("Process 1 of a guest does not end by signals from inside", async ({ start }) => {
  const kill = "for signal in HUP INT QUIT TERM KILL USR1; do kill -$signal 1; done";
  assertEquals((await start(["sh", "-c", `${kill}; exit 5`]).outcome()).status, 5);
});
