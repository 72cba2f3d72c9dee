/**
 * The C library: the way to the system calls that Deno does not have.
 *
 * This is the only `Deno.dlopen` of the project. The library is opened at the
 * first use, because each function costs 0.15 ms then, on top of 0.5.
 *
 * Parameter types are chosen for speed: a JavaScript number passed to a 64-bit
 * parameter takes Deno's slow path (328 ns against 192 ns), so sizes and ioctl
 * requests are `u32` and results `i32`; nothing here moves 2 GB at once.
 *
 * @module
 */

import { SystemError } from "./system_error.ts";

const LIBRARY = "libc.so.6";

/**
 * Declares functions of the C library; each file declares those that it calls.
 *
 * @returns A function that opens them, at the first call, and returns them.
 */
export function declare<const F extends Deno.ForeignLibraryInterface>(
  functions: F,
): () => Deno.DynamicLibrary<F>["symbols"] {
  let symbols: Deno.DynamicLibrary<F>["symbols"] | undefined;
  return () => symbols ??= Deno.dlopen(LIBRARY, functions).symbols;
}

/** What many files call. Text is NUL-terminated: see {@linkcode cString}. */
export const libc = declare({
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  errnoLocation: { name: "__errno_location", parameters: [], result: "pointer" },
});

let lastError: Int32Array | undefined;

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

const variables = declare({
  environ: { type: "pointer" },
});

/** The environment of this process as the C library has it now, for posix_spawn(3). */
export function environment(): Deno.PointerValue {
  const address = variables().environ; // of the variable, not its value
  if (address === null) throw new Error("Cannot find the environment: the C library has none");
  return new Deno.UnsafePointerView(address).getPointer();
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
