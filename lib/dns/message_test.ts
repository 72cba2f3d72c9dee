// @ts-types="@types/dns-packet"
import { type Answer, decode, encode, type Packet } from "dns-packet";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  emptyAnswer,
  isTruncated,
  questionOf,
  Rcode,
  rcodeOf,
  recordCount,
  recordsOf,
  truncate,
  udpSizeOf,
} from "./message.ts";

const OPT = {
  type: "OPT",
  name: ".",
  udpPayloadSize: 1400,
  flags: 0x8000,
  options: [],
} as unknown as Answer;

function bytesOf(packet: Packet): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode(packet));
}

function query(name: string, ...additionals: Answer[]): Uint8Array<ArrayBuffer> {
  return bytesOf({ type: "query", id: 7, questions: [{ type: "A", name }], additionals });
}

function answer(count: number, ...additionals: Answer[]): Uint8Array<ArrayBuffer> {
  const name = "host.example";
  return bytesOf({
    type: "response",
    id: 7,
    questions: [{ type: "A", name }],
    answers: Array.from({ length: count }, (_, at) => ({ type: "A", name, data: `192.0.2.${at}` })),
    additionals,
  });
}

Deno.test("A question is found, its name in lower case and with escapes (RFC 1035 §5.1, RFC 4343)", () => {
  const found = (bytes: Uint8Array) => questionOf(bytes)?.name;
  assertEquals(found(query("Host.EXAMPLE")), "host.example");
  assertEquals(found(query(".")), ".");
  const odd = query("aaaa.example");
  odd.set([0x2e, 0x5c, 0x00, 0xff], 13);
  assertEquals(found(odd), "\\.\\\\\\000\\255.example");
  assertEquals(questionOf(query("a.example"))?.type, 1);
  assertEquals(questionOf(query("a.example"))?.end, query("a.example").length);
});

Deno.test("No question is found where it is broken, or not the only one (RFC 1035 §4.1.2)", () => {
  const broken = (change: (bytes: Uint8Array) => void) => {
    const bytes = query("host.example");
    change(bytes);
    return questionOf(bytes);
  };
  assertEquals(broken((bytes) => bytes[5] = 0), undefined);
  assertEquals(broken((bytes) => bytes[5] = 2), undefined);
  assertEquals(broken((bytes) => bytes[4] = 1), undefined);
  assertEquals(broken((bytes) => bytes[12] = 0xc0), undefined, "a pointer");
  assertEquals(broken((bytes) => bytes[12] = 64), undefined, "a long label");
  for (let length = 0; length < query("host.example").length; length++) {
    assertEquals(questionOf(query("host.example").subarray(0, length)), undefined, `${length}`);
  }
  const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;
  assertEquals(questionOf(query(longest))?.name, longest);
  assertEquals(questionOf(query(`${longest}d`)), undefined, "256 bytes");
});

Deno.test("Who sends no EDNS takes 512 bytes over UDP, and nobody less (RFC 1035 §4.2.1, RFC 6891 §6.2.3)", () => {
  const size = (bytes: Uint8Array) =>
    udpSizeOf(bytes, recordsOf(bytes, questionOf(bytes)?.end ?? 0).at(-1));
  assertEquals(size(query("a.example")), 512);
  assertEquals(size(query("a.example", OPT)), 1400);
  assertEquals(size(query("a.example", { ...OPT, udpPayloadSize: 100 } as Answer)), 512);
});

Deno.test("An error repeats the question, and has OPT if the query has (RFC 6891 §6.1.1)", () => {
  const asked = query("Host.example", OPT);
  const question = questionOf(asked);
  assert(question);
  const [opt] = recordsOf(asked, question.end);
  const made = decode(Buffer.from(emptyAnswer(asked, Rcode.NameError, question, opt)));
  assertEquals(made.type, "response");
  assertEquals(made.id, 7);
  assertEquals((made as { rcode?: string }).rcode, "NXDOMAIN");
  assertEquals(made.questions?.[0]?.name, "Host.example");
  assertEquals(made.additionals?.length, 1);
  assertEquals((made.additionals?.[0] as { flag_do?: boolean }).flag_do, true);
  const plain = emptyAnswer(
    query("a.example"),
    Rcode.ServerFailure,
    questionOf(query("a.example")),
  );
  assertEquals(rcodeOf(plain), Rcode.ServerFailure);
  assertEquals(decode(Buffer.from(plain)).additionals, []);
});

Deno.test("An answer that fits is left alone", () => {
  const whole = answer(3);
  assertEquals(truncate(whole, whole.length), whole);
});

Deno.test("An answer that does not fit is cut to whole records with TC, question and OPT (RFC 2181 §9, RFC 6891 §7)", () => {
  const whole = answer(200, OPT);
  for (const most of [512, 1232, 1400, 4096]) {
    const cut = truncate(whole, most);
    assertLessOrEqual(cut.length, most);
    assert(isTruncated(cut));
    const read = decode(Buffer.from(cut));
    assertEquals(read.questions?.[0]?.name, "host.example");
    assertEquals(read.additionals?.[0]?.type, "OPT");
    const kept = read.answers?.length ?? 0;
    assertEquals(kept, decode(Buffer.from(truncate(whole, cut.length))).answers?.length);
    const record = (whole.length - answer(0, OPT).length) / 200;
    assert(most - cut.length < record, "there would be room for one more");
  }
});

Deno.test("An OPT record that would not fit itself is left out", () => {
  const options = [{ code: 65001, data: Buffer.alloc(600) }];
  const cut = truncate(answer(2, { ...OPT, options } as unknown as Answer), 512);
  assertLessOrEqual(cut.length, 512);
  const { answers, additionals } = decode(Buffer.from(cut));
  assertEquals([answers?.length, additionals?.length], [2, 0]);
});

Deno.test("Truncation of whatever bytes fits, or leaves the header and question only, and never throws", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 12, maxLength: 2000 }),
    fc.boolean(),
    (bytes, isAnswer) => {
      const start = isAnswer ? answer(3, OPT) : new Uint8Array(0);
      const whole = new Uint8Array([...start, ...bytes]);
      whole.set(start.subarray(0, 12));
      const cut = truncate(whole, 512);
      assertLessOrEqual(cut.length, 512);
      const end = questionOf(cut)?.end;
      if (end !== undefined) assertEquals(recordsOf(cut, end).length, recordCount(cut));
    },
  ));
});
