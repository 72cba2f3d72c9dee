/**
 * One query to one name server: what UDP and TCP have in common, and TCP.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7766 | RFC 7766}
 * @module
 */
import { frame, FrameReader, writeAll } from "./framing.ts";
import {
  countOf,
  HEADER_LENGTH,
  idOf,
  isResponse,
  questionOf,
  Rcode,
  rcodeOf,
  setId,
} from "./message.ts";
import type { NameServer } from "./resolv_conf.ts";

/** Asks a name server. */
export interface Exchange {
  /**
   * Sends a query and waits for its answer.
   *
   * @param query May not change until then.
   * @param signal Ends the waiting.
   * @returns The answer, with the ID of `query`.
   */
  (
    server: NameServer,
    query: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>>;
}

/** Asks over TCP. */
export const askOverTcp: Exchange = async ({ address, port }, query, signal) => {
  using connection = await Deno.connect({ hostname: address, port, signal });
  signal.throwIfAborted(); // it may have been since
  const stop = () => connection.close();
  signal.addEventListener("abort", stop);
  try {
    const asked = withRandomId(query);
    await writeAll(connection, frame(asked));
    const answer = await new FrameReader(connection).next();
    if (!answer) throw new Error("Cannot ask over TCP: the server has closed the connection");
    if (!isAnswerTo(asked, answer)) throw new Error("Cannot ask over TCP: not the answer");
    return withIdOf(query, answer);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

/** Whether that is the answer to this query, as far as who has asked can tell (RFC 5452 §9.1). */
export function isAnswerTo(query: Uint8Array, message: Uint8Array): boolean {
  if (message.length < HEADER_LENGTH || !isResponse(message)) return false;
  if (idOf(message) !== idOf(query)) return false;
  // Servers that cannot read a query, or do not want to, may leave the question out.
  if (countOf(message, 0) === 0) return rcodeOf(message) !== Rcode.NoError;
  const asked = questionOf(query);
  const answered = questionOf(message);
  return asked !== undefined && answered !== undefined && asked.name === answered.name &&
    asked.type === answered.type && asked.class === answered.class;
}

/** A copy of `query` with an ID that nobody can guess. */
export function withRandomId(query: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = query.slice();
  crypto.getRandomValues(copy.subarray(0, 2));
  return copy;
}

/** Gives `answer` the ID of `query`, and returns it. */
export function withIdOf(
  query: Uint8Array,
  answer: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  setId(answer, idOf(query));
  return answer;
}
