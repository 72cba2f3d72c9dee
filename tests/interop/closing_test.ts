import { assert, assertEquals } from "@std/assert";
import { interopTest, type Needs, python, type RunSettings, type Scene } from "./harness.ts";
import { readAll, readText, writeAll } from "./host.ts";

const OPEN: RunSettings = { options: ["--host-loopback"] };
const MEGABYTE = new Uint8Array(1 << 20).fill(120);

/** Registers a test for both families. */
function closingTest(name: string, needs: Needs, body: (scene: Scene) => Promise<void>): void {
  interopTest(name, { ...needs, families: [4, 6] }, body);
}

const text = (words: string) => new TextEncoder().encode(words);

closingTest("nc -N half-closes and still gets the whole answer (F-01)", {
  programs: ["nc"],
}, async (scene) => {
  const answer = new Uint8Array(8 << 20).fill(97);
  let question = "";
  await using server = scene.serve(async (connection) => {
    question = await readText(connection);
    await writeAll(connection, answer);
  });
  const script = `printf GET | nc -N ${scene.host} ${server.port} | wc -c`;
  const { code, stdout } = await scene.run(["sh", "-c", script], OPEN);
  assertEquals([code, stdout.trim(), question], [0, String(answer.length), "GET"]);
});

closingTest("the host half-closes and still receives what the guest sends later (F-02)", {
  programs: ["python3"],
}, async (scene) => {
  let received = 0;
  await using server = scene.serve(async (connection) => {
    await writeAll(connection, text("all"));
    await connection.closeWrite();
    received = await readAll(connection);
  });
  const { stdout } = await scene.python(
    `
connection = connect(${server.port})
print(receive_all(connection).decode())
connection.sendall(bytes(5_000_000))
connection.close()`,
    OPEN,
  );
  await server.served();
  assertEquals([stdout, received], ["all\n", 5_000_000]);
});

closingTest("both sides half-close in turn and no byte is lost (F-01, F-02, F-21)", {
  programs: ["python3"],
}, async (scene) => {
  let received = 0;
  await using server = scene.serve(async (connection) => {
    const reading = readAll(connection);
    for (let i = 0; i < 4; i++) await writeAll(connection, MEGABYTE);
    await connection.closeWrite();
    received = await reading;
  });
  const { stdout } = await scene.python(
    `
connection = connect(${server.port})
def send():
  for _ in range(3): connection.sendall(bytes(1 << 20))
  connection.shutdown(socket.SHUT_WR)
thread = threading.Thread(target=send); thread.start()
print(len(receive_all(connection)))
thread.join()`,
    OPEN,
  );
  await server.served();
  assertEquals([stdout, received], ["4194304\n", 3 << 20]);
});

closingTest("a server that speaks first is heard at once (H-16)", {
  programs: ["python3"],
}, async (scene) => {
  await using server = scene.serve(async (connection) => {
    await writeAll(connection, text("220 ready\r\n"));
    await readAll(connection);
  });
  const { stdout } = await scene.python(
    `print(connect(${server.port}).recv(100).decode().strip())`,
    OPEN,
  );
  assertEquals(stdout, "220 ready\n");
});

closingTest("a guest that connects and closes at once is seen to do so (H-14)", {
  programs: ["python3"],
}, async (scene) => {
  const sizes: number[] = [];
  await using server = scene.serve(async (connection) => {
    sizes.push(await readAll(connection));
  });
  await scene.python(
    `
for _ in range(50): connect(${server.port}).close()`,
    OPEN,
  );
  await server.served();
  assertEquals(sizes, new Array(50).fill(0));
});

closingTest("what is written just before the command ends arrives, though it is read slowly", {
  programs: ["python3"],
}, async (scene) => {
  let received = 0;
  await using server = scene.serve(async (connection) => {
    const buffer = new Uint8Array(16_384);
    for (let turn = 0;; turn++) {
      const count = await connection.read(buffer);
      if (count === null) break;
      received += count;
      if (turn < 50) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  await scene.python(
    `
connection = connect(${server.port})
connection.sendall(bytes(1_000_000))
os._exit(0)`,
    OPEN,
  );
  await server.served();
  assertEquals(received, 1_000_000);
});

closingTest("the end of the command ends a connection that its server keeps open", {
  programs: ["python3"],
}, async (scene) => {
  let received = "";
  await using server = scene.serve(async (connection) => {
    received = await readText(connection);
    await new Promise((resolve) => setTimeout(resolve, 100));
  });
  const start = performance.now();
  await scene.python(
    `
connection = connect(${server.port})
connection.sendall(b"last words")
os._exit(0)`,
    OPEN,
  );
  assert(performance.now() - start < 5000);
  await server.served();
  assertEquals(received, "last words");
});

closingTest("a server that resets is seen to reset (R-14)", {
  programs: ["python3"],
}, async (scene) => {
  const server = await resettingServer(0, scene.loopback);
  try {
    const { stdout } = await scene.python(
      `
connection = connect(${server.port})
connection.sendall(b"x")
try: print(connection.recv(1))
except OSError as error: print(errno.errorcode[error.errno])`,
      OPEN,
    );
    assertEquals(stdout, "ECONNRESET\n");
  } finally {
    await server.end();
  }
});

closingTest("a server that resets in the middle of a transfer is seen to reset (R-14, F-22)", {
  programs: ["python3"],
}, async (scene) => {
  const server = await resettingServer(3_000_000, scene.loopback);
  try {
    const { stdout } = await scene.python(
      `
connection = connect(${server.port})
connection.sendall(b"x")
total = 0
try:
  while piece := connection.recv(65536): total += len(piece)
  print("end")
except OSError as error: print(errno.errorcode[error.errno])
print(total <= 3_000_000)`,
      OPEN,
    );
    assertEquals(stdout, "ECONNRESET\nTrue\n");
  } finally {
    await server.end();
  }
});

closingTest("a server that resets stops a guest that is sending (R-14)", {
  programs: ["python3"],
}, async (scene) => {
  const server = await resettingServer(0, scene.loopback);
  try {
    const { stdout } = await scene.python(
      `
connection = connect(${server.port})
try:
  while True: connection.sendall(bytes(100_000))
except OSError as error: print(errno.errorcode[error.errno])`,
      OPEN,
    );
    assert(["ECONNRESET\n", "EPIPE\n"].includes(stdout), stdout);
  } finally {
    await server.end();
  }
});

for (
  const [when, sent] of [["that is idle", 5], ["in the middle of a transfer", 3_000_000]] as const
) {
  closingTest(`a guest that resets a connection ${when} resets the server's (R-15)`, {
    programs: ["python3"],
  }, async (scene) => {
    const outcomes: string[] = [];
    const started = Promise.withResolvers<void>();
    await using server = scene.serve(async (connection) => {
      try {
        await connection.read(new Uint8Array(1));
        started.resolve();
        await readAll(connection);
        outcomes.push("end");
      } catch (error) {
        outcomes.push((error as { code?: string }).code ?? String(error));
      }
    });
    const headgate = scene.start(
      python(`
connection = connect(${server.port})
connection.sendall(bytes(${sent}))
input()
reset(connection)
input()`),
      { ...OPEN, stdin: "piped" },
    );
    const stdin = headgate.stdin.getWriter();
    await started.promise;
    await stdin.write(text("\n"));
    await server.served();
    assertEquals(outcomes, ["ECONNRESET"]);
    await stdin.write(text("\n"));
    await stdin.close();
    assertEquals((await headgate.outcome).code, 0);
  });
}

/** A server at `address`, in Python, that resets each connection after the first byte and `size` bytes sent. */
async function resettingServer(size: number, address: string) {
  const family = address.includes(":") ? "socket.AF_INET6" : "socket.AF_INET";
  const [program = "", ...args] = python(`
listener = socket.create_server(("${address}", 0), family=${family})
print(listener.getsockname()[1], flush=True)
while True:
  connection, _ = listener.accept()
  connection.recv(1)
  try: connection.sendall(bytes(${size}))
  except OSError: pass
  reset(connection)`);
  const child = new Deno.Command(program, { args, stdout: "piped", stdin: "null" }).spawn();
  const reader = child.stdout.getReader();
  const port = parseInt(new TextDecoder().decode((await reader.read()).value));
  return {
    port,
    async end() {
      child.kill("SIGKILL");
      await Promise.all([child.status, reader.cancel()]);
    },
  };
}
