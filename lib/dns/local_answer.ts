/**
 * Answers for local names.
 *
 * @module
 */
// @ts-types="@types/dns-packet"
import { type Answer, decode, encode } from "dns-packet";
import { Buffer } from "node:buffer";
import { emptyAnswer, questionOf, Rcode, recordsOf, RecordType } from "./message.ts";

/** Until when an answer may be remembered, in seconds: the addresses stay as long as the guest. */
const TTL = 60;

/** The answer to `query` for a name with these addresses; undefined: there is no such name. */
export function answerLocally(
  query: Uint8Array,
  addresses: readonly string[] | undefined,
): Uint8Array<ArrayBuffer> {
  const question = questionOf(query);
  const records = question ? recordsOf(query, question.end) : [];
  const opt = records.find(({ type }) => type === RecordType.Opt);
  const answer = emptyAnswer(query, addresses ? Rcode.NoError : Rcode.NameError, question, opt);
  const message = decode(Buffer.from(answer));
  const [asked] = message.questions ?? [];
  message.answers = (addresses ?? []).flatMap((data): Answer[] => {
    const type = data.includes(":") ? "AAAA" : "A";
    return asked?.type === type ? [{ type, name: asked.name, ttl: TTL, data }] : [];
  });
  return new Uint8Array(encode(message));
}
