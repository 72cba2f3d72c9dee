import { assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { interopTest, type Needs } from "./harness.ts";
import { NOWHERE, ROUTERS, SERVER } from "./addresses.ts";
import { internetTest, type Trip } from "./internet.ts";

const PING = { programs: ["ping"] };
/** For what is the same for every user. */
const AS_ROOT = { ...PING, users: ["root"] } as const;

/** For programs that take addresses of both families. */
const FAMILIES = [
  { ip: "ipv4", name: "IPv4", gateway: "10.0.2.2" },
  { ip: "ipv6", name: "IPv6", gateway: "fd00::2" },
] as const;

/** Bytes of data, up to a packet as long as the link takes, and as long as a packet can be. */
const SIZES = [0, 1, 8000, 65_400, 65_507];

for (const { ip, name, gateway } of FAMILIES) {
  const pingTest = (what: string, needs: Needs, body: (trip: Trip) => Promise<void>) =>
    internetTest(`${what}, over ${name}`, needs, body);

  pingTest("ping gets an answer from far away to each request (M-02)", PING, async ({ run }) => {
    const words = ["ping", "-n", "-i", "0.01", "-c", "100", "-W", "10", SERVER[ip]];
    const { code, stdout } = await run(words);
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "100 packets transmitted, 100 received, 0% packet loss");
  });

  for (const mtu of ["65520", "1500"]) {
    pingTest(
      `pings of all sizes get their data back at MTU ${mtu} (M-02, 4-06, 4-11, 6-04)`,
      AS_ROOT,
      async ({ run }) => {
        const pings = SIZES.map((size) => `ping -n -c 1 -s ${size} ${SERVER[ip]}`);
        const words = ["sh", "-ec", pings.join("\n")];
        const { code, stdout } = await run(words, { options: ["--mtu", mtu] });
        assertEquals(code, 0, stdout);
        for (const size of SIZES) {
          assertStringIncludes(stdout, `${size + 8} bytes from ${SERVER[ip]}: icmp_seq=1`);
        }
        assertEquals(stdout.includes("wrong data"), false);
      },
    );
  }

  pingTest("pings pass a narrow place on their way (M-02)", AS_ROOT, async ({ internet, run }) => {
    await internet.narrow(1300);
    // The first finds out; it fits into the links before that place.
    const { code, stdout } = await run(["ping", "-n", "-c", "1", "-s", "1400", SERVER[ip]]);
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, `1408 bytes from ${SERVER[ip]}: icmp_seq=1`);
  });

  pingTest("pings of several programs are told apart (M-02)", AS_ROOT, async ({ run }) => {
    const ping = `ping -n -q -i 0.01 -c 50 -W 10 ${SERVER[ip]}`;
    const { stdout } = await run(["sh", "-c", `for i in 1 2 3 4 5; do ${ping} & done; wait`]);
    assertEquals(stdout.match(/50 packets transmitted, 50 received, 0%/g)?.length, 5, stdout);
  });

  pingTest("traceroute -I shows the gateway, each router and the server (M-02, 4-03)", {
    programs: ["traceroute"],
  }, async ({ run }) => {
    const { code, stdout } = await run(["traceroute", "-n", "-I", SERVER[ip]]);
    assertEquals(code, 0, stdout);
    assertEquals(hops(stdout), [gateway, ...ROUTERS[ip], SERVER[ip]]);
  });

  pingTest("ping hears from the router that has no route (M-02)", AS_ROOT, async ({ run }) => {
    const { code, stdout } = await run(["ping", "-n", "-c", "1", "-W", "10", NOWHERE[ip]]);
    assertEquals(code, 1);
    assertMatch(stdout, new RegExp(`From ${ROUTERS[ip][1]} .*(Net Unreachable|No route)`));
  });

  pingTest("a ping without an answer does not hold up the end", AS_ROOT, async ({ run }) => {
    const start = performance.now();
    const silent = SERVER[ip].replace("80", "99");
    await run(["ping", "-n", "-c", "1", "-W", "0.1", silent]);
    assertLess(performance.now() - start, 5000);
  });
}

interopTest(
  "pings to places that no guest may reach are prohibited at once",
  PING,
  async (scene) => {
    const script =
      "for to in 169.254.169.254 10.0.2.50 fd00::50 2002:7f00:1::; do ping -n -c 1 $to; done";
    const { stdout, stderr } = await scene.run(["sh", "-c", script]);
    assertEquals(stdout.match(/Packet filtered|Administratively prohibited/g)?.length, 4, stdout);
    assertStringIncludes(stderr, "headgate: denied 169.254.169.254/icmp: link-local");
    assertStringIncludes(stderr, "headgate: denied fd00::50/icmp: there is no such host");
    assertStringIncludes(stderr, "headgate: denied 2002:7f00:1::/icmp: it stands for 127.0.0.1");
  },
);

internetTest(
  "--no-icmp prohibits pings to elsewhere, but not to the gateway",
  PING,
  async ({ run }) => {
    const script = `ping -n -c 1 ${SERVER.ipv4}; ping -n -c 1 10.0.2.2; ping -n -c 1 fd00::2`;
    const { stdout, stderr } = await run(["sh", "-c", script], { options: ["--no-icmp"] });
    assertEquals(stdout.match(/Packet filtered/g)?.length, 1, stdout);
    assertEquals(stdout.match(/0% packet loss/g)?.length, 3, stdout); // of which one with "100%"
    assertStringIncludes(stderr, `denied ${SERVER.ipv4}/icmp: there are no pings: --no-icmp`);
  },
);

/** Before headgate: nobody may have ping sockets any more. */
const FORBID = ["sh", "-c", 'echo "1 0" >/proc/sys/net/ipv4/ping_group_range; exec "$@"', "sh"];

internetTest("a guest is told when the host allows us no pings, and doctor what to do", {
  ...PING,
  users: ["rootless"],
}, async ({ scene, internet }) => {
  const prefix = [...internet.host, ...FORBID];
  const { stdout, stderr } = await scene.run(["ping", "-n", "-c", "1", SERVER.ipv4], {
    ...{ prefix, options: ["-v"] },
  });
  assertStringIncludes(stdout, "Packet filtered");
  assertStringIncludes(
    stderr,
    'Cannot open a socket for pings: socket answers EPERM; see "headgate doctor"',
  );
});

internetTest("root pings with a raw socket where ping sockets are not allowed (M-02)", {
  ...PING,
  users: ["root"],
}, async ({ scene, internet }) => {
  const prefix = [...internet.host, ...FORBID];
  for (const ip of ["ipv4", "ipv6"] as const) {
    const words = ["ping", "-n", "-i", "0.01", "-c", "20", "-W", "10", SERVER[ip]];
    const { code, stdout } = await scene.run(words, { prefix });
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "20 packets transmitted, 20 received");
  }
});

/** Who has answered traceroute, hop by hop. */
function hops(text: string): string[] {
  return text.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/)[1] ?? "");
}
