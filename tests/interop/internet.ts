/**
 * An internet of the test's own: namespaces with two routers and a host of
 * servers, and the host on which headgate runs.
 *
 *     headgate's host        near router           far router          servers
 *     192.0.2.2      ------- .1        .5 ------- .6        .1 ------- 198.51.100.53, .80
 *     2001:db8:0:1::2        ::1  0:2::1          ::2    1::1          2001:db8:1::53, ::80
 *
 * All of it belongs to one process, and ends with it: the namespaces have no
 * names on the machine, the process ends with its input, and its PID namespace
 * takes the servers along. Whatever becomes of the test, nothing is left.
 *
 * @module
 */
import { NAME_SERVER, SERVER } from "./addresses.ts";
import { eventually } from "./machine.ts";
import { interopTest, type Needs, type Outcome, type RunSettings, type Scene } from "./harness.ts";

// Argument: the resolv.conf of headgate's host. "/run" is fresh, since services of the machine
// listen there, and names of namespaces are kept there. Duplicate addresses are not looked for,
// as that takes a second; routers answer as often as they are asked.
const SCRIPT = `
set -e
mount --bind "$1" /etc/resolv.conf
mount -t tmpfs -o mode=755 run /run
settings='for setting; do echo "\${setting#*=}" >"/proc/sys/net/\${setting%%=*}"; done'
quick='ipv6/conf/all/accept_dad=0 ipv6/conf/default/accept_dad=0'
forward='ipv4/ip_forward=1 ipv6/conf/all/forwarding=1 ipv4/icmp_ratelimit=0 ipv6/icmp/ratelimit=0'
sh -c "$settings" sh $quick "ipv4/ping_group_range=0 2147483647"
for name in near far servers; do ip netns add $name; done
for name in near far; do ip netns exec $name sh -c "$settings" sh $quick $forward; done
ip netns exec servers sh -c "$settings" sh $quick
ip -batch - <<END
link set lo up
link add out index 20 type veth peer name in index 10 netns near
address add 192.0.2.2/30 dev out
address add 2001:db8:0:1::2/64 dev out
link set out up
END
ip -netns near -batch - <<END
link set lo up
link add out index 21 type veth peer name in index 11 netns far
address add 192.0.2.1/30 dev in
address add 2001:db8:0:1::1/64 dev in
address add 192.0.2.5/30 dev out
address add 2001:db8:0:2::1/64 dev out
link set in up
link set out up
route add 198.51.100.0/24 via 192.0.2.6
route add 203.0.113.0/24 via 192.0.2.6
END
ip -netns far -batch - <<END
link set lo up
link add out index 22 type veth peer name in index 12 netns servers
address add 192.0.2.6/30 dev in
address add 2001:db8:0:2::2/64 dev in
address add 198.51.100.1/24 dev out
address add 2001:db8:1::1/64 dev out
link set in up
link set out up
route add 192.0.2.0/30 via 192.0.2.5
route add 2001:db8:0:1::/64 via 2001:db8:0:2::1
END
ip -netns servers -batch - <<END
link set lo up
address add ${NAME_SERVER.ipv4}/24 dev in
address add ${NAME_SERVER.ipv6}/64 dev in
address add ${SERVER.ipv4}/24 dev in
address add ${SERVER.ipv6}/64 dev in
link set in up
route add default via 198.51.100.1
route add default via 2001:db8:1::1
END
ip route add default via 192.0.2.1
ip route add default via 2001:db8:0:1::1
ip -netns near -6 route add default via 2001:db8:0:2::2
read -r pid rest </proc/self/stat
echo "@ready $pid"
read -r rest
`;

/** Which protocol a server listens for. */
export type Transport = "tcp" | "udp";

/** See the module's description. */
export class Internet implements AsyncDisposable {
  /** The words before those of a program that is to run where headgate does. */
  readonly host: readonly string[];
  readonly #servers: readonly string[];
  readonly #far: readonly string[];
  readonly #root: Deno.ChildProcess;
  readonly #started: Deno.ChildProcess[] = [];

  private constructor(root: Deno.ChildProcess, pid: string) {
    const enter = ["nsenter", "--target", pid, "--mount"];
    this.host = [...enter, "--net", "--"];
    this.#servers = [...enter, "--pid", "--", "ip", "netns", "exec", "servers"];
    this.#far = [...enter, "--", "ip", "netns", "exec", "far"];
    this.#root = root;
  }

  /** Makes one; `folder` gets files that it needs. */
  static async open(folder: string): Promise<Internet> {
    const resolvConf = `${folder}/resolv.conf`;
    await Deno.writeTextFile(resolvConf, `nameserver ${NAME_SERVER.ipv4}\n`);
    const root = new Deno.Command("unshare", {
      args: [
        ...["--mount", "--net", "--pid", "--fork", "--kill-child", "--"],
        ...["sh", "-c", SCRIPT, "internet", resolvConf],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    let said = "";
    for await (const text of root.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      const pid = /@ready (\d+)\n/.exec(said)?.[1];
      if (pid !== undefined) return new Internet(root, pid);
    }
    await root.stdin.close();
    throw new Error(`Cannot make an internet: ${(await root.status).code} after "${said}"`);
  }

  /** Starts a server; resolves when somebody listens on `port`. */
  async serve(words: readonly string[], transport: Transport, port: number): Promise<void> {
    const [program = "", ...args] = [...this.#servers, ...words];
    const server = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#started.push(server);
    await eventually(async () => {
      const said = await this.onServers(["ss", "-Hln", `--${transport}`, `sport = :${port}`]);
      if (said === "") throw new Error(`Nobody listens on port ${port}: ${words.join(" ")}`);
    }, 20_000);
  }

  /** Runs a program where headgate runs; returns what it says. */
  onHost(words: readonly string[]): Promise<string> {
    return call([...this.host, ...words]);
  }

  /** Runs a program where the servers are; returns what it says. */
  onServers(words: readonly string[]): Promise<string> {
    return call([...this.#servers, ...words]);
  }

  /** Lets the link between the far router and the servers carry no more than `mtu` bytes. */
  async narrow(mtu: number): Promise<void> {
    const set = (device: string) => ["ip", "link", "set", device, "mtu", `${mtu}`];
    await this.onServers(set("in"));
    await call([...this.#far, ...set("out")]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#root.stdin.close();
    await Promise.all([this.#root, ...this.#started].map((process) => process.status));
  }
}

async function call([program = "", ...args]: readonly string[]): Promise<string> {
  const output = await new Deno.Command(program, { args, stderr: "inherit" }).output();
  if (!output.success) throw new Error(`Cannot run ${args.join(" ")}: exit ${output.code}`);
  return new TextDecoder().decode(output.stdout);
}

/** What a test in an internet of its own has. */
export interface Trip {
  readonly scene: Scene;
  readonly internet: Internet;
  /** Runs `headgate run` with `command` until it ends. */
  readonly run: (command: readonly string[], settings?: RunSettings) => Promise<Outcome>;
}

/** Registers a test that runs headgate in an internet of its own, one for each user. */
export function internetTest(
  name: string,
  needs: Needs,
  body: (trip: Trip) => Promise<void>,
): void {
  const programs = [...needs.programs ?? [], "nsenter", "ss"];
  interopTest(name, { ...needs, programs, needsRoot: true }, async (scene) => {
    await using internet = await Internet.open(scene.folder);
    const run: Trip["run"] = (command, settings = {}) =>
      scene.run(command, { ...settings, prefix: internet.host });
    await body({ scene, internet, run });
  });
}

/** The words that run a program of this folder. */
const programWords = (name: string, ...args: string[]): string[] => [
  ...[Deno.execPath(), "run", "-A", "--quiet"],
  ...[new URL(name, import.meta.url).pathname, ...args],
];

/** Serves a page over HTTP, whatever it is asked for; returns its text. */
export async function servePage({ scene, internet }: Trip): Promise<string> {
  const text = Array.from({ length: 100_000 }, (_, line) => `line ${line}\n`).join("");
  const file = `${scene.folder}/page`;
  await Deno.writeTextFile(file, text);
  await internet.serve(programWords("web_server.ts", "80", file), "tcp", 80);
  return text;
}

/** Serves the names of `internet.test`. */
export async function serveNames({ internet }: Trip): Promise<void> {
  const { ipv4, ipv6 } = NAME_SERVER;
  await internet.serve(programWords("name_server.ts", ipv4, ipv6), "udp", 53);
}
