/**
 * DNS messages that almost mean something.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { SeededRandom } from "../../lib/base/random.ts";
import { answerAddresses } from "../../lib/dns/answer_addresses.ts";
import { isAnswerTo } from "../../lib/dns/exchange.ts";
import {
  emptyAnswer,
  HEADER_LENGTH,
  questionOf,
  Rcode,
  recordCount,
  recordsOf,
  truncate,
} from "../../lib/dns/message.ts";
import { address, answerTo, edns, query, text } from "../harness/dns.ts";
import { mutate, randomBytes } from "./bytes.ts";

const QUERY = query("some.host.example", "A", [edns(1232)]);
const ANSWERS = [
  answerTo(QUERY, [address("some.host.example", "192.0.2.1"), text("some.host.example", 300)]),
  answerTo(QUERY, [text("other.example", 600)], { additionals: [edns(512)] }),
];

/** Reads `rounds` messages; throws when something does, or steps out of its message. */
export function fuzzNames(random: SeededRandom, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    const message = someMessage(random);
    isAnswerTo(QUERY, message);
    answerAddresses(message);
    const question = questionOf(message);
    if (!question) continue;
    assert(question.end <= message.length);
    const records = recordsOf(message, question.end);
    let at = question.end;
    for (const { start, fields, end } of records) {
      assert(start === at && start < fields && fields + 10 <= end && end <= message.length);
      at = end;
    }
    const most = Math.max(question.end + 30, random.below(700));
    const cut = truncate(message, most);
    assert(cut.length <= Math.max(most, HEADER_LENGTH));
    if (cut !== message) assertEquals(recordsOf(cut, question.end).length, recordCount(cut));
    const failure = emptyAnswer(message, Rcode.Refused, question, records.at(-1));
    assertEquals(recordsOf(failure, question.end).length, recordCount(failure));
  }
}

/** Noise, or a damaged message. */
function someMessage(random: SeededRandom): Uint8Array<ArrayBuffer> {
  const dice = random.below(4);
  return dice === 3 ? randomBytes(random, 200) : mutate(random, [QUERY, ...ANSWERS][dice]!);
}
