import { assertEquals, assertLess } from "@std/assert";
import { type Headgate, interopTest, python, report, type RunSettings } from "./harness.ts";
import { HostServer, pageServer, readAll, writeAll } from "./host.ts";

const OPEN: RunSettings = { options: ["--host-loopback"], stdin: "piped" };
const TOTAL = 64 << 20;
/** Far less than what is offered, far more than one flow's buffers. */
const MOST_MEMORY = 32 << 20;

const FETCH = `
def fetch(port):
  with connect(port) as connection:
    connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    return receive_all(connection).split(b"\\r\\n\\r\\n")[1].decode()`;

/** What the kernel holds of a process in memory, in bytes. */
function memoryOf(headgate: Headgate): number {
  const status = Deno.readTextFileSync(`/proc/${headgate.pid}/status`);
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
}

async function answer(headgate: Headgate): Promise<void> {
  const writer = headgate.stdin.getWriter();
  await writer.write(new TextEncoder().encode("\n"));
  writer.releaseLock();
}

interopTest("a target that does not read stops the guest's writes, and nothing else (W-15, W-17)", {
  programs: ["python3"],
}, async (scene) => {
  const page = pageServer(new TextEncoder().encode("page"));
  await using _page = page;
  const reading = Promise.withResolvers<void>();
  let received = 0;
  await using server = new HostServer(async (connection) => {
    await reading.promise;
    received = await readAll(connection);
  });
  const headgate = scene.start(
    python(`${FETCH}
print(fetch(${page.port}), flush=True)
input()
connection, sent, block = connect(${server.port}), 0, bytes(1 << 20)
connection.setblocking(False)
while select.select([], [connection], [], 1)[1] and sent < ${TOTAL}:
  sent += connection.send(block[:${TOTAL} - sent])
print("blocked", sent < ${TOTAL}, fetch(${page.port}), flush=True)
input()
connection.setblocking(True)
while sent < ${TOTAL}: sent += connection.send(block[:${TOTAL} - sent])
connection.close()`),
    OPEN,
  );
  await headgate.untilSaid("page\n");
  const before = memoryOf(headgate);
  await answer(headgate);
  await headgate.untilSaid("blocked True page\n");
  const growth = memoryOf(headgate) - before;
  report(`a target that does not read: headgate grew by ${growth >> 20} MiB`);
  assertLess(growth, MOST_MEMORY);
  reading.resolve();
  await answer(headgate);
  await headgate.stdin.close();
  assertEquals((await headgate.outcome).code, 0);
  await server.served();
  assertEquals(received, TOTAL);
});

interopTest("a guest that does not read stops the target's writes, and nothing else (S-05, S-17)", {
  programs: ["python3"],
}, async (scene) => {
  const page = pageServer(new TextEncoder().encode("page"));
  await using _page = page;
  let sent = 0;
  await using server = new HostServer(async (connection) => {
    const block = new Uint8Array(1 << 20);
    for (; sent < TOTAL; sent += block.length) await writeAll(connection, block);
  });
  const headgate = scene.start(
    python(`${FETCH}
print(fetch(${page.port}), flush=True)
input()
connection = connect(${server.port})
print("connected", flush=True)
input()
print("still", fetch(${page.port}), flush=True)
input()
print(len(receive_all(connection)))`),
    OPEN,
  );
  await headgate.untilSaid("page\n");
  const before = memoryOf(headgate);
  await answer(headgate);
  await headgate.untilSaid("connected\n");
  await untilSteady(() => sent);
  assertLess(sent, TOTAL);
  await answer(headgate);
  await headgate.untilSaid("still page\n");
  const growth = memoryOf(headgate) - before;
  report(`a guest that does not read: headgate grew by ${growth >> 20} MiB`);
  assertLess(growth, MOST_MEMORY);
  await answer(headgate);
  await headgate.stdin.close();
  const { code, stdout } = await headgate.outcome;
  assertEquals([code, stdout.split("\n").at(-2)], [0, String(TOTAL)]);
});

interopTest("a target that never reads holds up the end of headgate for some seconds only", {
  programs: ["python3"],
  users: ["root"],
}, async (scene) => {
  const end = Promise.withResolvers<void>();
  await using server = new HostServer(() => end.promise);
  const start = performance.now();
  await scene.python(
    `
connection = connect(${server.port})
connection.setblocking(False)
while select.select([], [connection], [], 0.2)[1]: connection.send(bytes(1 << 20))`,
    {
      options: ["--host-loopback"],
    },
  );
  assertLess(performance.now() - start, 15_000);
  end.resolve();
});

/** Resolves when `value` has been the same for a while, and not zero. */
async function untilSteady(value: () => number): Promise<void> {
  for (let before = -1; value() === 0 || value() !== before;) {
    before = value();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
