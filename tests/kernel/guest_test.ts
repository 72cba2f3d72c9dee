import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { guestTest } from "./harness.ts";

const exitStatuses: readonly [string, readonly string[], number][] = [
  ["0 of a command that succeeds", ["true"], 0],
  ["the command's own", ["sh", "-c", "exit 7"], 7],
  ["137 for a command killed by SIGKILL", ["sh", "-c", "kill -KILL $$"], 137],
  ["143 for a command killed by SIGTERM", ["sh", "-c", "kill -TERM $$"], 143],
  ["130 for a command killed by SIGINT", ["sh", "-c", "kill -INT $$"], 130],
];
for (const [what, command, expected] of exitStatuses) {
  guestTest(`A guest's exit status is ${what}`, async ({ start }) => {
    const { status, output, errors } = await start(command).outcome();
    assertEquals({ status, output, errors }, { status: expected, output: "", errors: "" });
  });
}

const impossible: readonly [string, string, number, string][] = [
  ["does not exist", "/nonexistent", 127, "not found"],
  ["is not in PATH", "no-such-program", 127, "not found"],
  ["is a shell's builtin but no program", "exit", 127, "not found"],
  ["is a folder", "/usr", 126, "/usr is a directory"],
  ["is a file that is not executable", "/etc/passwd", 126, "/etc/passwd is not executable"],
];
for (const [what, command, expected, why] of impossible) {
  guestTest(`A command that ${what} gives ${expected} and one line`, async ({ start }) => {
    const { status, errors } = await start([command]).outcome();
    assertEquals(status, expected);
    assertEquals(errors, `headgate: Cannot run "${command}": ${why}\n`);
  });
}

guestTest("A command has its words as they were given", async ({ start }) => {
  const words = ["", "a  b", "'", '"', "$HOME", "`id`", "-n", "*", "\\", "line\nline", "é"];
  const script = 'for word; do printf "<%s>" "$word"; done';
  const { output } = await start(["sh", "-c", script, "sh", ...words]).outcome();
  assertEquals(output, words.map((word) => `<${word}>`).join(""));
});

guestTest("A command has our standard input, environment and working directory", async (test) => {
  const guest = test.start(["sh", "-c", 'cat; echo "$MARK"; pwd -P'], {
    environment: { MARK: "a=b  c" },
  });
  await guest.type("typed\n");
  await guest.endInput();
  const { output } = await guest.outcome();
  const [typed, mark, directory] = output.split("\n");
  assertEquals([typed, mark], ["typed", "a=b  c"]);
  assertMatch(directory ?? "", /^\//);
});

guestTest("A command has our environment, whose names a shell could have", async ({ start }) => {
  const { output } = await start(["env", "-0"], { environment: { LINES: "a\nb" } }).outcome();
  const names = output.split("\0").map((variable) => variable.split("=")[0] ?? "");
  const expected = Object.keys(Deno.env.toObject()).filter((name) => /^[A-Za-z_]\w*$/.test(name));
  const isKept = (name: string) => names.includes(name) || ["_", "OLDPWD"].includes(name);
  assertEquals(expected.filter((name) => !isKept(name)), []);
  assertStringIncludes(output, "LINES=a\nb\0");
});

guestTest("A command does not inherit any descriptor of ours", async ({ start }) => {
  const outside = new Set([...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name));
  const { output } = await start(["sh", "-c", "ls -l /proc/self/fd; :"]).outcome();
  const open = output.split("\n").filter((line) => line.includes(" -> ")).map((line) => {
    const [, descriptor = "", target = ""] = /(\d+) -> (.*)$/.exec(line) ?? [];
    return { descriptor, target };
  });
  const ours = open.filter(({ descriptor, target }) =>
    Number(descriptor) > 2 && !target.startsWith("/proc/") && !outside.has(descriptor)
  );
  assertEquals(ours, []);
  for (const { target } of open) assertEquals(/socket|tun|anon_inode/.test(target), false, target);
});

guestTest("A command does not ignore SIGPIPE, though Deno does", async ({ start }) => {
  const { output } = await start(["grep", "SigIgn", "/proc/self/status"]).outcome();
  const ignored = BigInt("0x" + (output.split("\t")[1] ?? "").trim());
  assertEquals(ignored >> 12n & 1n, 0n);
});

guestTest("A guest has one link besides the loopback, up and configured", async ({ start }) => {
  const { output } = await start(["sh", "-c", "ip -brief address; ip route; ip -6 route"])
    .outcome();
  const lines = output.trim().split("\n").map((line) => line.replaceAll(/\s+/g, " ").trim());
  assertEquals(lines, [
    "lo UNKNOWN 127.0.0.1/8 ::1/128",
    "eth0 UNKNOWN 10.0.2.100/24",
    "default via 10.0.2.2 dev eth0 onlink",
    "10.0.2.0/24 dev eth0 proto kernel scope link src 10.0.2.100",
  ]);
});

guestTest("A guest's link has a queue for a burst of a thousand connections", async ({ start }) => {
  const { output } = await start(["ip", "link", "show", "eth0"]).outcome();
  assertStringIncludes(output, "qlen 20000");
});

guestTest("A guest sees its own processes only, its command among them", async ({ start }) => {
  const { output } = await start(["sh", "-c", "echo /proc/[0-9]*; echo $$"]).outcome();
  const [processes = "", self = ""] = output.split("\n");
  assertEquals(processes.split(" ").sort(), ["/proc/1", `/proc/${self}`].sort());
});
