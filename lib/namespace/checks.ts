/**
 * What a machine must offer to a guest, item by item, and what to do about each
 * item that it lacks. A set-up that fails is explained with the same words.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { copyDescriptor } from "../ffi/process.ts";
import { SystemError } from "../ffi/system_error.ts";
import { describeAccess, openTun, TUN_PATH } from "../ffi_tun.ts";
import { type InitTools, unshareWords } from "./init.ts";
import { findSystemProgram } from "./programs.ts";

/** One thing that a machine offers or lacks. */
export interface Check {
  /** What is asked for, in a few words. */
  readonly name: string;
  /** Whether it is there. */
  readonly ok: boolean;
  /** What is the case. */
  readonly detail: string;
  /** What to do about it, if it is not there. */
  readonly remedy?: string;
  /** Whether guests do without it. @default {false} */
  readonly isOptional?: boolean;
}

/** Debian's names of the packages that the tools are in; most others call them the same. */
const PACKAGES: Readonly<Record<keyof InitTools, string>> = {
  sh: "dash",
  unshare: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
  umount: "mount",
  mkdir: "coreutils",
  ip: "iproute2",
};

/** Options that the small versions of these tools lack, BusyBox's for example. */
const OPTIONS_NEEDED: Readonly<Record<string, readonly string[]>> = {
  unshare: ["--map-root-user", "--propagation", "--pid"],
  setpriv: ["--pdeathsig"],
  ip: ["-batch"],
};

// linux/capability.h
const CAP_NET_ADMIN = 12;
const CAP_SYS_ADMIN = 21;

/** Whether we may make namespaces without a user namespace, as root usually may. */
export function isPrivileged(): boolean {
  const status = Deno.readTextFileSync("/proc/self/status");
  const effective = BigInt("0x" + (/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"));
  return [CAP_NET_ADMIN, CAP_SYS_ADMIN].every((bit) => effective >> BigInt(bit) & 1n);
}

/** The tools of the set-up, or the check that fails because one is missing. */
export function findTools(): InitTools | Check {
  const names = Object.keys(PACKAGES) as (keyof InitTools)[];
  const found = new Map(names.map((name) => [name, findSystemProgram(name)]));
  const at = (name: keyof InitTools) => found.get(name) ?? "";
  const missing = names.filter((name) => at(name) === "");
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
    return {
      name: "tools",
      ok: false,
      detail: `${missing.join(" and ")} cannot be found`,
      remedy: `install ${packages.join(" and ")}`,
    };
  }
  return {
    sh: at("sh"),
    unshare: at("unshare"),
    setpriv: at("setpriv"),
    mount: at("mount"),
    umount: at("umount"),
    mkdir: at("mkdir"),
    ip: at("ip"),
  };
}

/** Looks at everything that a guest needs, in the order in which it is needed. Takes about 50 ms. */
export async function checkRequirements(): Promise<readonly Check[]> {
  const tools = findTools();
  if ("ok" in tools) return [checkKernel(), checkTun(), tools];
  return [
    checkKernel(),
    checkTun(),
    await checkTools(tools),
    checkDescriptorCopy(),
    ...await checkNamespaces(tools),
  ];
}

function checkKernel(): Check {
  const release = Deno.osRelease();
  const name = "Linux 5.6";
  if (Deno.build.os !== "linux") {
    return { name, ok: false, detail: `this is ${Deno.build.os}`, remedy: "use a Linux machine" };
  }
  const [major = 0, minor = 0] = release.split(".").map((part) => parseInt(part));
  const ok = major > 5 || (major === 5 && minor >= 6);
  const detail = `the kernel is ${release}`;
  return ok
    ? { name, ok, detail }
    : { name, ok, detail, remedy: "use a newer kernel: this one lacks pidfd_getfd" };
}

function checkTun(): Check {
  const name = "TUN device";
  try {
    libc().close(openTun());
    return { name, ok: true, detail: `${TUN_PATH} opens (${describeAccess(TUN_PATH)})` };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const { detail, remedy } = error.reason;
    const check = { name, ok: false, detail: `${TUN_PATH}: ${detail}` };
    return remedy === undefined ? check : { ...check, remedy };
  }
}

async function checkTools(tools: InitTools): Promise<Check> {
  const name = "tools";
  for (const [tool, options] of Object.entries(OPTIONS_NEEDED)) {
    const path = tools[tool as keyof InitTools];
    const help = await run([path, tool === "ip" ? "-help" : "--help"]);
    const missing = options.filter((option) => !help.text.includes(option.replace(/^-+/, "")));
    if (missing.length > 0) {
      const detail = `${path} has no ${missing.join(" and no ")}`;
      const remedy = `install ${PACKAGES[tool as keyof InitTools]}`;
      return { name, ok: false, detail, remedy };
    }
  }
  return { name, ok: true, detail: Object.values(tools).join(", ") };
}

/** Yama forbids taking descriptors of one's own descendants only at its strictest. */
function checkDescriptorCopy(): Check {
  const name = "taking a descriptor (pidfd_getfd)";
  const scope = readSetting("kernel/yama/ptrace_scope");
  if (scope === 3) {
    const detail = "kernel.yama.ptrace_scope is 3, which forbids it to everybody";
    const remedy = "set it to 2 or less where it is set at boot, and boot anew";
    return { name, ok: false, detail, remedy };
  }
  try {
    libc().close(copyDescriptor(Deno.pid, 0));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const remedy = "let the container's seccomp profile allow pidfd_open and pidfd_getfd";
    return { name, ok: false, detail: `${error.call} answers ${error.code}`, remedy };
  }
  const detail = scope === undefined ? "no Yama" : `kernel.yama.ptrace_scope is ${scope}`;
  return { name, ok: true, detail };
}

/** Really makes namespaces: who forbids it is not always where one would look. */
async function checkNamespaces(tools: InitTools): Promise<readonly Check[]> {
  const privileged = isPrivileged();
  const user: Check = privileged
    ? { name: "user namespace", ok: true, detail: "not needed: we are privileged" }
    : await checkUserNamespace(tools);
  if (!user.ok) return [user];
  const attempt = (...words: string[]) => run(unshareWords(tools.unshare, !privileged, words));
  const made = await attempt(tools.sh, "-c", ":");
  const name = "network, mount and PID namespaces";
  if (!made.ok) return [user, { name, ok: false, detail: made.text, remedy: CONTAINER_REMEDY }];
  const mounted = await attempt(tools.mount, "-t", "proc", "proc", "/proc");
  const detail = mounted.ok
    ? "and /proc of their own"
    : `without /proc of their own, so guests see processes outside: ${mounted.text}`;
  return [user, { name, ok: true, detail }];
}

const CONTAINER_REMEDY = "if this is a container, start it with --privileged, " +
  "or with --security-opt seccomp=unconfined --security-opt apparmor=unconfined";

async function checkUserNamespace(tools: InitTools): Promise<Check> {
  const name = "user namespace";
  const made = await run([tools.unshare, "--user", "--map-root-user", tools.sh, "-c", ":"]);
  return made.ok
    ? { name, ok: true, detail: "an ordinary user may make one" }
    : { name, ok: false, ...explainUserNamespace(made.text) };
}

function explainUserNamespace(text: string): { detail: string; remedy: string } {
  const sysctl = (setting: string, value: number) => `as root, "sysctl -w ${setting}=${value}"`;
  if (readSetting("user/max_user_namespaces") === 0) {
    return {
      detail: "user.max_user_namespaces is 0",
      remedy: sysctl("user.max_user_namespaces", 10_000),
    };
  }
  if (readSetting("kernel/unprivileged_userns_clone") === 0) {
    return {
      detail: "kernel.unprivileged_userns_clone is 0",
      remedy: sysctl("kernel.unprivileged_userns_clone", 1),
    };
  }
  if (readSetting("kernel/apparmor_restrict_unprivileged_userns") === 1) {
    return {
      detail: "AppArmor restricts them to programs with a profile",
      remedy: sysctl("kernel.apparmor_restrict_unprivileged_userns", 0) +
        `, or a profile with "userns," for ${Deno.execPath()}`,
    };
  }
  return { detail: text, remedy: CONTAINER_REMEDY };
}

/** A number below /proc/sys, or undefined if this kernel has no such setting. */
function readSetting(path: string): number | undefined {
  const text = readSettingText(path);
  return text === undefined ? undefined : Number(text);
}

/** A setting below /proc/sys as text, or undefined if this kernel has no such setting. */
export function readSettingText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/sys/${path}`);
  } catch {
    return undefined;
  }
}

/** Runs a tool; its text is what it printed, on one line. */
async function run(words: readonly string[]): Promise<{ ok: boolean; text: string }> {
  const [path = "", ...args] = words;
  const { success, stdout, stderr } = await new Deno.Command(path, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  return { ok: success, text: text.trim().replaceAll(/\s*\n\s*/g, "; ") };
}
