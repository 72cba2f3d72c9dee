/**
 * All that can be compared: headgate, its peers, and no namespace at all.
 *
 * @module
 */
import { DENO_RUN } from "../../tests/interop/deno_run.ts";
import { Unprivileged } from "../../tests/interop/unprivileged.ts";
import { HOSTS, startAttached } from "./attached.ts";
import { type Backend, call, kill, Missing, needProgram, spawn } from "./backend.ts";

const CLI = new URL("../../cli.ts", import.meta.url).pathname;
const GVISOR_SOURCE = new URL("./gvisor/main.go", import.meta.url).pathname;
/** Where Debian's packages put the sources of Go libraries. */
const GO_PATH = "/usr/share/gocode";

/** Makes a backend ready, or throws {@linkcode Missing}; in the order of the columns. */
export const BACKENDS: Readonly<Record<string, (folder: string) => Promise<Backend>>> = {
  headgate,
  pasta,
  slirp4netns,
  gvisor,
  direct,
};

async function headgate(): Promise<Backend> {
  const { default: { version } } = await import("../../deno.json", { with: { type: "json" } });
  const run = [Deno.execPath(), ...DENO_RUN, CLI, "run"];
  const words = (...options: string[]) => [...run, "--quiet", "--host-loopback", ...options, "--"];
  return {
    name: "headgate",
    version: `${version}, Deno ${Deno.version.deno}`,
    program: Deno.realPathSync(Deno.execPath()),
    start({ mtu, command }) {
      const child = spawn([...words("--mtu", String(mtu), "--interface", "hg0"), ...command]);
      return Promise.resolve({ child, forwarder: child.pid, hosts: HOSTS, end: () => kill(child) });
    },
    wholeRuns: { "as root": [...words(), "true"], ...rootlessRun() },
  };
}

/** Only root can become somebody else. */
function rootlessRun(): Record<string, readonly string[]> {
  if (!/^ *0 +0 +4294967295$/m.test(Deno.readTextFileSync("/proc/self/uid_map"))) return {};
  const { words, deno, cli, environment } = Unprivileged.one(CLI);
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const run = [deno, ...DENO_RUN, cli, "run", "--quiet", "--", "true"];
  return { rootless: [...words, "env", ...variables, ...run] };
}

async function pasta(): Promise<Backend> {
  const program = needProgram("pasta");
  const ports = ["-t", "none", "-u", "none", "-T", "none", "-U", "none"];
  const addresses = ["-a", "10.0.2.100", "-n", "24", "-g", HOSTS[4], "-a", "fd00::100"];
  return {
    name: "pasta",
    version: await packageVersion("passt"),
    program: Deno.realPathSync(program), // and it goes on as the one for the machine's processor
    start: (settings) =>
      startAttached("pasta0", settings, (namespace, mtu) => [
        ...[program, "--foreground", "--quiet", "--stderr", "--runas", "0", ...ports],
        ...[...addresses, "-g", HOSTS[6], "--mtu", String(mtu), "--ns-ifname", "pasta0"],
        ...["--netns-only", "--netns", namespace],
      ]),
  };
}

async function slirp4netns(): Promise<Backend> {
  const program = needProgram("slirp4netns");
  const version = await call(program, "--version");
  return {
    name: "slirp4netns",
    version: [/version (\S+)/, /libslirp: (\S+)/].map((what) => what.exec(version)?.[1])
      .join(", libslirp "),
    program: Deno.realPathSync(program),
    start: (settings) =>
      startAttached("slirp0", settings, (namespace, mtu) => [
        ...[program, "--mtu", String(mtu), "--enable-ipv6", "--netns-type", "path"],
        ...[namespace, "slirp0"],
      ]),
  };
}

/** Built each time; Go keeps what it has compiled. */
async function gvisor(folder: string): Promise<Backend> {
  const go = needProgram("go");
  const version = await packageVersion("golang-gvisor-gvisor-dev");
  const program = `${folder}/gvisor-forwarder`;
  await call(
    ...["env", "GO111MODULE=off", `GOPATH=${GO_PATH}`, "GOFLAGS="],
    ...[go, "build", "-o", program, GVISOR_SOURCE],
  );
  return {
    name: "gvisor",
    version,
    program: Deno.realPathSync(program),
    start: (settings) =>
      startAttached("gvisor0", settings, (namespace, mtu) => [
        ...[program, namespace, "gvisor0", String(mtu)],
      ]),
  };
}

/** The same work on loopback: what the machine itself can do. */
function direct(): Promise<Backend> {
  return Promise.resolve({
    name: "direct",
    version: "no namespace, loopback",
    program: undefined,
    start({ command }) {
      const child = spawn(command);
      const hosts = { 4: "127.0.0.1", 6: "::1" };
      return Promise.resolve({ child, forwarder: undefined, hosts, end: () => kill(child) });
    },
  });
}

async function packageVersion(name: string): Promise<string> {
  try {
    return await call("dpkg-query", "--show", "--showformat=${Version}", name);
  } catch {
    throw new Missing(`no package ${name} on this machine`);
  }
}
