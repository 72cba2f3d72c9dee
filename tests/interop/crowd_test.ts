import { assertEquals, assertLess } from "@std/assert";
import { interopTest, python, report, type RunSettings, type Scene } from "./harness.ts";
import { eventually } from "./machine.ts";
import { closedPort, HostServer, readAll, writeAll } from "./host.ts";

const OPEN: RunSettings = { options: ["--host-loopback"] };

const ASK_FOR_ANSWER = "A".charCodeAt(0);
const ASK_FOR_END = "E".charCodeAt(0);

/** Sends everything back. */
function echoServer(scene: Scene): HostServer {
  return scene.serve(async (connection) => {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      await writeAll(connection, buffer.subarray(0, count));
    }
  });
}

interopTest("1,000 connections that are opened at once are all served (D-01)", {
  programs: ["python3"],
  families: [4, 6],
}, async (scene) => {
  await using server = echoServer(scene);
  const { stdout } = await scene.python(
    `
import resource, selectors
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
start = time.monotonic()
waiting, answers = selectors.DefaultSelector(), []
for number in range(1000):
  connection = socket.socket(socket.AF_INET${scene.family === 4 ? "" : "6"})
  connection.setblocking(False)
  connection.connect_ex(("${scene.host}", ${server.port}))
  waiting.register(connection, selectors.EVENT_WRITE, str(number))
opened = time.monotonic()
while waiting.get_map():
  for key, events in waiting.select():
    if events & selectors.EVENT_WRITE:
      key.fileobj.send(key.data.encode())
      waiting.modify(key.fileobj, selectors.EVENT_READ, key.data)
    else:
      answers.append(key.fileobj.recv(10).decode() == key.data)
      waiting.unregister(key.fileobj)
print(json.dumps({"right": answers.count(True), "millis": 1000 * (time.monotonic() - start)}))`,
    OPEN,
  );
  const { right, millis } = JSON.parse(stdout);
  report(`1,000 connections at once: all answered after ${millis.toFixed(0)} ms`);
  assertEquals(right, 1000);
  assertEquals(server.connections.length, 1000);
});

interopTest("200 requests in sequence, each on a connection of its own, are all answered", {
  programs: ["python3"],
}, async (scene) => {
  await using server = echoServer(scene);
  const { stdout } = await scene.python(
    `
times = []
for number in range(200):
  start = time.monotonic()
  with connect(${server.port}) as connection:
    connection.sendall(b"%d" % number)
    assert connection.recv(10) == b"%d" % number
  times.append(1000 * (time.monotonic() - start))
times.sort()
print(json.dumps({"median": times[100], "slow": times[198]}))`,
    OPEN,
  );
  await server.served();
  const { median, slow } = JSON.parse(stdout);
  report(`200 requests in sequence: p50 ${median.toFixed(2)} ms, p99 ${slow.toFixed(2)} ms`);
  assertEquals(server.connections.length, 200);
});

interopTest(
  "connections of every kind of end leave no descriptor and no flow behind (D-05, F-20)",
  {
    programs: ["python3"],
  },
  async (scene) => {
    await using server = new HostServer(async (connection) => {
      const buffer = new Uint8Array(100_000);
      try {
        await connection.read(buffer.subarray(0, 1));
        if (buffer[0] === ASK_FOR_ANSWER) await writeAll(connection, buffer);
        if (buffer[0] !== ASK_FOR_END) await readAll(connection);
      } catch {
        // Some guests reset.
      }
    });
    const headgate = scene.start(
      python(`
def end(kind, connection):
  if kind == "close": connection.close()
  elif kind == "reset": reset(connection)
  elif kind == "reset amid data": connection.sendall(bytes(100_000)); reset(connection)
  elif kind == "reset before answer": connection.sendall(b"A"); reset(connection)
  elif kind == "close before answer": connection.sendall(b"A"); connection.close()
  elif kind == "close amid data": connection.sendall(bytes(300_000)); connection.close()
  elif kind == "server ends": connection.sendall(b"E"); receive_all(connection); connection.close()
  elif kind == "half-close": connection.shutdown(socket.SHUT_WR); receive_all(connection); connection.close()
kinds = ["close", "reset", "reset amid data", "reset before answer", "close before answer",
  "close amid data", "server ends", "half-close"]
def round(count):
  for kind in kinds:
    connections = [connect(${server.port}) for _ in range(count)]
    for connection in connections: end(kind, connection)
print("ready", flush=True)
input()
round(20)
try: connect(${closedPort()})
except OSError: pass
print("done", flush=True)
input()`),
      { options: ["--host-loopback", "--summary"], stdin: "piped" },
    );
    const stdin = headgate.stdin.getWriter();
    const enter = () => stdin.write(new TextEncoder().encode("\n"));
    const descriptors = () => [...Deno.readDirSync(`/proc/${headgate.pid}/fd`)].length;
    await headgate.untilSaid("ready\n");
    const before = descriptors();
    await enter();
    await headgate.untilSaid("done\n");
    await eventually(() => assertEquals(descriptors(), before));
    await enter();
    await stdin.close();
    const { code, stderr } = await headgate.outcome;
    assertEquals([code, / open \d/.test(stderr)], [0, false], stderr);
  },
);

for (const direction of ["up", "down"] as const) {
  interopTest(`small requests are answered beside bulk data going ${direction} (W-23, C-10)`, {
    programs: ["python3"],
  }, async (scene) => {
    await using echo = echoServer(scene);
    const block = new Uint8Array(1 << 20);
    await using bulk = new HostServer(async (connection) => {
      try {
        if (direction === "up") await readAll(connection);
        else for (;;) await writeAll(connection, block);
      } catch {
        // The guest goes when it has seen enough.
      }
    });
    const { stdout } = await scene.python(
      `
stop, started = os.pipe()
child = os.fork()
if child == 0:
  connection = connect(${bulk.port})
  os.write(started, b"x")
  buffer = bytearray(1 << 20)
  while True: connection.${direction === "up" ? "sendall" : "recv_into"}(buffer)
os.read(stop, 1)
time.sleep(0.2)
times = []
connection = connect(${echo.port})
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for number in range(500):
  start = time.monotonic()
  connection.sendall(b"%08d" % number)
  assert connection.recv(8, socket.MSG_WAITALL) == b"%08d" % number
  times.append(1000 * (time.monotonic() - start))
os.kill(child, signal.SIGKILL)
times.sort()
print(json.dumps({"p50": times[250], "p99": times[495], "most": times[-1]}))`,
      OPEN,
    );
    const { p50, p99, most } = JSON.parse(stdout);
    const figures = `p50 ${p50.toFixed(2)}, p99 ${p99.toFixed(2)}, most ${most.toFixed(2)} ms`;
    report(`requests beside bulk ${direction}: ${figures}`);
    assertLess(most, 10_000);
  });
}
