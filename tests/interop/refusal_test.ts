import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { interopTest, type Outcome, type RunSettings, type Scene, type User } from "./harness.ts";
import { closedPort, HostServer, pageServer, readAll } from "./host.ts";

const OPEN: RunSettings = { options: ["--host-loopback"] };
const PAGE = new TextEncoder().encode("It works\n".repeat(1000));
/** curl's exit status for a connection that could not be made. */
const COULD_NOT_CONNECT = 7;

/** Runs curl in the guest; its total time, in milliseconds, is the last line of the output. */
async function curl(scene: Scene, url: string, settings: RunSettings = {}): Promise<Curl> {
  const words = ["curl", "-s", "--max-time", "30", "-w", "\n%{time_total}", url];
  const outcome = await scene.run(words, settings);
  return { ...outcome, millis: 1000 * Number(outcome.stdout.split("\n").at(-1)) };
}

interface Curl extends Outcome {
  readonly millis: number;
}

interopTest(
  "curl gets a page from the host's loopback",
  { programs: ["curl"], families: [4, 6] },
  async (scene) => {
    await using server = pageServer(PAGE, scene.loopback);
    const { code, stdout, stderr } = await curl(
      scene,
      `http://${scene.hostWithPort(server.port)}/`,
      OPEN,
    );
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.startsWith(new TextDecoder().decode(PAGE)));
  },
);

interopTest(
  "the host's loopback is refused at once, and headgate says why, unless --host-loopback opens it",
  { programs: ["curl"], families: [4, 6] },
  async (scene) => {
    await using server = scene.serve(async (connection) => void await readAll(connection));
    const url = `http://${scene.hostWithPort(server.port)}/`;
    const { code, stderr, millis } = await curl(scene, url);
    assertEquals(code, COULD_NOT_CONNECT);
    assertLess(millis, 1000);
    const why = "the host's loopback is closed: --host-loopback opens it";
    assertEquals(stderr, `headgate: denied ${scene.hostWithPort(server.port)}: ${why}\n`);

    const quiet = await curl(scene, url, { options: ["-q"] });
    assertEquals([quiet.code, quiet.stderr], [COULD_NOT_CONNECT, ""]);
    assertEquals(server.connections.length, 0);
  },
);

interopTest(
  "a connection to a closed port is refused when the host refuses it, within 100 ms (H-02)",
  { programs: ["curl"], families: [4, 6] },
  async (scene) => {
    const { code, stderr, millis } = await curl(
      scene,
      `http://${scene.hostWithPort(closedPort(scene.loopback))}/`,
      OPEN,
    );
    assertEquals(code, COULD_NOT_CONNECT);
    assertEquals(stderr, "");
    assertLess(millis, 100);
    const attempt = await scene.python(
      `
try: connect(${closedPort(scene.loopback)})
except OSError as error: print(errno.errorcode[error.errno])`,
      OPEN,
    );
    assertEquals(attempt.stdout, "ECONNREFUSED\n");
  },
);

interopTest(
  "metadata services and addresses of the guest's network where nobody is are refused at once",
  { programs: ["python3"] },
  async (scene) => {
    const { stdout, stderr } = await scene.python(`
start = time.monotonic()
for host, port in ("169.254.169.254", 80), ("10.0.2.4", 53), ("10.0.2.50", 80):
  try: connect(port, host); print("connected")
  except OSError as error: print(errno.errorcode[error.errno])
print(time.monotonic() - start < 1)`);
    assertEquals(stdout, "ECONNREFUSED\n".repeat(3) + "True\n");
    assertStringIncludes(stderr, "denied 169.254.169.254:80: link-local");
    assertStringIncludes(stderr, "denied 10.0.2.4:53: there is no such host");
    assertStringIncludes(stderr, "denied 10.0.2.50:80: there is no such host");
  },
);

interopTest(
  "127.0.0.1 is the guest's own loopback, not the host's",
  { programs: ["python3"] },
  async (scene) => {
    await using server = new HostServer(async (connection) => void await readAll(connection));
    const { stdout } = await scene.python(
      `
try: connect(${server.port}, "127.0.0.1")
except OSError as error: print(errno.errorcode[error.errno])
listener = socket.create_server(("127.0.0.1", 0))
client = connect(listener.getsockname()[1], "127.0.0.1")
listener.accept()[0].sendall(b"own")
print(client.recv(3).decode())`,
      OPEN,
    );
    assertEquals(stdout, "ECONNREFUSED\nown\n");
    assertEquals(server.connections.length, 0);
  },
);

/** Only root can make that network. */
const WITH_NETWORK_OF_ITS_OWN: readonly User[] = Deno.uid() === 0 ? ["root", "rootless"] : ["root"];

/** Of the test's own: of the network, too far away. */
const FAR_AWAY = { 4: "10.9.9.9", 6: "fd09::9" } as const;

/** Runs headgate in a network of the test's own, which has such a route to what is far away. */
function withRoute(type: string): readonly string[] {
  const script = `ip link set lo up
ip address add 10.9.0.1/32 dev lo
ip address add fd09::1/128 dev lo
ip route add ${type} ${FAR_AWAY[4]}/32
ip route add ${type} ${FAR_AWAY[6]}/128
exec "$@"`;
  return ["unshare", "--net", "sh", "-ec", script, "sh"];
}

for (
  const [type, codes] of [
    ["unreachable", { 4: "EHOSTUNREACH", 6: "EHOSTUNREACH" }],
    ["prohibit", { 4: "EHOSTUNREACH", 6: "EACCES" }],
    ["throw", { 4: "ENETUNREACH", 6: "ENETUNREACH" }],
  ] as const
) {
  interopTest(
    `what the host cannot reach, as its route of type ${type} says, is so at once (H-02)`,
    { programs: ["python3", "unshare"], users: WITH_NETWORK_OF_ITS_OWN, families: [4, 6] },
    async (scene) => {
      const { stdout } = await scene.python(attempt(FAR_AWAY[scene.family]), {
        prefix: withRoute(type),
      });
      assertEquals(stdout, `${codes[scene.family]}\nTrue\n`);
    },
  );
}

interopTest("where the host has no IPv6, the guest's programs learn it at once (H-02)", {
  programs: ["python3", "unshare"],
  users: WITH_NETWORK_OF_ITS_OWN,
}, async (scene) => {
  const off = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up";
  for (const script of ["true", "ip link set lo up", off]) {
    const prefix = ["unshare", "--net", "sh", "-ec", `${script}; exec "$@"`, "sh"];
    const { stdout } = await scene.python(attempt("2001:db8::1"), { prefix });
    assertEquals(stdout, "ENETUNREACH\nTrue\n", script);
  }
});

/** Tries to connect; prints the error, and whether it came soon. */
function attempt(address: string): string {
  return `
start = time.monotonic()
try: connect(80, "${address}"); print("connected")
except OSError as error: print(errno.errorcode[error.errno])
print(time.monotonic() - start < 1)`;
}

interopTest(
  "a target that never answers is not answered for, and does not hold up the end (H-02)",
  { programs: ["python3", "nft"], users: WITH_NETWORK_OF_ITS_OWN },
  async (scene) => {
    const script = `ip link set lo up && ip address add 10.9.0.1/32 dev lo &&
ip route add 10.9.9.9 dev lo && nft add table ip silent &&
nft 'add chain ip silent out { type filter hook postrouting priority 0; }' &&
nft add rule ip silent out ip daddr 10.9.9.9 drop && exec "$@"`;
    const start = performance.now();
    const { stdout } = await scene.python(
      `
connections = [socket.socket() for _ in range(20)]
for connection in connections:
  connection.setblocking(False)
  connection.connect_ex(("10.9.9.9", 80))
print(select.select([], connections, [], 0.5))`,
      { prefix: ["unshare", "--net", "sh", "-c", script, "sh"] },
    );
    assertEquals(stdout, "([], [], [])\n");
    assertLess(performance.now() - start, 5000);
  },
);

for (const options of [["--isn", "jenkins"], ["--mtu", "576"], ["--mtu", "65521"]]) {
  interopTest(`a page arrives with ${options.join(" ")}`, { programs: ["curl"] }, async (scene) => {
    await using server = pageServer(PAGE, scene.loopback);
    const url = `http://${scene.hostWithPort(server.port)}/`;
    const outcome = await curl(scene, url, { options: ["--host-loopback", ...options] });
    assertEquals([outcome.code, outcome.stderr], [0, ""]);
    assert(outcome.stdout.startsWith(new TextDecoder().decode(PAGE)));
  });
}
