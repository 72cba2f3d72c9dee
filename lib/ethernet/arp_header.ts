/**
 * ARP messages, of the only kind there is: Ethernet addresses for IPv4 ones.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc826 | RFC 826}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { EtherType, type MacAddress, readMac, writeMac } from "./header.ts";

/** Length of a message, in bytes. */
export const ARP_LENGTH = 28;

/** What a message wants. */
export const ArpOperation = { Request: 1, Reply: 2 } as const;

const ETHERNET = 1;
/** Lengths of the two kinds of address: 6 and 4 bytes. */
const ADDRESS_LENGTHS = 0x0604;

const PROTOCOL_TYPE = 2;
const LENGTHS = 4;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_ADDRESS = 14;
const TARGET_MAC = 18;
const TARGET_ADDRESS = 24;

/** A message. IPv4 addresses are their 32 bits, signed. One object, reused: nobody may keep it. */
export class ArpMessage {
  /** One of {@linkcode ArpOperation}. */
  operation: number = ArpOperation.Request;
  /** Where the sender is. */
  senderMac: MacAddress = 0;
  /** Who the sender is; 0 if it does not know yet (RFC 5227 §1.1). */
  senderAddress = 0;
  /** Where the target is; means nothing in a request. */
  targetMac: MacAddress = 0;
  /** Who is meant. */
  targetAddress = 0;
}

/**
 * Reads the message in `packet`; padding may follow it.
 *
 * @returns Why `packet` holds none, or `Drop.None`.
 */
export function parseArp(message: ArpMessage, { view, start, length }: PacketBuffer): Drop {
  if (length < ARP_LENGTH) return Drop.Truncated;
  const operation = view.getUint16(start + OPERATION);
  if (
    view.getUint16(start) !== ETHERNET ||
    view.getUint16(start + PROTOCOL_TYPE) !== EtherType.Ipv4 ||
    view.getUint16(start + LENGTHS) !== ADDRESS_LENGTHS ||
    (operation !== ArpOperation.Request && operation !== ArpOperation.Reply)
  ) return Drop.Malformed;
  message.operation = operation;
  message.senderMac = readMac(view, start + SENDER_MAC);
  message.senderAddress = view.getInt32(start + SENDER_ADDRESS);
  message.targetMac = readMac(view, start + TARGET_MAC);
  message.targetAddress = view.getInt32(start + TARGET_ADDRESS);
  return Drop.None;
}

/** Appends `message` to `packet`. */
export function appendArp(message: ArpMessage, packet: PacketBuffer): void {
  const { view } = packet;
  const at = packet.append(ARP_LENGTH);
  view.setUint16(at, ETHERNET);
  view.setUint16(at + PROTOCOL_TYPE, EtherType.Ipv4);
  view.setUint16(at + LENGTHS, ADDRESS_LENGTHS);
  view.setUint16(at + OPERATION, message.operation);
  writeMac(view, at + SENDER_MAC, message.senderMac);
  view.setInt32(at + SENDER_ADDRESS, message.senderAddress);
  writeMac(view, at + TARGET_MAC, message.targetMac);
  view.setInt32(at + TARGET_ADDRESS, message.targetAddress);
}
