/**
 * The C library: the way to the system calls that Deno does not have.
 *
 * This is the only `Deno.dlopen` of the project. The library is opened at the
 * first use, because that takes 4 ms (0.15 for each function) that `--help` can do without.
 *
 * Parameter types are chosen for speed: a JavaScript number passed to a 64-bit
 * parameter takes Deno's slow path (328 ns against 192 ns), so sizes and ioctl
 * requests are `u32` and results `i32`; nothing here moves 2 GB at once.
 *
 * @module
 */

import { SystemError } from "./system_error.ts";

const FUNCTIONS = {
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  ioctlValue: { name: "ioctl", parameters: ["i32", "u32", "u32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** On a thread of its own: errno of this one cannot be read. */
  poll: { parameters: ["buffer", "u32", "i32"], result: "i32", nonblocking: true },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  inetPton: { name: "inet_pton", parameters: ["i32", "buffer", "buffer"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "u32", "u32", "u32", "u32"], result: "i32" },
  posixSpawn: {
    name: "posix_spawn",
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "pointer"],
    result: "i32",
  },
  spawnAttributesInit: { name: "posix_spawnattr_init", parameters: ["buffer"], result: "i32" },
  spawnAttributesSetFlags: {
    name: "posix_spawnattr_setflags",
    parameters: ["buffer", "i32"],
    result: "i32",
  },
  spawnAttributesSetSigDefault: {
    name: "posix_spawnattr_setsigdefault",
    parameters: ["buffer", "buffer"],
    result: "i32",
  },
  spawnFileActionsInit: {
    name: "posix_spawn_file_actions_init",
    parameters: ["buffer"],
    result: "i32",
  },
  spawnFileActionsDestroy: {
    name: "posix_spawn_file_actions_destroy",
    parameters: ["buffer"],
    result: "i32",
  },
  spawnFileActionsAddDup2: {
    name: "posix_spawn_file_actions_adddup2",
    parameters: ["buffer", "i32", "i32"],
    result: "i32",
  },
  /** For calls whose arguments are all `int`. */
  syscall: { parameters: ["i32", "i32", "i32", "i32"], result: "i32" },
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" },
} as const;

/** The functions of the C library. Text is NUL-terminated: see {@linkcode cString}. */
export type Libc = Deno.DynamicLibrary<typeof FUNCTIONS>["symbols"];

const LIBRARY = "libc.so.6";

let library: Libc | undefined;
let lastError: Int32Array | undefined;

/** The functions of the C library. */
export function libc(): Libc {
  return library ??= Deno.dlopen(LIBRARY, FUNCTIONS).symbols;
}

/**
 * The error number of the call that this thread made last and that failed.
 * Of no use after a nonblocking call, which another thread has made.
 */
export function errno(): number {
  lastError ??= openErrno();
  return lastError[0]!; // an array of one
}

function openErrno(): Int32Array {
  const location = libc().errnoLocation();
  if (location === null) throw new Error("Cannot read errno: the C library has none");
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
}

/** The environment of this process as the C library has it now, for `posix_spawn`. */
export function environment(): Deno.PointerValue {
  // Opened anew because Deno reads a variable's value once, when it opens the library.
  return Deno.dlopen(LIBRARY, { environ: { type: "pointer" } }).symbols.environ;
}

/** `text` as C has it: UTF-8 with a zero byte behind it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(
      `Cannot pass ${JSON.stringify(text)} to the kernel: it has a zero byte in it`,
    );
  }
  return new TextEncoder().encode(text + "\0");
}

/**
 * Hands `result` back unless it says that the call has failed.
 *
 * @param action What is being done, as it goes on after "Cannot".
 * @throws {SystemError} If `result` is negative.
 */
export function checked(action: string, call: string, result: number): number {
  if (result < 0) throw new SystemError(action, call, errno());
  return result;
}
