/**
 * One query to one name server, over UDP or TCP, from the host.
 *
 * Every query over UDP has a socket and an ID of its own, so that who wants to
 * forge the answer has to guess 32 bits; what is not from that server, with
 * that ID and to that question is not the answer.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5452 | RFC 5452}
 * @module
 */
import { formatAddress, parseAddress } from "../text/address.ts";
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

/** Asks over UDP. */
export const askOverUdp: Exchange = async (server, query, signal) => {
  // Most guests ask for no name at all: what it takes is loaded by the first that does.
  const { createSocket } = await import("node:dgram");
  signal.throwIfAborted();
  const asked = withRandomId(query);
  const { address, port } = server;
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort);
  const from = withoutZone(address);
  try {
    socket.on("error", reject);
    socket.on("message", (bytes, sender) => {
      if (sender.port !== port || withoutZone(sender.address) !== from) return;
      const message = new Uint8Array(bytes);
      if (isAnswerTo(asked, message)) resolve(message);
    });
    socket.send(asked, port, address, (error) => error && reject(error));
    return withIdOf(query, await promise);
  } finally {
    signal.removeEventListener("abort", abort);
    socket.close();
  }
};

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

function withRandomId(query: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = query.slice();
  crypto.getRandomValues(copy.subarray(0, 2));
  return copy;
}

function withIdOf(
  query: Uint8Array,
  answer: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  setId(answer, idOf(query));
  return answer;
}

/** The same for all forms of an address. */
function withoutZone(address: string): string {
  return formatAddress(parseAddress(address.split("%")[0] ?? ""));
}
