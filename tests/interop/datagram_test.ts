import { assertEquals, assertMatch } from "@std/assert";
import { HOST, interopTest } from "./harness.ts";
import { DatagramServer } from "./datagram_host.ts";

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
