import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { NOWHERE, SERVER } from "./addresses.ts";
import { python } from "./harness.ts";
import { internetTest, serveNames, type Trip } from "./internet.ts";

const PAGE = Array.from({ length: 100_000 }, (_, line) => `line ${line}\n`).join("");

/** Serves {@linkcode PAGE} over HTTP/3. */
async function serveHttp3({ scene, internet }: Trip): Promise<void> {
  const script = `
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 \
  -subj /CN=web.internet.test 2>/dev/null
exec gtlsserver -q --htdocs="$1" '*' 443 key certificate`;
  await Deno.writeTextFile(`${scene.folder}/page`, PAGE);
  await internet.serve(["sh", "-ec", script, "sh", scene.folder], "udp", 443);
}

/** Expects that the page can be fetched from `host`. */
async function fetchByHttp3({ scene, run }: Trip, host: string): Promise<void> {
  const target = `${scene.folder}/fetched`;
  await Deno.mkdir(target);
  await Deno.chmod(target, 0o777);
  const { code, stderr } = await run([
    ...["gtlsclient", "-q", "--exit-on-all-streams-close", `--download=${target}`],
    ...[host, "443", "https://web.internet.test/page"],
  ]);
  assertEquals(code, 0, stderr);
  assertEquals(await Deno.readTextFile(`${target}/page`), PAGE);
}

const HTTP3 = { programs: ["gtlsclient", "gtlsserver", "openssl"] };

for (const [family, address] of Object.entries(SERVER)) {
  internetTest(`HTTP/3 fetches a page over ${family}`, HTTP3, async (trip) => {
    await serveHttp3(trip);
    await fetchByHttp3(trip, address);
  });
}

internetTest("HTTP/3 fetches a page by name", HTTP3, async (trip) => {
  await serveNames(trip);
  await serveHttp3(trip);
  await fetchByHttp3(trip, "web.internet.test");
});

for (const [family, address] of Object.entries(SERVER)) {
  for (const [direction, reverse] of [["up", []], ["down", ["--reverse"]]] as const) {
    internetTest(`iperf3 moves datagrams ${direction} over ${family}`, {
      programs: ["iperf3"],
    }, async ({ internet, run }) => {
      await internet.serve(["iperf3", "-s", "-1", "-B", address], "tcp", 5201);
      const words = [
        "iperf3",
        "-u",
        "-l",
        "1400",
        "-b",
        "20M",
        "-c",
        address,
        "-t",
        "1",
        "-J",
        ...reverse,
      ];
      const { code, stdout, stderr } = await run(words);
      assertEquals([code, stderr], [0, ""], stdout);
      const { sum } = JSON.parse(stdout).end;
      assertGreater(sum.packets, 100);
      assertLess(sum.lost_percent, 5);
    });
  }
}

/** Servers of echo at port 7 that name the family in each answer. */
const ECHO_SERVER = `
def serve(family, address):
  server = socket.socket(family, socket.SOCK_DGRAM)
  server.bind((address, 7))
  while True: server.sendto(*server.recvfrom(65536)[:2])
threading.Thread(target=serve, args=(socket.AF_INET, "${SERVER.ipv4}")).start()
threading.Thread(target=serve, args=(socket.AF_INET6, "${SERVER.ipv6}")).start()`;

internetTest("datagrams of every size come back through two routers (P-05, P-06)", {
  programs: ["python3"],
}, async ({ internet, run }) => {
  await internet.serve(python(ECHO_SERVER), "udp", 7);
  const { code, stdout, stderr } = await run(python(`
for family, address, most in (
  (socket.AF_INET, "${SERVER.ipv4}", 65507), (socket.AF_INET6, "${SERVER.ipv6}", 65527)):
  with socket.socket(family, socket.SOCK_DGRAM) as client:
    client.settimeout(10)
    client.connect((address, 7))
    for size in (0, 1, 1452, 1453, 1472, 1473, 8000, most):
      data = os.urandom(size)
      client.send(data)
      print(size, client.recv(65536) == data)`));
  assertEquals(code, 0, stderr);
  const sizes = (most: number) => [0, 1, 1452, 1453, 1472, 1473, 8000, most];
  const expected = [...sizes(65507), ...sizes(65527)].map((size) => `${size} True\n`).join("");
  assertEquals(stdout, expected);
});

internetTest("a guest learns that nobody has the port it sends datagrams to (M-06)", {
  programs: ["python3"],
}, async ({ run }) => {
  const { code, stdout, stderr } = await run(python(`
for family, address in ((socket.AF_INET, "${SERVER.ipv4}"), (socket.AF_INET6, "${SERVER.ipv6}")):
  with socket.socket(family, socket.SOCK_DGRAM) as client:
    client.settimeout(10)
    client.connect((address, 9))
    client.send(b"is anybody there?")
    try: print(client.recv(100))
    except OSError as error: print(errno.errorcode[error.errno])`));
  assertEquals(code, 0, stderr);
  assertEquals(stdout, "ECONNREFUSED\nECONNREFUSED\n");
});

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
