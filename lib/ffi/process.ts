/**
 * Child processes that begin with descriptors of our choice, and what one can
 * do with a process through a descriptor for it (pidfd).
 *
 * Deno.Command gives a child three descriptors and node:child_process, which
 * can give more, takes 20 ms to load; posix_spawn(3) takes 1 ms. It runs on the
 * calling thread, which is the process's main thread, so a child that asks for
 * a signal at its parent's death (prctl(2), PR_SET_PDEATHSIG) gets it when the
 * process ends and not when some thread of a pool does.
 *
 * @module
 */

import { checked, cString, declare, environment, libc } from "./libc.ts";
import { untilReadable } from "./poll.ts";
import { SystemError } from "./system_error.ts";

const calls = declare({
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "u32", "u32", "u32", "u32"], result: "i32" },
  /** For calls whose arguments are all `int`. */
  syscall: { parameters: ["i32", "i32", "i32", "i32"], result: "i32" },
  spawn: {
    name: "posix_spawn",
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "pointer"],
    result: "i32",
  },
  attributesInit: { name: "posix_spawnattr_init", parameters: ["buffer"], result: "i32" },
  attributesSetFlags: {
    name: "posix_spawnattr_setflags",
    parameters: ["buffer", "i32"],
    result: "i32",
  },
  attributesSetSigDefault: {
    name: "posix_spawnattr_setsigdefault",
    parameters: ["buffer", "buffer"],
    result: "i32",
  },
  fileActionsInit: {
    name: "posix_spawn_file_actions_init",
    parameters: ["buffer"],
    result: "i32",
  },
  fileActionsDestroy: {
    name: "posix_spawn_file_actions_destroy",
    parameters: ["buffer"],
    result: "i32",
  },
  fileActionsAddClose: {
    name: "posix_spawn_file_actions_addclose",
    parameters: ["buffer", "i32"],
    result: "i32",
  },
  /** Since glibc 2.34. */
  fileActionsAddCloseFrom: {
    name: "posix_spawn_file_actions_addclosefrom_np",
    parameters: ["buffer", "i32"],
    result: "i32",
    optional: true,
  },
  fileActionsAddDup2: {
    name: "posix_spawn_file_actions_adddup2",
    parameters: ["buffer", "i32", "i32"],
    result: "i32",
  },
});

// System call numbers, the same on all machines.
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

const F_DUPFD_CLOEXEC = 1030;
const WNOHANG = 1;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const SIGPIPE = 13;
const PR_SET_CHILD_SUBREAPER = 36;

// glibc's posix_spawnattr_t has 336 bytes, its posix_spawn_file_actions_t 80, its sigset_t 128.
const SPAWN_ATTRIBUTES_LENGTH = 512;
const FILE_ACTIONS_LENGTH = 256;
const SIGSET_LENGTH = 128;
const POINTER_LENGTH = 8;

/** The numbers below are for {@linkcode SpawnOptions.descriptors}. */
const FIRST_FREE_DESCRIPTOR = 10;
/** Behind standard input, output and error. */
const FIRST_CLOSED_DESCRIPTOR = 3;

/** A child process to be. */
export interface SpawnOptions {
  /** Path of the program. */
  readonly path: string;
  /** What it sees as its words, the first of which is its own name. */
  readonly words: readonly string[];
  /**
   * Descriptors of ours by the number, 0 to 9, that the child has them under.
   * It has our standard input, output and error where nothing else is said, and nothing besides:
   * a socket that somebody left open for us would be a way past the namespace.
   */
  readonly descriptors: ReadonlyMap<number, number>;
}

/**
 * Starts a child process with our environment and working directory. SIGPIPE
 * does to it what it does by default, which Deno has changed for itself. Its
 * end has to be waited for: see {@linkcode untilEnd}.
 *
 * @returns Its process ID.
 * @throws {SystemError} If the program cannot be executed.
 */
export function spawn({ path, words, descriptors }: SpawnOptions): number {
  const action = `start ${path}`;
  // Copies, all above the numbers that the child uses, so that none is overwritten too early.
  const copies = [...descriptors].map(([number, descriptor]) => {
    const copy = libc().fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR);
    return { number, copy: checked(action, "fcntl(F_DUPFD_CLOEXEC)", copy) };
  });
  const fileActions = new Uint8Array(FILE_ACTIONS_LENGTH);
  calls().fileActionsInit(fileActions);
  for (const { number, copy } of copies) {
    calls().fileActionsAddDup2(fileActions, copy, number);
  }
  for (let number = FIRST_CLOSED_DESCRIPTOR; number < FIRST_FREE_DESCRIPTOR; number++) {
    if (!descriptors.has(number)) calls().fileActionsAddClose(fileActions, number);
  }
  calls().fileActionsAddCloseFrom?.(fileActions, FIRST_FREE_DESCRIPTOR);
  const pid = new Int32Array(1);
  const error = calls().spawn(
    new Uint8Array(pid.buffer),
    cString(path),
    fileActions,
    spawnAttributes(),
    cStrings(words),
    environment(),
  );
  calls().fileActionsDestroy(fileActions);
  for (const { copy } of copies) libc().close(copy);
  if (error !== 0) throw new SystemError(action, "posix_spawn", error);
  return pid[0]!; // an array of one
}

function spawnAttributes(): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(SPAWN_ATTRIBUTES_LENGTH);
  const defaults = new Uint8Array(SIGSET_LENGTH);
  new DataView(defaults.buffer).setUint32(0, 1 << (SIGPIPE - 1), true);
  calls().attributesInit(attributes);
  calls().attributesSetFlags(attributes, POSIX_SPAWN_SETSIGDEF);
  calls().attributesSetSigDefault(attributes, defaults);
  return attributes;
}

/** A `char *[]`: pointers to texts that are in the same buffer, behind them. */
function cStrings(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = texts.map(cString);
  const start = (texts.length + 1) * POINTER_LENGTH;
  const bytes = new Uint8Array(encoded.reduce((length, text) => length + text.length, start));
  const address = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
  const view = new DataView(bytes.buffer);
  let at = start;
  for (const [index, text] of encoded.entries()) {
    view.setBigUint64(index * POINTER_LENGTH, address + BigInt(at), true);
    bytes.set(text, at);
    at += text.length;
  }
  return bytes;
}

/** Ends a child process that has not been waited for yet, at once. */
export function killChild(pid: number): void {
  Deno.kill(pid, "SIGKILL");
}

/**
 * The process ID of a process's oldest child.
 *
 * @returns Undefined if it has none, or does not exist.
 */
export function oldestChild(pid: number): number | undefined {
  try {
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    return children === "" ? undefined : parseInt(children);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Ends a child process that has one child itself and waits for it, and takes
 * its place: the grandchild becomes our child, and does not notice.
 *
 * @returns The process ID of the grandchild.
 * @throws {SystemError} If we may not take it.
 */
export function replaceByChild(pid: number): number {
  const action = `take the place of process ${pid}`;
  const child = oldestChild(pid);
  if (child === undefined) throw new Error(`Cannot ${action}: it has no child`);
  const adopt = (yes: number) => calls().prctl(PR_SET_CHILD_SUBREAPER, yes, 0, 0, 0);
  // Orphans are ours only for this moment: nobody would wait for other ones.
  checked(action, "prctl(PR_SET_CHILD_SUBREAPER)", adopt(1));
  killChild(pid);
  calls().waitpid(pid, new Uint8Array(4), 0);
  adopt(0);
  return child;
}

/**
 * Waits for the end of a child process.
 *
 * @returns Its exit status as a shell has it: 128 + n if it died of signal n.
 */
export async function untilEnd(pid: number): Promise<number> {
  const pidfd = openProcess(pid);
  try {
    await untilReadable(pidfd);
  } finally {
    libc().close(pidfd);
  }
  const status = new Int32Array(1);
  const result = calls().waitpid(pid, new Uint8Array(status.buffer), WNOHANG);
  checked(`learn how process ${pid} ended`, "waitpid", result);
  const signal = status[0]! & 0x7f; // an array of one
  return signal === 0 ? (status[0]! >> 8) & 0xff : 128 + signal;
}

/**
 * Takes a copy of a descriptor that another process has open.
 *
 * @throws {SystemError} If we may not look into that process.
 */
export function copyDescriptor(pid: number, descriptor: number): number {
  const action = `take descriptor ${descriptor} of process ${pid}`;
  const pidfd = openProcess(pid);
  try {
    return checked(action, "pidfd_getfd", calls().syscall(PIDFD_GETFD, pidfd, descriptor, 0));
  } finally {
    libc().close(pidfd);
  }
}

function openProcess(pid: number): number {
  return checked(`open process ${pid}`, "pidfd_open", calls().syscall(PIDFD_OPEN, pid, 0, 0));
}
