import { assertEquals, assertMatch } from "@std/assert";
import { HOST, interopTest } from "./harness.ts";
import { closedPort, HostServer, readAll, writeAll } from "./host.ts";

const SUMMARY = { options: ["--host-loopback", "--summary"] };

interopTest("--summary shows targets with what was moved and how flows ended", {
  programs: ["python3"],
}, async (scene) => {
  await using server = new HostServer(async (connection) => {
    await readAll(connection);
    await writeAll(connection, new Uint8Array(50_000));
  });
  const closed = closedPort();
  const { stderr, stdout } = await scene.python(
    `
for _ in range(2):
  connection = connect(${server.port})
  connection.sendall(bytes(1000))
  connection.shutdown(socket.SHUT_WR)
  print(len(receive_all(connection)))
try: connect(${closed})
except OSError: pass
try: connect(80, "10.0.2.50")
except OSError: pass`,
    SUMMARY,
  );
  assertEquals(stdout, "50000\n50000\n");
  assertMatch(stderr, /^headgate: TARGET +FLOWS +UP +DOWN +ENDED$/m);
  assertMatch(stderr, row(server.port, "2 +2 kB +100 kB +closed 2"));
  assertMatch(stderr, row(closed, "1 +0 B +0 B +refused 1"));
  assertMatch(stderr, /^headgate: 10\.0\.2\.50:80 +1 +0 B +0 B +denied 1$/m);
  assertMatch(stderr, /^headgate: [1-9]\d* packets from the guest, [1-9]\d* to it$/m);
});

interopTest("--summary counts what connections have moved that were open to the end", {
  programs: ["python3"],
}, async (scene) => {
  await using server = new HostServer(async (connection) => {
    await writeAll(connection, new Uint8Array(50_000));
    await readAll(connection);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  });
  const { stderr } = await scene.python(
    `
connection = connect(${server.port})
connection.sendall(bytes(1000))
connection.makefile("rb").read(50_000)`,
    SUMMARY,
  );
  assertMatch(stderr, row(server.port, "1 +1 kB +50 kB +(stopped|closed|reset by guest) 1"));
});

interopTest("--summary says so when there were no flows", {}, async (scene) => {
  const { stderr } = await scene.run(["true"], SUMMARY);
  assertMatch(stderr, /^headgate: no flows\nheadgate: 0 packets from the guest, 0 to it\n$/);
});

function row(port: number, cells: string): RegExp {
  return new RegExp(`^headgate: ${HOST.replaceAll(".", "\\.")}:${port} +${cells}$`, "m");
}
