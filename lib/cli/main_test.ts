import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Check } from "../namespace/requirements.ts";
import { main } from "./main.ts";
import type { RunOptions } from "./run_options.ts";

/** Calls `main` in a world that only takes notes. */
async function headgate(words: readonly string[], world: World = {}) {
  const out: string[] = [];
  const errors: string[] = [];
  const runs: RunOptions[] = [];
  const exitCode = await main(words, {
    print: (text) => out.push(text),
    printError: (text) => errors.push(text),
    env: (name) => world.env?.[name],
    run: (options) => {
      runs.push(options);
      return world.failure === undefined
        ? Promise.resolve(world.exitCode ?? 0)
        : Promise.reject(world.failure);
    },
    checkMachine: () => Promise.resolve(world.checks ?? []),
  });
  return { exitCode, out: out.join("\n"), errors, runs };
}

interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly exitCode?: number;
  readonly failure?: Error;
  readonly checks?: readonly Check[];
}

Deno.test("headgate run gives the command's exit code", async () => {
  assertEquals((await headgate(["run", "--", "x"], { exitCode: 37 })).exitCode, 37);
});

Deno.test("headgate run has the defaults of slirp4netns and the largest MTU", async () => {
  const { runs } = await headgate(["run", "x"]);
  assertEquals(runs, [{
    command: ["x"],
    networks: [
      {
        version: 4,
        guest: "10.0.2.100",
        gateway: "10.0.2.2",
        dns: "10.0.2.3",
        prefixLength: 24,
      },
      { version: 6, guest: "fd00::100", gateway: "fd00::2", dns: "fd00::3", prefixLength: 64 },
    ],
    dns: { servers: [], addresses: ["10.0.2.3", "fd00::3"] },
    mtu: 65520,
    interfaceName: "tun0",
    tap: false,
    configure: true,
    hostLoopback: false,
    icmp: true,
    udp: true,
    udpTimeout: 180_000,
    offload: true,
    isn: "siphash",
    summary: false,
    verbosity: "normal",
  }]);
});

Deno.test("headgate run takes every option", async () => {
  const words = "run --dns 192.0.2.53 --dns [2001:db8::53]:5353 --dns-forward fd12:3456::53 -6 " +
    "--cidr6 fd12:3456::/48 --cidr 192.168.4.0/22 --mtu=1500 -I eth0 --host-loopback --no-icmp " +
    "--no-udp --udp-timeout 30 --no-offload --isn jenkins --pcap a.pcap --summary -v x";
  const { runs } = await headgate(words.split(" "));
  assertEquals(runs, [{
    command: ["x"],
    networks: [{
      version: 6,
      guest: "fd12:3456::100",
      gateway: "fd12:3456::2",
      dns: "fd12:3456::3",
      prefixLength: 48,
    }],
    dns: {
      servers: [{ address: "192.0.2.53", port: 53 }, { address: "2001:db8::53", port: 5353 }],
      addresses: ["fd12:3456::53"],
    },
    mtu: 1500,
    interfaceName: "eth0",
    tap: false,
    configure: true,
    hostLoopback: true,
    icmp: false,
    udp: false,
    udpTimeout: 30_000,
    offload: false,
    isn: "jenkins",
    pcap: "a.pcap",
    summary: true,
    verbosity: "verbose",
  }]);
});

Deno.test("headgate run --tap leaves the link to the guest, or not with --config-net", async () => {
  const { runs } = await headgate("run --tap x".split(" "));
  const link = ({ interfaceName, tap, configure }: RunOptions) => [interfaceName, tap, configure];
  assertEquals(runs.map(link), [["tap0", true, false]]);
  const configured = await headgate("run --tap --config-net -I eth0 x".split(" "));
  assertEquals(configured.runs.map(link), [["eth0", true, true]]);
});

Deno.test("headgate run leaves the command's words alone", async () => {
  for (
    const [words, command] of [
      ["curl --mtu 5 -q --help", "curl --mtu 5 -q --help"],
      ["-- curl --mtu 5", "curl --mtu 5"],
      ["-q sh -c x -- y -- z", "sh -c x -- y -- z"],
      ["-- sh -- y", "sh -- y"],
      ["-- --mtu 5", "--mtu 5"],
      ["-- -- x", "-- x"],
      ["-I tun1 run doctor", "run doctor"],
      ["-qI tun1 x", "x"],
      ["--isn=siphash x", "x"],
      ["- x", "- x"],
    ] as const
  ) {
    const { runs, errors } = await headgate(["run", ...words.split(" ")]);
    assertEquals(runs[0]?.command, command.split(" "), errors.join());
  }
});

Deno.test("headgate run without a command runs the shell", async () => {
  const env = { SHELL: "/bin/zsh" };
  assertEquals((await headgate(["run"], { env })).runs[0]?.command, ["/bin/zsh"]);
  assertEquals((await headgate(["run", "-q", "--"], { env })).runs[0]?.command, ["/bin/zsh"]);
  assertEquals((await headgate(["run"])).runs[0]?.command, ["/bin/sh"]);
  assertEquals((await headgate(["run"], { env: { SHELL: "" } })).runs[0]?.command, ["/bin/sh"]);
});

Deno.test("headgate refuses a wrong command line in one line, with exit code 2, and runs nothing", async () => {
  for (
    const [words, expected] of [
      [["run", "--mtuu", "3", "x"], `unknown option "--mtuu"`],
      [["run", "--mtuu=3", "x"], `unknown option "--mtuu=3"`],
      [["run", "-z", "x"], `unknown option "-z"`],
      [["run", "-qz", "x"], `unknown option "-z"`],
      [["run", "-q", "--mtuu"], `unknown option "--mtuu"`],
      [["run", "--version"], `unknown option "--version"`],
      [["run", "--mtu"], `missing value for option "--mtu"`],
      [["run", "--mtu", ""], `invalid --mtu ""`],
      [["run", "-I="], `invalid -I ""`],
      [["run", "--mtu", "575", "x"], `invalid --mtu "575"`],
      [["run", "--mtu", "6", "--mtu", "7", "x"], `can only occur once`],
      [["run", "--quiet=1", "x"], `option "--quiet" doesn't take a value`],
      [["run", "-q", "-v", "x"], `invalid --quiet --verbose`],
      [["run", "--pcap", "--", "x"], `invalid --pcap "--"`],
      [["run", "--isn", "md5\n\x1b[2J", "x"], `invalid --isn "md5\\x0a\\x1b[2J"`],
      [["run", "--", ""], `invalid command ""`],
      [["run", "--help", "-q"], `cannot be combined`],
      [["rum", "x"], `unknown command "rum"`],
      [["--bogus"], `unknown option "--bogus"`],
      [["-q", "run", "x"], `unknown option "-q"`],
      [["doctor", "x"], `no arguments allowed`],
      [["doctor", "--mtu", "5"], `unknown option "--mtu"`],
    ] as const
  ) {
    const { exitCode, errors, runs, out } = await headgate(words);
    assertEquals({ exitCode, runs, out }, { exitCode: 2, runs: [], out: "" }, words.join(" "));
    assertEquals(errors.length, 1);
    assertMatch(errors[0] ?? "", /^headgate: [^\n]+: [^\n]+; [^\n]+$/);
    assertStringIncludes(errors[0] ?? "", expected);
  }
});

Deno.test("headgate reports what goes wrong later in one line, with exit code 1", async () => {
  const failure = new Error('Cannot open "/dev/net/tun": permission denied');
  const { exitCode, errors } = await headgate(["run", "x"], { failure });
  assertEquals(exitCode, 1);
  assertEquals(errors, ['headgate: Cannot open "/dev/net/tun": permission denied']);
});

Deno.test("headgate run --verbose also shows where it went wrong, and the cause", async () => {
  const failure = new Error("outer", { cause: new Error("inner") });
  const { errors } = await headgate(["run", "-v", "x"], { failure });
  assertEquals(errors.length, 2);
  assertStringIncludes(errors[0] ?? "", "main_test.ts");
  assertStringIncludes(errors[0] ?? "", "inner");
  assertEquals(errors[1], "headgate: outer");
});

Deno.test("headgate alone shows the help", async () => {
  const { exitCode, out } = await headgate([]);
  assertEquals(exitCode, 0);
  assertStringIncludes(out, "doctor");
  assertEquals(out, (await headgate(["--help"])).out);
});

Deno.test("headgate run --help shows every option and runs nothing", async () => {
  for (const option of ["-h", "--help"]) {
    const { exitCode, out, runs } = await headgate(["run", option]);
    assertEquals({ exitCode, runs }, { exitCode: 0, runs: [] });
    for (const name of ["--cidr", "--mtu", "-I, --interface", "--no-offload", "--pcap"]) {
      assertStringIncludes(out, name);
    }
  }
});

Deno.test("headgate --version shows name and version", async () => {
  const { exitCode, out } = await headgate(["--version"]);
  assertEquals(exitCode, 0);
  assertMatch(out, /^headgate \d+\.\d+\.\d+$/);
});

Deno.test("headgate doctor shows a line a check, remedies, and whether all is well", async () => {
  const fine: Check = { name: "/dev/net/tun", ok: true, detail: "usable" };
  const bad: Check = { name: "user namespaces", ok: false, detail: "refused", remedy: "use root" };
  assertEquals(await headgate(["doctor"], { checks: [fine] }), {
    exitCode: 0,
    out: "ok   /dev/net/tun: usable",
    errors: [],
    runs: [],
  });
  assertEquals(await headgate(["doctor"], { checks: [fine, bad] }), {
    exitCode: 1,
    out: "ok   /dev/net/tun: usable\nNO   user namespaces: refused\n     -> use root",
    errors: [],
    runs: [],
  });
});

Deno.test("headgate doctor says what guests do without, and all is well", async () => {
  const fine: Check = { name: "/dev/net/tun", ok: true, detail: "usable" };
  const absent: Check = { name: "IPv6", ok: false, detail: "no route", isOptional: true };
  const { exitCode, out } = await headgate(["doctor"], { checks: [fine, absent] });
  assertEquals([exitCode, out], [0, "ok   /dev/net/tun: usable\nno   IPv6: no route"]);
});
