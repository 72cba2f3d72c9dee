/**
 * DNS messages for tests, made and read by a library that headgate's own reading
 * is compared with.
 *
 * @module
 */
// @ts-types="@types/dns-packet"
import {
  type Answer,
  decode,
  type DecodedPacket,
  encode,
  type Packet,
  type RecordType,
} from "dns-packet";
import { Buffer } from "node:buffer";

/** "I take so many bytes over UDP". */
export function edns(udpPayloadSize: number, flags = 0, option?: number): Answer {
  const options = option === undefined ? [] : [{ code: option, data: Buffer.alloc(9) }];
  return { type: "OPT", name: ".", udpPayloadSize, flags, options } as unknown as Answer;
}

/** A query for `name`, with recursion desired. */
export function query(
  name: string,
  type: RecordType = "A",
  additionals: Answer[] = [],
): Uint8Array<ArrayBuffer> {
  return bytesOf({
    type: "query",
    id: 0x1234,
    flags: 0x0100,
    questions: [{ type, name }],
    additionals,
  });
}

/** The answer to `query` with these records. */
export function answerTo(
  query: Uint8Array,
  answers: Answer[] = [],
  more: { readonly rcode?: number; readonly flags?: number; readonly additionals?: Answer[] } = {},
): Uint8Array<ArrayBuffer> {
  const { id = 0, questions = [] } = read(query);
  const { rcode = 0, flags = 0, additionals = [] } = more;
  return bytesOf({
    type: "response",
    id,
    flags: 0x0180 | flags | rcode,
    questions,
    answers,
    additionals,
  });
}

/** A record of type A. */
export function address(name: string, data: string): Answer {
  return { type: "A", name, ttl: 60, data };
}

/** A record of type TXT that is `length` bytes and some more. */
export function text(name: string, length: number): Answer {
  const pieces = Array.from({ length: Math.ceil(length / 250) }, () => "x".repeat(250));
  return { type: "TXT", name, ttl: 60, data: pieces };
}

/** What a message says. */
export function read(message: Uint8Array): DecodedPacket & { readonly rcode: string } {
  const packet: DecodedPacket & { rcode?: string } = decode(Buffer.from(message));
  return { ...packet, rcode: packet.rcode ?? "" };
}

function bytesOf(packet: Packet): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(packet));
}
