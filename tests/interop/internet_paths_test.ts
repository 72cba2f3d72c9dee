import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { ROUTERS, SERVER } from "./addresses.ts";
import { internetTest, type Trip } from "./internet.ts";

const GATEWAY = { ipv4: "10.0.2.2", ipv6: "fd00::2" } as const;
const FAMILIES = ["ipv4", "ipv6"] as const;

/** The routers and the target that traceroute finds; "*" is one that says nothing. */
async function trace({ run }: Trip, ...words: string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run(["traceroute", "-n", "-q", "1", "-w", "3", ...words]);
  assertEquals([code, stderr], [0, ""], stdout);
  return [...stdout.matchAll(/^ *\d+ +(\S+)/gm)].map((match) => match[1] ?? "");
}

for (const family of FAMILIES) {
  const [server, gateway] = [SERVER[family], GATEWAY[family]];

  internetTest(`ping hears over ${family} of the router at which its life has ended (M-06)`, {
    programs: ["ping"],
  }, async ({ run }) => {
    const { code, stdout } = await run(["ping", "-n", "-c", "1", "-W", "5", "-t", "2", server]);
    assertEquals(code, 1, stdout);
    assertMatch(stdout, RegExp(`^From ${ROUTERS[family][0]} icmp_seq=1 Time.*exceeded`, "m"));
  });

  internetTest(
    `traceroute finds the gateway, each router and the server over ${family} (4-03, P-11)`,
    {
      programs: ["traceroute"],
    },
    async (trip) => {
      assertEquals(await trace(trip, server), [gateway, ...ROUTERS[family], server]);
    },
  );
}

internetTest("traceroute -T finds the gateway and the server", {
  programs: ["traceroute"],
}, async (trip) => {
  const hops = await trace(trip, "-T", "-p", "80", SERVER.ipv4);
  assertEquals([hops[0], hops.at(-1)], [GATEWAY.ipv4, SERVER.ipv4]);
});

internetTest("a guest of a host without IPv6 learns at once that there is none", {
  programs: ["curl"],
}, async ({ internet, run }) => {
  await internet.onHost(["ip", "-6", "route", "del", "default"]);
  const words = ["curl", "-sS", "-o", "/dev/null", "-w", "%{time_total}"];
  const { code, stdout, stderr } = await run([...words, `http://[${SERVER.ipv6}]/`]);
  assertEquals(code, 7, stderr);
  assertLess(Number(stdout), 2);
});
