/**
 * DHCP messages: the fixed part, which is BOOTP's, and the options that matter.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2131#section-2 | RFC 2131 §2}
 * @module
 */
import { Drop } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type MacAddress, readMac, writeMac } from "../ethernet/header.ts";
import { appendOptions, type DhcpOption, OptionCode, readOptions } from "./options.ts";

/** What a message is about (RFC 2132 §9.6). */
export const DhcpType = {
  Discover: 1,
  Offer: 2,
  Request: 3,
  Decline: 4,
  Ack: 5,
  Nak: 6,
  Release: 7,
  Inform: 8,
} as const;
/** One of the values of {@linkcode DhcpType}. */
export type DhcpType = typeof DhcpType[keyof typeof DhcpType];

const BOOT_REQUEST = 1;
const BOOT_REPLY = 2;
const ETHERNET = 0x0106; // hardware type 1, addresses of six bytes
const MAGIC_COOKIE = 0x63_82_53_63; // RFC 2131 §3
const BROADCAST_FLAG = 0x8000;

const TRANSACTION = 4;
const FLAGS = 10;
const CLIENT_ADDRESS = 12;
const YOUR_ADDRESS = 16;
const RELAY_ADDRESS = 24;
const CLIENT_MAC = 28;
const SERVER_NAME = 44;
const BOOT_FILE = 108;
const COOKIE = 236;
const OPTIONS = 240;
/** What BOOTP clients expect, at least: some firmware drops what is shorter (RFC 1542 §2.1). */
const SHORTEST = 300;
/** A datagram that fits a frame of the usual size: nobody has more to say. */
const LONGEST = 1472;
/** Of a client's identifier: as much as fits an option. */
const LONGEST_ID = 255;

/** In option 52: where else there are options (RFC 2132 §9.3). */
const FILE_HAS_OPTIONS = 1;
const NAME_HAS_OPTIONS = 2;

/** What a client has said. IPv4 addresses are their 32 bits, signed; 0 is none. */
export interface DhcpRequest {
  /** What it is about. */
  readonly type: number;
  /** The client's number for this conversation. */
  readonly transaction: number;
  /** Whether the client cannot take unicast before it has an address. */
  readonly wantsBroadcast: boolean;
  /** The address that the client has and answers for. */
  readonly clientAddress: number;
  /** The relay through which it came. */
  readonly relayAddress: number;
  /** Where the client is. */
  readonly clientMac: MacAddress;
  /** The option "client identifier", if there was one. */
  readonly clientId: Uint8Array | undefined;
  /** The address that the client wants. */
  readonly requestedAddress: number;
  /** The server that is meant. */
  readonly serverId: number;
  /** For how long it wants an address, in seconds. */
  readonly leaseTime: number | undefined;
}

/** What a server says. */
export interface DhcpReply {
  /** What it is about. */
  readonly type: DhcpType;
  /** What it answers. */
  readonly request: DhcpRequest;
  /** The client's address to be, or 0. */
  readonly yourAddress: number;
  /** The address that the client has and keeps, or 0. */
  readonly clientAddress: number;
  /** All options but the type and the client's identifier. */
  readonly options: readonly DhcpOption[];
}

/** Reads a message from a client, which is all of `packet`; returns why it is none, otherwise. */
export function parseDhcp(packet: PacketBuffer): DhcpRequest | Drop {
  const { view, start, end, length } = packet;
  if (length < OPTIONS) return Drop.Truncated;
  if (length > LONGEST) return Drop.Malformed;
  if (
    view.getUint8(start) !== BOOT_REQUEST || view.getUint16(start + 1) !== ETHERNET ||
    view.getUint32(start + COOKIE) !== MAGIC_COOKIE
  ) return Drop.Malformed;
  const options = new Map<number, Uint8Array>();
  if (!readOptions(options, packet.bytes.subarray(start + OPTIONS, end))) return Drop.Malformed;
  const overload = byteOf(options.get(OptionCode.Overload)) ?? 0;
  const file = packet.bytes.subarray(start + BOOT_FILE, start + COOKIE);
  const name = packet.bytes.subarray(start + SERVER_NAME, start + BOOT_FILE);
  if (overload & FILE_HAS_OPTIONS && !readOptions(options, file)) return Drop.Malformed;
  if (overload & NAME_HAS_OPTIONS && !readOptions(options, name)) return Drop.Malformed;
  const type = byteOf(options.get(OptionCode.MessageType));
  if (type === undefined) return Drop.Malformed; // plain BOOTP, or nothing
  const clientId = options.get(OptionCode.ClientId);
  if (clientId && clientId.length > LONGEST_ID) return Drop.Malformed;
  return {
    type,
    transaction: view.getUint32(start + TRANSACTION),
    wantsBroadcast: (view.getUint16(start + FLAGS) & BROADCAST_FLAG) !== 0,
    clientAddress: view.getInt32(start + CLIENT_ADDRESS),
    relayAddress: view.getInt32(start + RELAY_ADDRESS),
    clientMac: readMac(view, start + CLIENT_MAC),
    clientId,
    requestedAddress: wordOf(options.get(OptionCode.RequestedAddress)) ?? 0,
    serverId: wordOf(options.get(OptionCode.ServerId)) ?? 0,
    leaseTime: wordOf(options.get(OptionCode.LeaseTime)),
  };
}

/** Appends `reply` to `packet`. */
export function appendDhcp(reply: DhcpReply, packet: PacketBuffer): void {
  const { view, bytes } = packet;
  const { request } = reply;
  const at = packet.append(OPTIONS);
  bytes.fill(0, at, packet.end);
  view.setUint8(at, BOOT_REPLY);
  view.setUint16(at + 1, ETHERNET);
  view.setUint32(at + TRANSACTION, request.transaction);
  view.setUint16(at + FLAGS, request.wantsBroadcast ? BROADCAST_FLAG : 0);
  view.setInt32(at + CLIENT_ADDRESS, reply.clientAddress);
  view.setInt32(at + YOUR_ADDRESS, reply.yourAddress);
  view.setInt32(at + RELAY_ADDRESS, request.relayAddress);
  writeMac(view, at + CLIENT_MAC, request.clientMac);
  view.setUint32(at + COOKIE, MAGIC_COOKIE);
  const { clientId } = request;
  appendOptions([
    [OptionCode.MessageType, Uint8Array.of(reply.type)],
    ...reply.options,
    ...(clientId ? [[OptionCode.ClientId, clientId] as const] : []), // RFC 6842 §3
  ], packet);
  const padding = Math.max(0, SHORTEST - (packet.end - at));
  bytes.fill(0, packet.end, packet.end + padding);
  packet.append(padding);
}

function byteOf(value: Uint8Array | undefined): number | undefined {
  return value?.length === 1 ? value[0] : undefined;
}

function wordOf(value: Uint8Array | undefined): number | undefined {
  if (value?.length !== 4) return undefined;
  return new DataView(value.buffer, value.byteOffset).getInt32(0);
}
