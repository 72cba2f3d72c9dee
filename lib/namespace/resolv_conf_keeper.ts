/**
 * Keeps a guest's resolv.conf in its place.
 *
 * Who changes the host's file mostly puts a new one in the place of the old, and
 * then the kernel takes away what is mounted on that, in every namespace. So the
 * host's file is looked at, and the guest's mounted again.
 *
 * What does that runs in all of the guest's namespaces: it finds its programs
 * where the guest might have put others.
 *
 * @module
 */
import { isPrivileged } from "./checks.ts";
import type { GuestResolvConf } from "./init.ts";
import { findSystemProgram } from "./programs.ts";
import { findResolvConf, RESOLV_CONF_SCRIPT, type ResolvConfPlace } from "./resolv_conf_mount.ts";

/** How often the host's file is looked at, in milliseconds: 0.4 ms each, of a process that is idle. */
const INTERVAL = 2000;
/** How long it may take to mount, in milliseconds; usual are 10. */
const TIMEOUT = 5000;

// Arguments: as they are named. The folder is in every /proc, and nobody looks there.
const SCRIPT = `
mount=$1 umount=$2 text=$3 target=$4 folder=$5 place=/proc/driver
${RESOLV_CONF_SCRIPT}
`;

/**
 * Keeps it until the guest has ended. Without util-linux's nsenter nothing is done.
 *
 * @param init The guest's process 1.
 */
export function keepResolvConf(
  init: number,
  { text, version }: GuestResolvConf,
  exited: Promise<unknown>,
): void {
  let current = version;
  let isBusy = false;
  const timer = setInterval(async () => {
    const place = isBusy ? undefined : findResolvConf();
    if (!place || place.version === current) return;
    isBusy = true;
    current = place.version;
    await mountAgain(init, text, place);
    isBusy = false;
  }, INTERVAL);
  const stop = () => clearInterval(timer);
  exited.then(stop, stop);
}

async function mountAgain(
  init: number,
  text: string,
  { target, folder }: ResolvConfPlace,
): Promise<void> {
  const [nsenter, sh, mount, umount] = ["nsenter", "sh", "mount", "umount"].map(findSystemProgram);
  if (!nsenter || !sh || !mount || !umount) return;
  // Of the user namespace its root is kept, which we are already.
  const user = isPrivileged() ? [] : ["--user", "--preserve-credentials"];
  const enter = [`--target=${init}`, ...user, "--net", "--mount", "--pid", "--"];
  await run(nsenter, [...enter, sh, "-c", SCRIPT, "sh", mount, umount, text, target, folder]);
}

/** Runs a program, whatever becomes of it: when it fails the guest has ended, or soon needs another. */
async function run(program: string, args: readonly string[]): Promise<void> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(TIMEOUT),
  }).spawn();
  await child.status;
}
