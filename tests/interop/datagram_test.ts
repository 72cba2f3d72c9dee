import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { HOST, interopTest, python, report } from "./harness.ts";
import { closedDatagramPort, DatagramServer } from "./datagram_host.ts";

const LOOPBACK = ["--host-loopback", "--summary"];

/** Sends datagrams of these sizes to an echo server, and expects them back from there. */
const echo = (port: number, sizes: readonly number[]) => `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
target = ("${HOST}", ${port})
for size in ${JSON.stringify(sizes)}:
  data = os.urandom(size)
  s.sendto(data, target)
  answer, source = s.recvfrom(70000)
  assert (answer == data, source) == (True, target), (size, len(answer), source)
print("all")`;

interopTest(
  "datagrams of all sizes come back from the host as they were, by the target's address (P-04, P-05, P-06)",
  {
    programs: ["python3"],
  },
  async (scene) => {
    await using server = await DatagramServer.echo();
    const { stdout, stderr } = await scene.python(
      echo(server.port, [0, 1, 512, 1472, 1473, 9000, 65_000, 65_492, 0]),
      { options: LOOPBACK },
    );
    assertEquals(stdout, "all\n");
    assertMatch(stderr, new RegExp(`${HOST}:${server.port}/udp +1 +143 kB +143 kB +closed 1`));
  },
);

interopTest("what a guest has sent before it ended arrives", {
  programs: ["python3"],
}, async (scene) => {
  await using server = await DatagramServer.echo();
  await scene.python(
    `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(200): s.sendto(bytes(100), ("${HOST}", ${server.port}))
os._exit(0)`,
    { options: LOOPBACK },
  );
  await server.untilCount(200);
});

interopTest("a closed port of the host is refused, to the socket that has asked (M-06)", {
  programs: ["python3"],
}, async (scene) => {
  const { stdout } = await scene.python(
    `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect(("${HOST}", ${await closedDatagramPort()}))
for i in range(2):
  s.send(b"x")
  try: s.recv(1)
  except OSError as error: print(errno.errorcode[error.errno])`,
    { options: ["--host-loopback"] },
  );
  assertEquals(stdout, "ECONNREFUSED\nECONNREFUSED\n");
});

interopTest("what is denied is refused at once, and headgate says why", {
  programs: ["python3"],
}, async (scene) => {
  const ask = `
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect(("${HOST}", 53))
s.send(b"x")
try: s.recv(1)
except OSError as error: print(errno.errorcode[error.errno])`;
  const closed = await scene.python(ask);
  assertEquals(closed.stdout, "ECONNREFUSED\n");
  assertMatch(closed.stderr, /denied 10\.0\.2\.2:53\/udp: the host's loopback is closed/);
  const off = await scene.python(ask, { options: ["--no-udp", "--host-loopback"] });
  assertEquals(off.stdout, "ECONNREFUSED\n");
  assertMatch(off.stderr, /denied 10\.0\.2\.2:53\/udp: there is no UDP: --no-udp/);
});

interopTest(
  "twenty thousand ports of the guest and of a target take a bounded number of sockets (P-08)",
  {
    programs: ["python3"],
    users: ["root"],
  },
  async (scene) => {
    await using server = await DatagramServer.echo();
    const headgate = scene.start(
      python(`
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(20)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
for port in range(20000, 30000):
  raw.sendto(struct.pack("!HHHH", port, ${await closedDatagramPort()}, 8, 0), ("${HOST}", 0))
  one.sendto(b"", ("${HOST}", port))
  if port % 100 == 0: # lest the device's queue overflow
    one.sendto(b"y", ("${HOST}", ${server.port}))
    one.recv(10)
print("sent", flush=True)
sys.stdin.readline()
one.sendto(b"still there", ("${HOST}", ${server.port}))
while (answer := one.recv(100)) != b"still there": pass
print(answer.decode())`),
      { options: LOOPBACK, stdin: "piped" },
    );
    await headgate.untilSaid("sent");
    const descriptors = [...Deno.readDirSync(`/proc/${headgate.pid}/fd`)].length;
    const status = await Deno.readTextFile(`/proc/${headgate.pid}/status`);
    const mebibytes = Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1024;
    report(`${descriptors} descriptors, at most ${Math.round(mebibytes)} MiB`);
    assertLess(descriptors, 4096 + 200);
    assertLess(mebibytes, 200);
    const writer = headgate.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go on\n"));
    await writer.close();
    const { stdout, stderr } = await headgate.outcome;
    assertEquals(stdout, "sent\nstill there\n", stderr);
  },
);
