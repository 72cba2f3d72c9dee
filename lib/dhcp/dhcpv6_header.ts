/**
 * DHCPv6 messages between client and server: a type, a number, and options of a
 * code, a length and so many bytes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8415#section-8 | RFC 8415 §8}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";

/** Types of messages that we know. */
export const Dhcpv6Type = { Reply: 7, InformationRequest: 11 } as const;

/** Codes of the options that we read or write (RFC 8415 §21; RFC 3646 §3). */
export const Dhcpv6Option = {
  ClientId: 1,
  ServerId: 2,
  NonTemporaryAddress: 3,
  TemporaryAddress: 4,
  NameServers: 23,
  PrefixDelegation: 25,
  RefreshTime: 32,
} as const;

const HEADER_LENGTH = 4;
const OPTION_HEADER_LENGTH = 4;
const TRANSACTION_BITS = 0xff_ffff;

/** A message. */
export interface Dhcpv6Message {
  /** One of {@linkcode Dhcpv6Type}, or another. */
  readonly type: number;
  /** The client's number for this conversation, 24 bits. */
  readonly transaction: number;
  /** Options by their codes; of one that comes twice, the first. */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/** Reads the message that is all of `packet`; returns why there is none, otherwise. */
export function parseDhcpv6(
  { view, bytes, start, end, length }: PacketBuffer,
): Dhcpv6Message | Drop {
  if (length < HEADER_LENGTH) return Drop.Truncated;
  const options = new Map<number, Uint8Array>();
  for (let at = start + HEADER_LENGTH; at < end;) {
    if (at + OPTION_HEADER_LENGTH > end) return Drop.Malformed;
    const code = view.getUint16(at);
    const from = at + OPTION_HEADER_LENGTH;
    at = from + view.getUint16(at + 2);
    if (at > end) return Drop.Malformed;
    if (!options.has(code)) options.set(code, bytes.slice(from, at));
  }
  const word = view.getUint32(start);
  return { type: word >>> 24, transaction: word & TRANSACTION_BITS, options };
}

/** Appends `message` to `packet`. */
export function appendDhcpv6(
  { type, transaction, options }: Dhcpv6Message,
  packet: PacketBuffer,
): void {
  const { view, bytes } = packet;
  view.setUint32(packet.append(HEADER_LENGTH), type * 2 ** 24 + transaction);
  for (const [code, value] of options) {
    const at = packet.append(OPTION_HEADER_LENGTH + value.length);
    view.setUint16(at, code);
    view.setUint16(at + 2, value.length);
    bytes.set(value, at + OPTION_HEADER_LENGTH);
  }
}
