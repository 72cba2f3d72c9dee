/**
 * Stands in for `jsr:@cliffy/command` in a checkout, so that headgate runs where JSR is out of
 * reach: the part of Cliffy 1.2's API that `lib/cli/` uses, with its behaviour and its error texts.
 * The published package imports the real one.
 *
 * @module
 */
export { type ActionHandler, Command } from "./command.ts";
export type { Option } from "./option.ts";
export { ValidationError } from "./validation_error.ts";
