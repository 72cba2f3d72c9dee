/**
 * A program: the authoritative name server of `internet.test`, over UDP and TCP.
 * Arguments: the addresses to listen at.
 *
 * @module
 */
// @ts-types="@types/dns-packet"
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import { SERVER } from "./addresses.ts";

const PORT = 53;
const TTL = 60;
/** The longest answer over UDP to who does not say more (RFC 1035 §4.2.1). */
const PLAIN_UDP_SIZE = 512;
/** Response codes (RFC 1035 §4.1.1). */
const SERVER_FAILURE = 2, NAME_ERROR = 3, REFUSED = 5;

const web = (name: string, ...families: ("A" | "AAAA")[]): Answer[] =>
  families.map((type) => ({
    name,
    type,
    ttl: TTL,
    data: type === "A" ? SERVER.ipv4 : SERVER.ipv6,
  }));
const alias = (name: string, data: string): Answer => ({ name, type: "CNAME", ttl: TTL, data });

/** What there is; names of `FAILING` apart. */
const ZONE: readonly Answer[] = [
  ...web("web.internet.test", "A", "AAAA"),
  ...web("ipv4.internet.test", "A"),
  ...web("ipv6.internet.test", "AAAA"),
  alias("alias.internet.test", "further.internet.test"),
  alias("further.internet.test", "web.internet.test"),
  { name: "text.internet.test", type: "TXT", ttl: TTL, data: ["one", "two words"] },
  {
    name: "long.internet.test",
    type: "TXT",
    ttl: TTL,
    data: Array.from({ length: 12 }, (_, at) => String(at).padStart(250, ".")),
  },
  {
    name: "_web._tcp.internet.test",
    type: "SRV",
    ttl: TTL,
    data: { priority: 10, weight: 20, port: 80, target: "web.internet.test" },
  },
  {
    name: "internet.test",
    type: "MX",
    ttl: TTL,
    data: { preference: 5, exchange: "web.internet.test" },
  },
];
/** Names for which the server fails. */
const FAILING = new Map([
  ["broken.internet.test", SERVER_FAILURE],
  ["refused.internet.test", REFUSED],
]);

/** The answer to `query`, cut down to `limit` bytes. */
function answer(query: Uint8Array, limit: number): Uint8Array {
  const { id = 0, flags = 0, questions = [], additionals = [] } = decode(Buffer.from(query));
  const [question] = questions;
  const name = question?.name.toLowerCase() ?? "";
  const opt = additionals.find((record) => record.type === "OPT");
  const answers = find(name, question?.type ?? "A");
  const isKnown = ZONE.some((record) => record.name === name);
  const rcode = FAILING.get(name) ?? (isKnown ? 0 : NAME_ERROR);
  const response: Packet = {
    type: "response",
    id,
    flags: flags & 0x0100 | AUTHORITATIVE_ANSWER | rcode,
    questions,
    answers,
    ...(opt && { additionals: [{ type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0 }] }),
  } as Packet;
  const encoded = encode(response);
  const most = Math.min(limit, opt ? Math.max(opt.udpPayloadSize, PLAIN_UDP_SIZE) : PLAIN_UDP_SIZE);
  if (limit === Infinity || encoded.length <= most) return encoded;
  const truncated = (response.flags ?? 0) | TRUNCATED_RESPONSE;
  return encode({ ...response, flags: truncated, answers: [] });
}

/** The records of a name and a type, and the aliases on the way there. */
function find(name: string, type: string): Answer[] {
  return ZONE.filter((record) => record.name === name).flatMap((record) => {
    if (record.type === type) return [record];
    return record.type === "CNAME" ? [record, ...find(record.data, type)] : [];
  });
}

function serveDatagrams(address: string): void {
  const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (query, { port, address }) => {
    socket.send(answer(query, 4096), port, address);
  });
  socket.bind(PORT, address);
}

async function serveStreams(hostname: string): Promise<void> {
  for await (const connection of Deno.listen({ hostname, port: PORT })) {
    serveStream(connection).catch(() => {}); // the client has reset it
  }
}

/** Answers one query after the other, each behind its length (RFC 1035 §4.2.2). */
async function serveStream(connection: Deno.TcpConn): Promise<void> {
  let waiting = new Uint8Array();
  for await (const piece of connection.readable) {
    waiting = new Uint8Array([...waiting, ...piece]);
    for (;;) {
      const length = waiting.length < 2 ? Infinity : new DataView(waiting.buffer).getUint16(0);
      if (waiting.length < 2 + length) break;
      const reply = answer(waiting.subarray(2, 2 + length), Infinity);
      const framed = new Uint8Array([reply.length >> 8, reply.length & 0xff, ...reply]);
      for (let at = 0; at < framed.length;) at += await connection.write(framed.subarray(at));
      waiting = waiting.slice(2 + length);
    }
  }
}

for (const address of Deno.args) {
  serveDatagrams(address);
  serveStreams(address);
}
