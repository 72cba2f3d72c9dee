import { python } from "./harness.ts";
import { assertEquals } from "@std/assert";
import { internetTest, NOWHERE, ROUTERS, SERVER } from "./internet.ts";

for (
  const [family, option, gateway] of [["ipv4", "-4", "10.0.2.2"], [
    "ipv6",
    "-6",
    "fd00::2",
  ]] as const
) {
  internetTest(
    `traceroute with datagrams finds the routers and the server over ${family} (M-06, P-11)`,
    {
      programs: ["traceroute"],
    },
    async ({ run }) => {
      const words = ["traceroute", option, "-n", "-q", "1", "-w", "3", SERVER[family]];
      const { stdout, stderr } = await run(words, { options: ["--summary"] });
      assertEquals(hops(stdout), [gateway, ...ROUTERS[family], SERVER[family]], stdout + stderr);
    },
  );
}

/** The addresses in what traceroute says, one a line after the first. */
function hops(text: string): (string | undefined)[] {
  return text.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/)[1]);
}

internetTest("a guest's socket learns what a router says of its datagram (M-06)", {
  programs: ["python3"],
}, async ({ run }) => {
  const { stdout, stderr } = await run(python(`
IP_RECVERR, IPV6_RECVERR = 11, 25
def error(family, level, option, address):
  s = socket.socket(family, socket.SOCK_DGRAM)
  s.setsockopt(level, option, 1)
  s.settimeout(20)
  s.connect((address, 9))
  s.send(b"anybody there?")
  try:
    s.recv(1)
  except OSError as error:
    print(errno.errorcode[error.errno])
error(socket.AF_INET, socket.IPPROTO_IP, IP_RECVERR, "${NOWHERE.ipv4}")
error(socket.AF_INET6, socket.IPPROTO_IPV6, IPV6_RECVERR, "${NOWHERE.ipv6}")`));
  assertEquals([stdout, stderr], ["ENETUNREACH\nENETUNREACH\n", ""]);
});
