/**
 * What is outside of the guests: a network of the benchmark's own, with servers on its loopback.
 *
 * @module
 */
import { call, kill, spawn } from "./backend.ts";
import { lines } from "./lines.ts";

const SERVERS = new URL("./servers.py", import.meta.url).pathname;

/** Ports of the servers. */
export const Port = { Iperf: 5201, Echo: 7001, Closing: 7002 } as const;

/** Files are gone with the namespace, too; and backends may have as many descriptors as can be. */
const PREPARE = "mount -t tmpfs tmpfs /mnt && export TMPDIR=/mnt && " +
  'ulimit -n "$(ulimit -Hn)" && exec "$@"';
/** Tells the second start of this program from the first. */
const INSIDE = "--inside";

/**
 * Starts this program anew in namespaces of its own: no traffic leaves them, no port is taken in
 * them, and with their first process all ends that was started. The user need not be root.
 *
 * @returns The flags, if this is where they are; else the benchmark has run.
 */
export async function enterOwnNamespaces(main: string): Promise<readonly string[] | undefined> {
  const [first, ...rest] = Deno.args;
  if (first === INSIDE) return rest;
  const user = Deno.uid() === 0 ? [] : ["--user", "--map-root-user"];
  const kinds = ["--net", "--mount", "--mount-proc", "--pid", "--fork", "--kill-child"];
  const deno = [Deno.execPath(), "run", "-A", "--quiet", main, INSIDE, ...Deno.args];
  const command = new Deno.Command("setpriv", {
    args: [
      ...["--pdeathsig", "KILL", "--", "unshare", ...user, ...kinds],
      ...["--", "sh", "-c", PREPARE, "sh", ...deno],
    ],
  });
  const { code } = await command.spawn().status;
  Deno.exitCode = code;
  return undefined;
}

/** Pasta wants an interface with a hardware address, a route and addresses of both families. */
export async function configureOutside(): Promise<void> {
  await call("ip", "tuntap", "add", "mode", "tap", "dev", "outside");
  const batch = `
    link set lo up
    address add 192.0.2.2/24 dev outside
    address add 2001:db8::2/64 dev outside nodad
    address add fe80::2/64 dev outside nodad
    link set outside up
    route add 0.0.0.0/0 via 192.0.2.1 dev outside
    route add ::/0 via 2001:db8::1 dev outside`;
  await call("sh", "-c", 'printf %s "$1" | ip -batch -', "sh", batch);
  // Clients that are never done must not run out of ports.
  await Deno.writeTextFile("/proc/sys/net/ipv4/ip_local_port_range", "10000 65535");
}

/** Starts the servers that all guests use; resolves when they listen. */
export async function startServers(): Promise<void> {
  spawn(["/usr/bin/python3", SERVERS]);
  const deadline = performance.now() + 5000;
  for (const port of [Port.Echo, Port.Closing]) {
    while (!await answers(port)) {
      if (performance.now() > deadline) throw new Error(`Cannot serve on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Runs `body` beside a server of iperf3, which serves once and never outlives it. */
export async function withIperf<T>(body: () => Promise<T>): Promise<T> {
  const server = spawn(["iperf3", "-s", "-1", "-p", String(Port.Iperf), "--forceflush"]);
  try {
    const said = lines(server.stdout);
    for (let line = await said.next(); !line.value?.includes("listening");) {
      if (line.done) throw new Error("iperf3 does not listen");
      line = await said.next();
    }
    void (async () => {
      for await (const _ of said) { /* what it says is not of interest */ }
    })();
    return await body();
  } finally {
    await kill(server);
  }
}
