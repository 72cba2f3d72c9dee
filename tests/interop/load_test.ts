import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Headgate, interopTest, python, report } from "./harness.ts";
import { HostServer, writeAll } from "./host.ts";
import { eventually } from "./machine.ts";

const IDLE_CONNECTIONS = 10_000;
/**
 * What headgate may have in memory with these, in bytes. It has about 300 MB; how much exactly is
 * for the benchmark to say, since it depends on when the engine collects.
 */
const MOST_MEMORY = 400e6;
/** How long nothing is to happen, in milliseconds, and what it may compute then: no loop is busy. */
const IDLE_TIME = 10_000, IDLE_CPU = IDLE_TIME * 0.02;

/** Sends everything back. */
function echoServer(): HostServer {
  return new HostServer(async (connection) => {
    const buffer = new Uint8Array(1024);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      await writeAll(connection, buffer.subarray(0, count));
    }
  });
}

function memoryOf({ pid }: Headgate): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
}

/** What each thread of a process has computed so far, in milliseconds. */
function cpuOf({ pid }: Headgate): ReadonlyMap<string, number> {
  return new Map(
    [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
      const [nanoseconds] = Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ");
      return [name, Number(nanoseconds) / 1e6];
    }),
  );
}

/** How much a process computes while nothing happens, in milliseconds of `IDLE_TIME`. */
async function idleCpu(headgate: Headgate): Promise<number> {
  const before = cpuOf(headgate);
  await new Promise((resolve) => setTimeout(resolve, IDLE_TIME));
  return [...cpuOf(headgate)].reduce(
    (sum, [thread, time]) => sum + time - (before.get(thread) ?? 0),
    0,
  );
}

function descriptorsOf({ pid }: Headgate): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

async function answer(headgate: Headgate): Promise<void> {
  const writer = headgate.stdin.getWriter();
  await writer.write(new TextEncoder().encode("\n"));
  writer.releaseLock();
}

interopTest(
  "10,000 idle connections need little memory, and nothing is left of them (W-15, F-20)",
  {
    programs: ["python3"],
    users: ["root"],
  },
  async (scene) => {
    await using server = echoServer();
    const headgate = scene.start(
      python(`
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
print("ready", flush=True)
input()
connections = []
for number in range(min(${IDLE_CONNECTIONS}, hard - 100)):
  connection = connect(${server.port})
  connection.sendall(b"%d" % number)
  assert connection.recv(10) == b"%d" % number
  connections.append(connection)
print("held", len(connections), flush=True)
input()
for connection in connections: connection.close()
print("closed", flush=True)
input()`),
      { options: ["--host-loopback"], stdin: "piped", timeout: 120_000 },
    );
    await headgate.untilSaid("ready\n");
    const before = { memory: memoryOf(headgate), descriptors: descriptorsOf(headgate) };
    await answer(headgate);
    await headgate.untilSaid("held");
    const held = Number(/held (\d+)/.exec(headgate.said)?.[1]);
    const memory = memoryOf(headgate);
    const mebibytes = (bytes: number) => `${bytes >> 20} MiB`;
    report(`${held} idle connections: ${mebibytes(before.memory)} became ${mebibytes(memory)}`);
    assertLess(memory, MOST_MEMORY);
    const beside = await idleCpu(headgate);
    report(`computed in ${IDLE_TIME} ms beside them: ${beside.toFixed(2)} ms`);
    await answer(headgate);
    await headgate.untilSaid("closed\n");
    await eventually(() => assertEquals(descriptorsOf(headgate), before.descriptors), 20_000);
    // The engine tidies up behind such a crowd; then nothing is left to be done.
    let after = await idleCpu(headgate);
    for (let again = 0; again < 2 && after > IDLE_CPU; again++) after = await idleCpu(headgate);
    report(`computed in ${IDLE_TIME} ms after them: ${after.toFixed(2)} ms`);
    assertLess(after, IDLE_CPU);
    await answer(headgate);
    await headgate.stdin.close();
    assertEquals((await headgate.outcome).code, 0);
  },
);

interopTest("without descriptors new connections are refused at once, and old ones go on (F-20)", {
  programs: ["python3"],
}, async (scene) => {
  await using server = echoServer();
  const { stdout } = await scene.run(
    python(`
def open_until_refused(wanted):
  opened = []
  for number in range(wanted):
    try: opened.append(connect(${server.port}))
    except OSError as error: return opened, error
  return opened, None
def works(connection):
  connection.sendall(b"x")
  return connection.recv(1) == b"x"
# Two processes have more descriptors together than headgate has.
here, there = os.pipe()
child = os.fork()
if child == 0:
  opened, error = open_until_refused(200)
  os.write(there, b"%d\\n" % len(opened))
  time.sleep(60)
with os.fdopen(here) as reader: first = int(reader.readline())
start = time.monotonic()
opened, error = open_until_refused(200)
told = time.monotonic() - start
good = [works(connection) for connection in opened]
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
for _ in range(500):
  again, _ = open_until_refused(1)
  if again: break
  time.sleep(0.01)
print(json.dumps({"opened": first + len(opened), "error": str(error), "told": told,
  "good": all(good), "again": len(again) == 1 and works(again[0])}))`),
    {
      options: ["--host-loopback", "--quiet"],
      prefix: ["sh", "-c", 'ulimit -n 256 && exec "$@"', "sh"],
    },
  );
  const { opened, error, told, good, again } = JSON.parse(stdout);
  report(`with 256 descriptors: ${opened} connections, then "${error}" after ${told.toFixed(2)} s`);
  assertEquals([good, again], [true, true]);
  assertGreater(opened, 100);
  assertLess(opened, 256);
  assertLess(told, 10);
});

interopTest("what is on its way to a target that vanishes arrives when it is back (W-15, S-17)", {
  programs: ["python3", "nft", "nsenter"],
  users: ["root"],
}, async (scene) => {
  const servers = `
import socket, sys, threading, hashlib
def listen(port):
  own = socket.create_server(("127.0.0.1", port))
  return own
def take(own):
  connection, digest = own.accept()[0], hashlib.sha256()
  while data := connection.recv(65536): digest.update(data)
  connection.sendall(digest.hexdigest().encode())
  connection.close()
def echo(own):
  connection = own.accept()[0]
  while data := connection.recv(65536): connection.sendall(data)
threading.Thread(target=echo, args=(listen(7002),), daemon=True).start()
take(listen(7001))`;
  const headgate = scene.start(
    python(`
def connected(port):
  while True:
    try: return connect(port)
    except ConnectionRefusedError: time.sleep(0.01)
other, connection = connected(7002), connected(7001)
digest, data = hashlib.sha256(), os.urandom(1 << 16)
for number in range(64): digest.update(data); connection.sendall(data)
print("half", flush=True)
input()
connection.settimeout(0.5)
sent = 64 << 16
try:
  while True:
    view = memoryview(data)[sent % len(data):]
    count = connection.send(view)
    digest.update(view[:count])
    sent += count
except TimeoutError: pass
for number in range(100):
  other.sendall(b"%d" % number)
  assert other.recv(10) == b"%d" % number
print("stuck", flush=True)
input()
connection.settimeout(50)
connection.shutdown(socket.SHUT_WR)
assert receive_all(connection).decode() == digest.hexdigest()`),
    {
      options: ["--host-loopback"],
      stdin: "piped",
      prefix: [
        ...["unshare", "--net", "--", "sh", "-c"],
        'ip link set lo up; python3 -c "$1" & shift; exec "$@"',
        ...["sh", servers],
      ],
    },
  );
  const nft = async (rules: string) => {
    const args = [`--net=/proc/${headgate.pid}/ns/net`, "nft", rules];
    const { success, stderr } = await new Deno.Command("nsenter", { args }).output();
    assertEquals(success, true, new TextDecoder().decode(stderr));
  };
  await headgate.untilSaid("half\n");
  await nft(
    "table ip gone { chain in { type filter hook input priority 0; tcp dport 7001 drop; }; }",
  );
  const before = memoryOf(headgate);
  await answer(headgate);
  await headgate.untilSaid("stuck\n");
  report(`a target that has vanished: headgate grew by ${(memoryOf(headgate) - before) >> 20} MiB`);
  assertLess(memoryOf(headgate) - before, 32 << 20);
  await nft("delete table ip gone");
  await answer(headgate);
  await headgate.stdin.close();
  const { code, stderr } = await headgate.outcome;
  assertEquals(code, 0, stderr);
});
