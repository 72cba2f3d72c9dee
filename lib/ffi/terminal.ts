/**
 * The controlling terminal: whose keys it sends signals for.
 *
 * @module
 */

import { cString, declare, libc } from "./libc.ts";

const calls = declare({
  tcsetpgrp: { parameters: ["i32", "i32"], result: "i32" },
  sigprocmask: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

const O_RDWR = 0o2;
const O_CLOEXEC = 0o2000000;
const SIGTTOU = 22;
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGSET_LENGTH = 128;

/** Whether the terminal sends the signals of its keys to our process group. */
export function isInForeground(): boolean {
  const { group, foreground } = processGroups();
  return group === foreground;
}

/**
 * Makes our process group the one that may read from the terminal and that it
 * sends signals to. A program that leaves the terminal to a group that has
 * ended, as an interactive shell in a PID namespace does, stops those after it.
 */
export function takeForeground(): void {
  const terminal = libc().open(cString("/dev/tty"), O_RDWR | O_CLOEXEC, 0);
  if (terminal < 0) return; // there is none any more
  const before = new Uint8Array(SIGSET_LENGTH);
  const blocked = new Uint8Array(SIGSET_LENGTH);
  new DataView(blocked.buffer).setUint32(0, 1 << (SIGTTOU - 1), true);
  // Who is not in the foreground is sent SIGTTOU for this, and stops, unless it is blocked.
  calls().sigprocmask(SIG_BLOCK, blocked, before);
  calls().tcsetpgrp(terminal, processGroups().group);
  calls().sigprocmask(SIG_SETMASK, before, new Uint8Array(SIGSET_LENGTH));
  libc().close(terminal);
}

function processGroups(): { group: number; foreground: number } {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  // After the name, which is in parentheses: state, ppid, pgrp, session, tty, tpgid
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { group: Number(group), foreground: Number(foreground) };
}
