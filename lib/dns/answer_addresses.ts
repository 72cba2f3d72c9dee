/**
 * The addresses in an answer: what a name stands for, for as long as it does.
 *
 * @module
 */
import type { IpAddress } from "../ip/address.ts";
import { ipv4 } from "../ip/address.ts";
import { questionOf, recordsOf } from "./message.ts";

/** An address that an answer has, of the name asked for or of one that it is an alias of. */
export interface AnswerAddress {
  /** The address. */
  readonly address: IpAddress;
  /** For how many seconds it holds (RFC 1035 §3.2.1). */
  readonly ttl: number;
}

const TYPE_A = 1, TYPE_AAAA = 28;
/** Behind the type of a record: class, TTL, length, data. */
const CLASS = 2, TTL = 4, DATA = 10;
const INTERNET = 1;

/** The addresses among the answers of a message, in its order. */
export function answerAddresses(message: Uint8Array): AnswerAddress[] {
  const question = questionOf(message);
  if (!question) return [];
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  return recordsOf(message, question.end).flatMap(({ section, type, fields, end }) => {
    if (section !== 0 || view.getUint16(fields + CLASS) !== INTERNET) return [];
    const at = fields + DATA;
    const ttl = view.getUint32(fields + TTL);
    if (type === TYPE_A && end - at === 4) return [{ address: ipv4(view.getInt32(at)), ttl }];
    if (type !== TYPE_AAAA || end - at !== 16) return [];
    const word = (index: number) => view.getInt32(at + 4 * index);
    return [{ address: { w0: word(0), w1: word(1), w2: word(2), w3: word(3) }, ttl }];
  });
}
