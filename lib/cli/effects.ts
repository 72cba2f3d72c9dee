/**
 * What the commands do to the world, in one object, so that tests can put another in its place.
 *
 * @module
 */
import type { Check } from "../namespace/requirements.ts";
import type { RunOptions } from "./run_options.ts";

/** The world as the commands see it. */
export interface Effects {
  /** Writes `text` and a line end to standard output. */
  print(text: string): void;
  /** Writes `text` and a line end to standard error. */
  printError(text: string): void;
  /** The value of the environment variable `name`. */
  env(name: string): string | undefined;
  /**
   * Runs the command behind the stack.
   *
   * @returns Its exit code.
   */
  run(options: RunOptions): Promise<number>;
  /** Checks what the machine offers. */
  checkMachine(): Promise<readonly Check[]>;
}

/** The real world. What only one command needs is loaded when that command runs. */
export const systemEffects: Effects = {
  // deno-lint-ignore no-console -- standard output is what this is for
  print: (text) => console.log(text),
  // deno-lint-ignore no-console -- standard error is what this is for
  printError: (text) => console.error(text),
  env: (name) => Deno.env.get(name),
  run: async (options) => (await import("./run.ts")).run(options),
  checkMachine: async () => (await import("../namespace/requirements.ts")).checkMachine(),
};
