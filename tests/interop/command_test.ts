import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { interopTest, python } from "./harness.ts";
import { eventually } from "./machine.ts";

const NOTHING = {};
const BINARY = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7) ^ (at >> 8));

for (
  const [what, code, command] of [
    ["that of a command that fails", 7, ["sh", "-c", "exit 7"]],
    ["127 when there is no such command", 127, ["/no/such/command"]],
    ["127 when a shell says so", 127, ["sh", "-c", "no-such-command"]],
    ["126 when it cannot be executed", 126, ["/etc/passwd"]],
    ["137 when it was killed", 137, ["sh", "-c", "kill -KILL $$"]],
    ["143 when it was ended", 143, ["sh", "-c", "kill -TERM $$"]],
    ["0 when all is well", 0, ["true"]],
  ] as const
) {
  interopTest(`the exit status is ${what}`, NOTHING, async (scene) => {
    assertEquals((await scene.run(command)).code, code);
  });
}

interopTest("standard input and output are the command's, byte by byte", NOTHING, async (scene) => {
  const headgate = scene.start(["cat"], { stdin: "piped" });
  const writer = headgate.stdin.getWriter();
  await writer.write(BINARY);
  await writer.close();
  const { code, bytes, stderr } = await headgate.outcome;
  assertEquals([code, stderr], [0, ""]);
  assert(bytes.every((byte, at) => byte === BINARY[at]) && bytes.length === BINARY.length);
});

interopTest(
  "standard error is the command's, apart from what headgate says",
  NOTHING,
  async (scene) => {
    const { stdout, stderr } = await scene.run(["sh", "-c", "echo wrong >&2; echo right"]);
    assertEquals([stdout, stderr], ["right\n", "wrong\n"]);
  },
);

interopTest(
  "environment, arguments and working directory are inherited",
  NOTHING,
  async (scene) => {
    const words = ["a b", "", "$HOME", "--", "-q", "*"];
    const { stdout } = await scene.run(
      ["sh", "-c", 'pwd; echo "$FRUIT"; shift; printf "<%s>" "$@"', "sh", "first", ...words],
      { cwd: scene.folder, env: { FRUIT: "two\nlines" } },
    );
    assertEquals(
      stdout,
      `${scene.folder}\ntwo\nlines\n${words.map((word) => `<${word}>`).join("")}`,
    );
  },
);

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  const number = { SIGTERM: 15, SIGINT: 2, SIGHUP: 1 }[signal];

  interopTest(`${signal} to headgate reaches the command, which may go on`, {
    programs: ["python3"],
  }, async (scene) => {
    const headgate = scene.start(python(`
signals = []
signal.signal(${number}, lambda number, frame: signals.append(number))
print("ready", flush=True)
while not signals: time.sleep(0.01)
print("got", signals)
sys.exit(5)`));
    await headgate.untilSaid("ready");
    headgate.kill(signal);
    const { code, stdout } = await headgate.outcome;
    assertEquals([code, stdout], [5, `ready\ngot [${number}]\n`]);
  });

  interopTest(`${signal} to headgate ends a command that does not care for it`, {
    programs: ["python3"],
  }, async (scene) => {
    const headgate = scene.start(python(`
signal.signal(${number}, signal.SIG_DFL)
print("ready", flush=True)
time.sleep(50)`));
    await headgate.untilSaid("ready");
    headgate.kill(signal);
    assertEquals((await headgate.outcome).code, 128 + number);
  });
}

interopTest("SIGKILL of headgate leaves no process of the guest", NOTHING, async (scene) => {
  const script = "(setsid sleep 1000 &) ; sleep 1000 & readlink /proc/self/ns/net; wait";
  const headgate = scene.start(["sh", "-c", script]);
  await headgate.untilSaid("net:[");
  assert(scene.leftovers().length >= 3);
  headgate.kill("SIGKILL");
  assertEquals((await headgate.outcome).code, 137);
  await eventually(() => assertEquals(scene.leftovers(), []));
});

interopTest("what the command leaves running ends with it", NOTHING, async (scene) => {
  const script = "(setsid sleep 1000 </dev/null >/dev/null 2>&1 &) ; exit 3";
  assertEquals((await scene.run(["sh", "-c", script])).code, 3);
  await eventually(() => assertEquals(scene.leftovers(), []));
});

interopTest("the guest has one link, with the address, route and MTU asked for", {
  programs: ["ip"],
}, async (scene) => {
  const { stdout } = await scene.run(
    ["sh", "-c", "ip -o link; ip -o -4 address; ip route"],
    { options: ["--cidr", "10.77.0.0/16", "--mtu", "1400", "-I", "gate0"] },
  );
  assertMatch(stdout, /^2: gate0: <.*UP.*> mtu 1400 /m);
  assertEquals(stdout.match(/^\d+: \S+: </gm)?.length, 2);
  assertStringIncludes(stdout, "inet 10.77.0.100/16");
  assertStringIncludes(stdout, "default via 10.77.0.2 dev gate0");
});

for (
  const [options, addresses] of [
    [[], ["10.0.2.100/24", "fd00::100/64"]],
    [["-4"], ["10.0.2.100/24"]],
    [["-6", "--cidr6", "fd12:3456:789a::/48"], ["fd12:3456:789a::100/48"]],
    [["--mtu", "1279"], ["10.0.2.100/24"]], // too narrow for IPv6
  ] as const
) {
  interopTest(
    `the guest has the addresses ${addresses.join(" and ")} with ${
      options.join(" ") || "no options"
    }`,
    {
      programs: ["ip"],
      users: ["root"],
    },
    async (scene) => {
      const script = "ip -o address show dev tun0; ip -o route; ip -o -6 route";
      const { stdout } = await scene.run(["sh", "-c", script], { options });
      assertEquals(stdout.match(/(?<=inet6? )\S+/g), [...addresses]);
      assertEquals(stdout.match(/^default via/gm)?.length, addresses.length);
    },
  );
}
