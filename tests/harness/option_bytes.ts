/**
 * The options of a segment as bytes, written and read without the code under test.
 *
 * @module
 */
import type { OptionSpec } from "./packet_spec.ts";

/** Makes relative numbers absolute, or the other way round. */
export type Renumber = (option: OptionSpec & { readonly kind: "sack" | "TS" }) => OptionSpec;

const EOL = 0;
const NOP = 1;
const MSS = 2;
const WINDOW_SCALE = 3;
const SACK_PERMITTED = 4;
const SACK = 5;
const TIMESTAMPS = 8;

/** `options` as bytes, in their order, padded with EOL to a multiple of four. */
export function encodeOptions(options: readonly OptionSpec[], renumber: Renumber): Uint8Array {
  const bytes = options.flatMap((option) => encode(isNumbered(option) ? renumber(option) : option));
  while (bytes.length % 4 !== 0) bytes.push(EOL);
  return Uint8Array.from(bytes);
}

/** The options in `bytes`. What cannot be an option ends the list as raw bytes. */
export function decodeOptions(bytes: Uint8Array, renumber: Renumber): OptionSpec[] {
  const options: OptionSpec[] = [];
  for (let at = 0; at < bytes.length;) {
    const kind = bytes[at];
    if (kind === EOL) break;
    const length = kind === NOP ? 1 : bytes[at + 1] ?? 0;
    const option = length === 0 || at + length > bytes.length
      ? undefined
      : decode(bytes.subarray(at, at + length));
    if (!option) return [...options, { kind: "raw", bytes: [...bytes.subarray(at)] }];
    options.push(isNumbered(option) ? renumber(option) : option);
    at += length;
  }
  return options;
}

function isNumbered(option: OptionSpec): option is OptionSpec & { kind: "sack" | "TS" } {
  return option.kind === "sack" || option.kind === "TS";
}

function encode(option: OptionSpec): number[] {
  switch (option.kind) {
    case "eol":
      return [EOL];
    case "nop":
      return [NOP];
    case "mss":
      return [MSS, 4, option.value >> 8, option.value & 0xff];
    case "wscale":
      return [WINDOW_SCALE, 3, option.value];
    case "sackOK":
      return [SACK_PERMITTED, 2];
    case "sack":
      return [SACK, 2 + 8 * option.blocks.length, ...option.blocks.flat().flatMap(wordBytes)];
    case "TS":
      return [TIMESTAMPS, 10, ...wordBytes(option.val), ...wordBytes(option.ecr)];
    case "raw":
      return [...option.bytes];
    case "foreign":
      throw new RangeError(`Cannot write the option "${option.name}": only its name is known`);
  }
}

function decode(bytes: Uint8Array): OptionSpec | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  switch (bytes[0]) {
    case NOP:
      return { kind: "nop" };
    case MSS:
      return length === 4 ? { kind: "mss", value: view.getUint16(2) } : undefined;
    case WINDOW_SCALE:
      return length === 3 ? { kind: "wscale", value: view.getUint8(2) } : undefined;
    case SACK_PERMITTED:
      return length === 2 ? { kind: "sackOK" } : undefined;
    case SACK:
      return length > 2 && length % 8 === 2
        ? { kind: "sack", blocks: decodeBlocks(view) }
        : undefined;
    case TIMESTAMPS:
      if (length !== 10) return undefined;
      return { kind: "TS", val: view.getUint32(2), ecr: view.getUint32(6) };
    default:
      return undefined;
  }
}

function decodeBlocks(view: DataView): [number, number][] {
  const blocks: [number, number][] = [];
  for (let at = 2; at < view.byteLength; at += 8) {
    blocks.push([view.getUint32(at), view.getUint32(at + 4)]);
  }
  return blocks;
}

function wordBytes(word: number): number[] {
  return [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff];
}
