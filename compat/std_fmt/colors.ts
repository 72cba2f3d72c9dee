/**
 * Stands in for `jsr:@std/fmt/colors` in a checkout: the same functions from npm's `deno-std`,
 * typed.
 *
 * @module
 */
import * as std from "npm:deno-std@1.4.0/fmt/colors.js";

type Style = (text: string) => string;

export const bold: Style = std.bold;
export const cyan: Style = std.cyan;
export const dim: Style = std.dim;
export const green: Style = std.green;
export const red: Style = std.red;
export const yellow: Style = std.yellow;
export const getColorEnabled: () => boolean = std.getColorEnabled;
export const setColorEnabled: (enabled: boolean) => void = std.setColorEnabled;
export const stripAnsiCode: Style = std.stripAnsiCode;
