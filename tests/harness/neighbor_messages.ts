/**
 * Messages of Neighbor Discovery in frames, written and read without the code
 * under test.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  type Bytes,
  frame,
  GUEST_MAC,
  ip,
  ipText,
  join,
  mac,
  macText,
  OUR_MAC,
  packet,
  sum,
  u32,
} from "./frames.ts";

/** The guest's address. */
export const GUEST = "fd00::64";
/** Another of the guest's. */
export const LINK_LOCAL = "fe80::64";
/** An address of ours. */
export const GATEWAY = "fd00::2";
/** Another of ours. */
export const ROUTER = "fe80::2";
/** Who has no address yet. */
export const NOBODY = "::";
/** Everybody. */
export const ALL_NODES = "ff02::1";
/** Where everybody is. */
export const ALL_NODES_MAC = "33:33:00:00:00:01";
/** Types of messages. */
export const [RS, RA, NS, NA, REDIRECT] = [133, 134, 135, 136, 137] as const;
/** Types of options. */
export const [SOURCE_MAC, TARGET_MAC] = [1, 2] as const;

/** A message; `rest` is all behind the checksum. */
export interface Message {
  readonly type: number;
  readonly code?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly hopLimit?: number;
  readonly from?: string;
  readonly rest: Uint8Array;
}

/** A frame with a message. */
export function message(given: Message): Bytes {
  const { type, code = 0, source = GUEST, destination = GATEWAY, hopLimit = 255, rest } = given;
  const { from = GUEST_MAC } = given;
  const body = join(type, code, 0, 0, rest);
  const data = packet({ source, destination, protocol: 58, hopLimit, data: body, checksumAt: 2 });
  return frame({ from, type: 0x86dd, data });
}

/** An option that says where somebody is. */
export function option(kind: number, address: string): number[] {
  return [kind, 1, ...mac(address)];
}

/** Who asks for `target`, and says where it is. */
export function solicitation(
  target: string,
  given: Partial<Message> & { readonly options?: readonly number[] } = {},
): Bytes {
  const { options = option(SOURCE_MAC, given.from ?? GUEST_MAC) } = given;
  return message({ type: NS, rest: join(u32(0), ip(target), options), ...given });
}

/** Who asks for `target` because it wants it for itself (RFC 4862 §5.4.2). */
export function probe(target: string, options: readonly number[] = []): Bytes {
  const group = join(ip("ff02::1:ff00:0").slice(0, 13), ip(target).slice(13));
  return solicitation(target, { source: NOBODY, destination: ipText(group), options });
}

/** Who says where `target` is. */
export function advertisement(
  target: string,
  flags: number,
  options: readonly number[] = option(TARGET_MAC, GUEST_MAC),
  given: Partial<Message> = {},
): Bytes {
  return message({ type: NA, rest: join(u32(flags), ip(target), options), ...given });
}

/** The message in a frame of ours; what is around it must be right. */
/** A frame with a message. */
export function messageIn(frame: Uint8Array) {
  assertEquals(macText(frame.subarray(6, 14)), `${OUR_MAC}:86:dd`);
  const bytes = join(frame.subarray(14));
  const view = new DataView(bytes.buffer);
  const body = bytes.subarray(40);
  assertEquals([bytes[0], view.getUint16(4), bytes[6], bytes[7]], [0x60, body.length, 58, 255]);
  const pseudo = join(bytes.subarray(8, 40), u32(body.length), u32(58));
  assertEquals(sum(join(pseudo, body)), 0xffff);
  return {
    to: macText(frame.subarray(0, 6)),
    source: ipText(bytes.subarray(8, 24)),
    destination: ipText(bytes.subarray(24, 40)),
    type: body[0],
    code: body[1],
    rest: body.subarray(4),
  };
}
