/**
 * Whether a packet is the one that a script expects.
 *
 * @module
 */
import { findDifference, type OptionSpec, type PacketSpec } from "../../harness/packet_spec.ts";

const FIN = 0x01;
const PSH = 0x08;

/**
 * The first field in which `actual` is not what `expected` says, or undefined.
 *
 * @param tick Of timestamps, in microseconds; 0: they are not compared.
 * @param tolerance Of times, in microseconds.
 */
export function compare(
  expected: PacketSpec,
  actual: PacketSpec,
  tick: number,
  tolerance: number,
): string | undefined {
  if (expected.kind === "icmp" || actual.kind === "icmp") return findDifference(expected, actual);
  const difference = findDifference(expected, {
    ...actual,
    options: actual.options?.map((option) => forgive(option, expected.options, tick, tolerance)),
  });
  return difference ?? (actual.isJunk && !expected.isJunk ? "payload" : undefined);
}

/** `option`, or what was expected in its place if that is near enough. */
function forgive(
  option: OptionSpec,
  expected: readonly OptionSpec[] | undefined,
  tick: number,
  tolerance: number,
): OptionSpec {
  if (option.kind !== "TS") return option;
  const wanted = expected?.find(({ kind }) => kind === "TS");
  if (wanted?.kind !== "TS") return option;
  if (tick === 0) return wanted;
  const isNear = Math.abs((option.val - wanted.val) | 0) * tick <= tolerance;
  return isNear ? { ...option, val: wanted.val } : option;
}

/** `first` and `next` as one packet, if a device could have made them of one; else undefined. */
export function join(first: PacketSpec, next: PacketSpec, most: number): PacketSpec | undefined {
  if (first.kind !== "tcp" || next.kind !== "tcp") return undefined;
  const isSequel = ((first.start + first.length - next.start) | 0) === 0;
  const isSame = ((first.flags ^ next.flags) & ~(PSH | FIN)) === 0 && first.ack === next.ack;
  const length = first.length + next.length;
  if (!isSequel || !isSame || next.length === 0 || length > most) return undefined;
  return { ...next, start: first.start, length, isJunk: first.isJunk || next.isJunk };
}
