/**
 * Stands in for `jsr:@std/assert` in a checkout: the same functions from npm's `deno-std`, typed.
 * Only what this repository uses; the published package imports the real one.
 *
 * @module
 */
import * as std from "npm:deno-std@1.4.0/assert/mod.js";

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

interface Throws {
  (run: () => unknown, msg?: string): unknown;
  <E extends Error>(run: () => unknown, kind: ErrorClass<E>, includes?: string, msg?: string): E;
}

interface Rejects {
  (run: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  <E extends Error>(
    run: () => PromiseLike<unknown>,
    kind: ErrorClass<E>,
    includes?: string,
    msg?: string,
  ): Promise<E>;
}

export const assert: (condition: unknown, msg?: string) => asserts condition = std.assert;
export const assertAlmostEquals: (
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
) => void = std.assertAlmostEquals;
export const assertEquals: <T>(actual: T, expected: T, msg?: string) => void = std.assertEquals;
export const assertExists: <T>(actual: T, msg?: string) => asserts actual is NonNullable<T> =
  std.assertExists;
export const assertFalse: (condition: unknown, msg?: string) => asserts condition is false =
  std.assertFalse;
export const assertGreater: <T>(actual: T, floor: T, msg?: string) => void = std.assertGreater;
export const assertGreaterOrEqual: <T>(actual: T, floor: T, msg?: string) => void =
  std.assertGreaterOrEqual;
export const assertInstanceOf: <T>(
  actual: unknown,
  kind: abstract new (...args: never[]) => T,
  msg?: string,
) => asserts actual is T = std.assertInstanceOf;
export const assertLess: <T>(actual: T, ceiling: T, msg?: string) => void = std.assertLess;
export const assertLessOrEqual: <T>(actual: T, ceiling: T, msg?: string) => void =
  std.assertLessOrEqual;
export const assertMatch: (actual: string, expected: RegExp, msg?: string) => void =
  std.assertMatch;
export const assertNotEquals: <T>(actual: T, expected: T, msg?: string) => void =
  std.assertNotEquals;
export const assertNotMatch: (actual: string, expected: RegExp, msg?: string) => void =
  std.assertNotMatch;
export const assertNotStrictEquals: <T>(actual: T, expected: T, msg?: string) => void =
  std.assertNotStrictEquals;
export const assertRejects: Rejects = std.assertRejects;
export const assertStrictEquals: <T>(
  actual: unknown,
  expected: T,
  msg?: string,
) => asserts actual is T = std.assertStrictEquals;
export const assertStringIncludes: (actual: string, expected: string, msg?: string) => void =
  std.assertStringIncludes;
export const assertThrows: Throws = std.assertThrows;
export const fail: (msg?: string) => never = std.fail;
export const unreachable: (msg?: string) => never = std.unreachable;
