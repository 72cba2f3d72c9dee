/**
 * Guests of programs that serve a network namespace which is there already:
 *
 *     unshare --net: waits ------------------------------> runs the command
 *     mount its namespace under a name, start the program,
 *     configure the interface when the program has made it
 *
 * All are configured alike, whatever they could do themselves.
 *
 * @module
 */
import { call, type Guest, type GuestSettings, kill, spawn } from "./backend.ts";

/** Addresses in the guests' networks are slirp4netns'. */
export const HOSTS = { 4: "10.0.2.2", 6: "fd00::2" } as const;

/** How often it is looked whether something has come about, and for how long, in milliseconds. */
const POLL = 1, LONGEST_WAIT = 5000;

/** Words that serve the namespace at the path with an interface of that name. */
export type ServingWords = (namespace: string, mtu: number) => readonly string[];

/** Starts a guest, and the program that serves it with an interface called `device`. */
export async function startAttached(
  device: string,
  { mtu, command }: GuestSettings,
  words: ServingWords,
): Promise<Guest> {
  const wait = ["sh", "-c", 'read -r go && exec "$@"', "sh"];
  const child = spawn(["unshare", "--net", "--", ...wait, ...command]);
  const namespace = await Deno.makeTempFile({ prefix: "headgate-bench-" });
  let forwarder: Deno.ChildProcess | undefined;
  let isMounted = false;
  const end = async () => {
    if (forwarder) await kill(forwarder);
    await kill(child);
    if (isMounted) await call("umount", namespace);
    await Deno.remove(namespace);
  };
  try {
    const own = Deno.readLinkSync("/proc/self/ns/net");
    await until(() => Deno.readLinkSync(`/proc/${child.pid}/ns/net`) !== own);
    await call("mount", "--bind", `/proc/${child.pid}/ns/net`, namespace);
    isMounted = true;
    forwarder = spawn(words(namespace, mtu));
    void forwarder.stdout.pipeTo(new WritableStream());
    const listing = `/proc/${child.pid}/net/dev`;
    await until(() => Deno.readTextFileSync(listing).includes(`${device}:`));
    await configure(namespace, device, mtu);
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode("go\n"));
    input.releaseLock();
    return { child, forwarder: forwarder.pid, hosts: HOSTS, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function until(predicate: () => boolean): Promise<void> {
  const end = performance.now() + LONGEST_WAIT;
  while (!predicate()) {
    if (performance.now() > end) throw new Error("its interface does not appear");
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

async function configure(namespace: string, device: string, mtu: number): Promise<void> {
  const batch = `
    link set lo up
    address add 10.0.2.100/24 dev ${device}
    address add fd00::100/64 dev ${device} nodad
    link set ${device} mtu ${mtu} up
    route add 0.0.0.0/0 via 10.0.2.2 dev ${device}
    route add ::/0 via fd00::2 dev ${device}`;
  await call(
    ...["nsenter", `--net=${namespace}`, "sh", "-c", 'printf %s "$1" | ip -batch -', "sh", batch],
  );
}
