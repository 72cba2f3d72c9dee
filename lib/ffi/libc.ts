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
  return () => {
    if (symbols === undefined) {
      symbols = Deno.dlopen(LIBRARY, functions).symbols;
      findLastError();
    }
    return symbols;
  };
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

let isLastErrorFound = false;

/**
 * errno(3) of this thread: `lastError[0]` is the number of the error of the call that failed last.
 * Of no use after a nonblocking call, which another thread has made.
 *
 * To be read where the call was made, before any function is called or returns. For there V8
 * compiles, collects garbage, and takes locks, and these calls of its own leave their errors here:
 * ENOENT instead of EINPROGRESS once in some thousand processes, when the first lock that was
 * taken already has it read the processor's frequency from a file that there is not.
 */
export let lastError: Int32Array = new Int32Array(1);

function findLastError(): void {
  if (isLastErrorFound) return;
  isLastErrorFound = true;
  const location = libc().errnoLocation();
  if (location === null) throw new Error("Cannot read errno: the C library has none");
  lastError = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
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
 * Hands `result` back unless it says that the call has failed. The number of the error, which is
 * for people to read, may be another one's: see {@linkcode lastError}.
 *
 * @param action What is being done, as it goes on after "Cannot".
 * @throws {SystemError} If `result` is negative.
 */
export function checked(action: string, call: string, result: number): number {
  if (result < 0) throw new SystemError(action, call, lastError[0]!);
  return result;
}
