import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createSocket, type Socket } from "node:dgram";
import { address, answerTo, read } from "../harness/dns.ts";
import { interopTest } from "./harness.ts";
import { closedPort } from "./host.ts";
import { internetTest, serveNames } from "./internet.ts";

/** A name server on the host's loopback, over UDP; ends with the block that it is declared in. */
class LoopbackServer implements AsyncDisposable {
  /** The names that were asked for. */
  readonly asked: string[] = [];
  readonly #socket: Socket = createSocket("udp4");

  /** Makes one that says where everything is, or nothing at all. */
  static async start(isMute = false): Promise<LoopbackServer> {
    const server = new LoopbackServer();
    const socket = server.#socket;
    socket.on("message", (query, { port }) => {
      const name = read(query).questions?.[0]?.name ?? "";
      server.asked.push(name);
      if (!isMute) socket.send(answerTo(query, [address(name, "192.0.2.1")]), port, "127.0.0.1");
    });
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return server;
  }

  /** What `--dns` calls it. */
  get name(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

/** What Python programs in guests need to ask for names. */
const ASK = `
def query(id, name, type=1):
  labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
  return struct.pack(">6H", id, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, type, 1)
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
names.connect(("10.0.2.3", 53))
names.settimeout(20)
`;

interopTest("A guest's names come from the servers of --dns; one that is not there costs no time", {
  programs: ["getent"],
}, async (scene) => {
  await using server = await LoopbackServer.start();
  const nobody = `127.0.0.1:${closedPort()}`;
  const begin = performance.now();
  const { code, stdout, stderr } = await scene.run(["getent", "ahostsv4", "a.example"], {
    options: ["--dns", nobody, "--dns", server.name],
  });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^192\.0\.2\.1 +STREAM/);
  assertEquals(server.asked, ["a.example"]);
  assertEquals(performance.now() - begin < 5000, true);
});

interopTest("Nonsense for the name server is counted, and it goes on answering", {
  programs: ["python3"],
}, async (scene) => {
  await using server = await LoopbackServer.start();
  const { stdout, stderr } = await scene.python(
    `${ASK}
import random
random.seed(1)
for count in range(1000):
  whole = bytearray(query(count, "a.example"))
  for change in range(3): whole[random.randrange(2, len(whole))] = random.randrange(256)
  names.send(bytes(whole[:random.randrange(len(whole) + 1)]))
names.send(query(1001, "last.example"))
while struct.unpack(">H", names.recv(4096)[:2])[0] != 1001: pass
stream = connect(53, "10.0.2.3")
stream.sendall(b"\\xff\\xff" + random.randbytes(65535) + b"\\x00\\x00" + b"\\x00\\x05hello")
stream.shutdown(socket.SHUT_WR)
receive_all(stream)
stream = connect(53, "10.0.2.3")
whole = query(7, "stream.example")
for at in range(len(whole) + 2):
  stream.sendall((struct.pack(">H", len(whole)) + whole)[at:at + 1])
print(stream.recv(4096)[2:4] == struct.pack(">H", 7))
`,
    { options: ["--dns", server.name, "--summary"] },
  );
  assertEquals(stdout, "True\n");
  assertMatch(stderr, /names: .*\d{2,} malformed/);
});

interopTest("More queries at a time than are forwarded are refused at once, and counted", {
  programs: ["python3"],
}, async (scene) => {
  await using server = await LoopbackServer.start(true);
  const { stdout, stderr } = await scene.python(
    `${ASK}
for count in range(2000):
  names.send(query(count, f"{count}.example"))
  time.sleep(0.0002)
for count in range(2000 - 512): refused = names.recv(4096)[3] & 15
print(refused)
`,
    { options: ["--dns", server.name, "--summary"] },
  );
  assertEquals(stdout, "5\n");
  assertEquals(new Set(server.asked).size, 512);
  assertStringIncludes(stderr, "1488 refused, too many at a time");
});

interopTest("With --no-dns a guest sees the host's resolv.conf, and finds no name server", {
  programs: ["python3"],
}, async (scene) => {
  const { stdout, stderr } = await scene.python(
    `
try: connect(53, "10.0.2.3")
except ConnectionRefusedError: print(open("/etc/resolv.conf").read(), end="")
`,
    { options: ["--no-dns"] },
  );
  assertEquals(stdout, Deno.readTextFileSync("/etc/resolv.conf"));
  assertStringIncludes(stderr, "denied 10.0.2.3:53");
});

interopTest("The name server is where --dns-forward says, and no other port of it is open", {
  programs: ["python3"],
}, async (scene) => {
  await using server = await LoopbackServer.start();
  const { stdout } = await scene.python(
    `
print(socket.getaddrinfo("a.example", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
for address, port in (("10.0.2.53", 54), ("10.0.2.3", 53)):
  try: connect(port, address)
  except ConnectionRefusedError: print("refused")
`,
    { options: ["--dns", server.name, "--dns-forward", "10.0.2.53"] },
  );
  assertEquals(stdout, "('192.0.2.1', 80)\nrefused\nrefused\n");
});

interopTest("Without a resolv.conf on the host a command runs all the same, with a warning", {
  programs: ["unshare"],
  users: ["root"],
}, async (scene) => {
  const hide = 'mount -t tmpfs etc /etc; exec "$@"';
  const { code, stdout, stderr } = await scene.run(["echo", "ran"], {
    prefix: ["unshare", "--mount", "sh", "-c", hide, "sh"],
  });
  assertEquals([code, stdout], [0, "ran\n"]);
  assertMatch(stderr, /^headgate: the guest finds no names: .*make an empty one\n$/);
});

internetTest("A change of the host's resolv.conf counts in a guest that runs", {
  programs: ["getent"],
}, async (trip) => {
  await serveNames(trip);
  const path = `${trip.scene.folder}/resolv.conf`;
  const right = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, "nameserver 127.0.0.1\n");
  const find = "getent hosts ipv4.internet.test";
  const guest = trip.scene.start([
    ...["sh", "-c", `${find} || echo none; until ${find}; do sleep 0.1; done`],
  ], { prefix: trip.internet.host });
  await guest.untilSaid("none\n");
  Deno.writeTextFileSync(path, right);
  const { code, stdout } = await guest.outcome;
  assertEquals(code, 0);
  assertMatch(stdout, /^none\n198\.51\.100\.80 +ipv4\.internet\.test\n$/);
});
