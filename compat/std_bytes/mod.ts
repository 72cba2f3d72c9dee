/**
 * Stands in for `jsr:@std/bytes` in a checkout: the same functions from npm's `deno-std`, typed.
 *
 * @module
 */
import * as std from "npm:deno-std@1.4.0/bytes/mod.js";

export const concat: (parts: readonly Uint8Array[]) => Uint8Array<ArrayBuffer> = std.concat;
export const equals: (a: Uint8Array, b: Uint8Array) => boolean = std.equals;
