/**
 * DNS messages as bytes: where their parts are.
 *
 * What is only passed on is never decoded and encoded again, so that types and
 * options that nobody here knows stay whole; to answer, to shorten and to
 * compare it is enough to know where a part begins and ends.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-4 | RFC 1035 §4}
 * @module
 */

/** The header of a message (RFC 1035 §4.1.1). */
export const HEADER_LENGTH = 12;
/** The longest message over UDP to who does not say more (RFC 1035 §4.2.1). */
export const PLAIN_UDP_SIZE = 512;

/** Response codes (RFC 1035 §4.1.1). */
export const Rcode = {
  NoError: 0,
  FormatError: 1,
  ServerFailure: 2,
  NameError: 3,
  NotImplemented: 4,
  Refused: 5,
} as const;
/** One of the values of {@linkcode Rcode}. */
export type Rcode = typeof Rcode[keyof typeof Rcode];

/** Types of records and questions that mean something here. */
export const RecordType = { Opt: 41, Ixfr: 251, Axfr: 252 } as const;

// Offsets in the header, and bits of the two bytes of flags.
const FLAGS = 2, COUNTS = 4, ADDITIONAL_COUNT = 10;
const RESPONSE = 0x80, TRUNCATED = 0x02, RECURSION_AVAILABLE = 0x80;
/** Opcode and RD, which an answer repeats; CD, of the second byte, too (RFC 4035 §3.2.2). */
const REPEATED_FIRST = 0x79, REPEATED_SECOND = 0x10;
/** Of OPT's TTL: "DNSSEC OK", which an answer repeats (RFC 3225 §3). */
const DNSSEC_OK = 0x80;
const OPT_LENGTH = 11;
/** The size that servers recommend: no path fragments it (DNS flag day 2020). */
const OWN_UDP_SIZE = 1232;
const POINTER = 0xc0;

/** The question of a message. */
export interface Question {
  /** The name as people write it, in lower case, without its last dot; `"."` for the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The offset behind it. */
  readonly end: number;
}

/** Where a record is. */
export interface RecordPlace {
  /** 0: an answer, 1: an authority, 2: additional. */
  readonly section: 0 | 1 | 2;
  readonly type: number;
  readonly start: number;
  /** Offset of its type; TTL and length come after it. */
  readonly fields: number;
  readonly end: number;
}

/** Whether a message answers, rather than asks. */
export function isResponse(message: Uint8Array): boolean {
  return (message[FLAGS]! & RESPONSE) !== 0;
}

/** Whether a message was cut because it would not fit. */
export function isTruncated(message: Uint8Array): boolean {
  return (message[FLAGS]! & TRUNCATED) !== 0;
}

/** What is asked for: 0 for an ordinary query. */
export function opcodeOf(message: Uint8Array): number {
  return message[FLAGS]! >> 3 & 0x0f;
}

/** The response code, without the bits that are in OPT. */
export function rcodeOf(message: Uint8Array): number {
  return message[FLAGS + 1]! & 0x0f;
}

/** The ID of a message. */
export function idOf(message: Uint8Array): number {
  return message[0]! << 8 | message[1]!;
}

/** Writes the ID of a message. */
export function setId(message: Uint8Array, id: number): void {
  message[0] = id >> 8;
  message[1] = id;
}

/** How many questions (0), answers (1), authorities (2) or additional records (3) a message has. */
export function countOf(message: Uint8Array, part: 0 | 1 | 2 | 3): number {
  return read16(message, COUNTS + 2 * part);
}

/** The only question of a message, or undefined if it has another number of them or a broken one. */
export function questionOf(message: Uint8Array): Question | undefined {
  if (message.length < HEADER_LENGTH || countOf(message, 0) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_LENGTH;
  for (;;) {
    const length = message[at];
    // Nothing comes before the question that a pointer could point to; RFC 1035 §2.3.4: 255 bytes.
    if (length === undefined || length > 63 || at - HEADER_LENGTH > 254) return undefined;
    at++;
    if (length === 0) break;
    if (at + length > message.length) return undefined;
    labels.push(formatLabel(message.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  const name = labels.length === 0 ? "." : labels.join(".");
  return { name, type: read16(message, at), class: read16(message, at + 2), end: at + 4 };
}

/** A label as people write it (RFC 1035 §5.1), in lower case (RFC 4343 §3). */
function formatLabel(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    if (byte <= 0x20 || byte >= 0x7f) text += `\\${byte.toString().padStart(3, "0")}`;
    else if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`; // . and \
    else text += String.fromCharCode(byte);
  }
  return text.toLowerCase();
}

/**
 * The records behind the question that ends at `at`.
 *
 * @returns Fewer than the header says when the message is broken.
 */
export function recordsOf(message: Uint8Array, at: number): RecordPlace[] {
  const records: RecordPlace[] = [];
  for (const section of [0, 1, 2] as const) {
    const count = countOf(message, section + 1 as 1 | 2 | 3);
    for (let index = 0; index < count; index++) {
      const fields = skipName(message, at);
      if (fields === undefined || fields + 10 > message.length) return records;
      const end = fields + 10 + read16(message, fields + 8);
      if (end > message.length) return records;
      records.push({ section, type: read16(message, fields), start: at, fields, end });
      at = end;
    }
  }
  return records;
}

/** How many records the header says there are. */
export function recordCount(message: Uint8Array): number {
  return countOf(message, 1) + countOf(message, 2) + countOf(message, 3);
}

function skipName(message: Uint8Array, at: number): number | undefined {
  for (let length = message[at]; length !== undefined; length = message[at]) {
    if (length === 0) return at + 1;
    if (length >= POINTER) return at + 2;
    if (length > 63) return undefined;
    at += 1 + length;
  }
  return undefined;
}

/** The size that the sender of a message with this OPT record takes over UDP (RFC 6891 §6.2.3). */
export function udpSizeOf(message: Uint8Array, opt: RecordPlace | undefined): number {
  return opt ? Math.max(PLAIN_UDP_SIZE, read16(message, opt.fields + 2)) : PLAIN_UDP_SIZE;
}

/**
 * An answer without records.
 *
 * @param question Of the query, if it can be read.
 * @param opt Of the query, if it has one: then the answer has one, too (RFC 6891 §6.1.1).
 */
export function emptyAnswer(
  query: Uint8Array,
  rcode: Rcode,
  question?: Question,
  opt?: RecordPlace,
): Uint8Array<ArrayBuffer> {
  const end = question?.end ?? HEADER_LENGTH;
  const answer = new Uint8Array(end + (opt ? OPT_LENGTH : 0));
  answer.set(query.subarray(0, end));
  answer[FLAGS] = RESPONSE | query[FLAGS]! & REPEATED_FIRST;
  answer[FLAGS + 1] = RECURSION_AVAILABLE | query[FLAGS + 1]! & REPEATED_SECOND | rcode;
  answer.fill(0, COUNTS, HEADER_LENGTH);
  if (question) answer[COUNTS + 1] = 1;
  if (!opt) return answer;
  answer[ADDITIONAL_COUNT + 1] = 1;
  answer[end + 2] = RecordType.Opt;
  answer[end + 3] = OWN_UDP_SIZE >> 8;
  answer[end + 4] = OWN_UDP_SIZE & 0xff;
  answer[end + 7] = query[opt.fields + 6]! & DNSSEC_OK;
  return answer;
}

/**
 * Cuts an answer to `most` bytes and says so in it: whole records from the
 * front are kept, and OPT. Some resolvers never ask by TCP and take what there is.
 *
 * @returns The same answer when it fits.
 */
export function truncate(answer: Uint8Array<ArrayBuffer>, most: number): Uint8Array<ArrayBuffer> {
  if (answer.length <= most) return answer;
  const end = questionOf(answer)?.end ?? HEADER_LENGTH;
  const records = recordsOf(answer, end);
  const opt = records.find(({ section, type, start, end: optEnd }) =>
    section === 2 && type === RecordType.Opt && end + optEnd - start <= most
  );
  const room = most - (opt ? opt.end - opt.start : 0);
  const counts = [0, 0, 0];
  let kept = end;
  for (const record of records) {
    if (record === opt || record.end > room) break;
    kept = record.end;
    counts[record.section]!++;
  }
  const cut = new Uint8Array(kept + (opt ? opt.end - opt.start : 0));
  cut.set(answer.subarray(0, kept));
  if (opt) {
    cut.set(answer.subarray(opt.start, opt.end), kept);
    counts[2]!++;
  }
  cut[FLAGS]! |= TRUNCATED;
  for (const [section, count] of counts.entries()) write16(cut, COUNTS + 2 + 2 * section, count);
  return cut;
}

function read16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}
