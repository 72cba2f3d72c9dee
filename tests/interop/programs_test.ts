import { assert, assertEquals, assertGreater } from "@std/assert";
import { HOST, interopTest, type RunSettings } from "./harness.ts";
import { closedPort } from "./host.ts";

const OPEN: RunSettings = { options: ["--host-loopback"] };
const LAST_PORT = 2000;

interopTest("nmap -sT lists exactly the ports on which the host listens (H-02, H-14)", {
  programs: ["nmap"],
}, async (scene) => {
  const listeners = [1, 2, 3].map(listenLow);
  try {
    const before = await openPorts();
    for (const { addr } of listeners) assert(before.has(addr.port));
    const words = ["nmap", "-sT", "-n", "-Pn", "-p", `1-${LAST_PORT}`, "-oG", "-", HOST];
    const { code, stdout, stderr } = await scene.run(words, OPEN);
    const after = await openPorts();
    const found = new Set(
      [...stdout.matchAll(/\b(\d+)\/open\//g)].map((match) => Number(match[1])),
    );
    assertEquals([code, stderr], [0, ""]);
    // What has come or gone meanwhile may be in the list or not.
    assertEquals(before.intersection(after).difference(found), new Set());
    assertEquals(found.difference(before.union(after)), new Set());
  } finally {
    for (const listener of listeners) listener.close();
  }
});

/** Listens on some free port that nmap will look at. */
function listenLow(): Deno.TcpListener {
  for (let port = LAST_PORT; port > 1023; port--) {
    try {
      return Deno.listen({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("Cannot listen: all ports are in use");
}

async function openPorts(): Promise<Set<number>> {
  const open = new Set<number>();
  for (let port = 1; port <= LAST_PORT; port++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      open.add(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
  }
  return open;
}

for (const [direction, reverse] of [["to the host", []], ["from the host", ["-R"]]] as const) {
  interopTest(`iperf3 moves data ${direction} in four streams`, {
    programs: ["iperf3"],
  }, async (scene) => {
    const port = String(closedPort());
    const server = new Deno.Command("iperf3", {
      args: ["-s", "-1", "-B", "127.0.0.1", "-p", port, "--forceflush"],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (let said = ""; !said.includes("listening");) said += (await reader.read()).value ?? "";
      const words = ["iperf3", "-c", HOST, "-p", port, "-P", "4", "-t", "1", "-J", ...reverse];
      const { code, stdout, stderr } = await scene.run(words, OPEN);
      assertEquals([code, stderr], [0, ""], stdout);
      const { streams, sum_received: sum } = JSON.parse(stdout).end;
      assertEquals(streams.length, 4);
      assertGreater(sum.bytes, 1 << 20);
    } finally {
      try {
        server.kill("SIGKILL");
      } catch {
        // It has ended after its one test, as it should.
      }
      await reader.cancel();
      await server.status;
    }
  });
}

interopTest("socat on both sides passes a file through unchanged", {
  programs: ["socat", "sha256sum"],
}, async (scene) => {
  const file = new Uint8Array(5_000_001);
  for (let at = 0; at < file.length; at++) file[at] = (at * 31) ^ (at >> 11);
  await Deno.writeFile(`${scene.folder}/file`, file);
  const port = closedPort();
  const server = new Deno.Command("socat", {
    args: ["-u", `${scene.folder}/file`, `tcp-listen:${port},bind=127.0.0.1,backlog=1`],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const client = `socat -u tcp:${HOST}:${port},retry=50,interval=0.1 - | sha256sum`;
    const { stdout } = await scene.run(["sh", "-c", client], OPEN);
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", file));
    assertEquals(stdout.split(" ")[0], sum.toHex());
  } finally {
    try {
      server.kill("SIGKILL");
    } catch {
      // It has ended with its file.
    }
    await server.status;
  }
});
