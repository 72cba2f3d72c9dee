/**
 * Stands in for `jsr:@std/fmt/duration` in a checkout: the same function from npm's `deno-std`,
 * typed.
 *
 * @module
 */
import * as std from "npm:deno-std@1.4.0/fmt/duration.js";

export interface FormatOptions {
  style?: "narrow" | "digital" | "full";
  ignoreZero?: boolean;
}

export const format: (milliseconds: number, options?: FormatOptions) => string = std.format;
