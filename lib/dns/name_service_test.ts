import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { address, answerTo, edns, query, read, text } from "../../tests/harness/dns.ts";
import { HEADER_LENGTH, idOf, rcodeOf, setId } from "./message.ts";
import { NameService } from "./name_service.ts";
import type { Resolver } from "./resolver.ts";

/** Notes what it is asked, and answers with one address. */
class Notes implements Resolver {
  readonly asked: Uint8Array[] = [];

  resolve(query: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    this.asked.push(query);
    return Promise.resolve(answerTo(query, [address("a.example", "192.0.2.1")]));
  }
}

function serviceOf(resolve: Resolver["resolve"], maxQueries = 512) {
  return new NameService({ resolver: { resolve }, maxQueries });
}

Deno.test("NameService passes queries and answers on as bytes, unknown types and options too (RFC 3597)", async () => {
  const asked = query("a.example", "UNKNOWN_65280" as "A", [edns(1400, 0x8000, 65001)]);
  const answer = answerTo(asked, [text("a.example", 3000)]);
  const got: Uint8Array[] = [];
  const service = serviceOf((query) => {
    got.push(query);
    return Promise.resolve(answer.slice());
  });
  const answered = await service.answer(asked);
  assertEquals(got, [asked]);
  assertEquals(answered, { message: answer, udpSize: 1400 });
});

Deno.test("NameService gives answers the ID of the query", async () => {
  const service = serviceOf((query) => {
    const answer = answerTo(query);
    setId(answer, 99);
    return Promise.resolve(answer);
  });
  const answered = await service.answer(query("a.example"));
  assertEquals(answered && idOf(answered.message), 0x1234);
});

Deno.test("NameService answers what makes no sense itself (RFC 1035 §4.1.1, RFC 6891 §6.1.1, RFC 9619)", async () => {
  const change = (how: (bytes: Uint8Array) => void) => {
    const bytes = query("a.example");
    how(bytes);
    return bytes;
  };
  const resolver = new Notes();
  const service = new NameService({ resolver });
  for (
    const [bytes, rcode] of [
      [change((bytes) => bytes[5] = 0), "FORMERR"],
      [change((bytes) => bytes[5] = 2), "FORMERR"],
      [change((bytes) => bytes[7] = 1), "FORMERR"],
      [change((bytes) => bytes[11] = 1), "FORMERR"],
      [change((bytes) => bytes[12] = 0xc0), "FORMERR"],
      [query("a.example").slice(0, HEADER_LENGTH + 3), "FORMERR"],
      [query("a.example", "A", [edns(512), edns(512)]), "FORMERR"],
      [change((bytes) => bytes[2] = 5 << 3), "NOTIMP"], // UPDATE
      [query("example", "AXFR"), "REFUSED"],
    ] as const
  ) {
    const answer = await service.answer(bytes);
    assert(answer);
    const said = read(answer.message);
    assertEquals([said.type, said.id, said.rcode], ["response", 0x1234, rcode]);
  }
  assertEquals(resolver.asked, []);
  assertEquals(service.counts, { answered: 0, failed: 0, tooMany: 0, malformed: 9, repeated: 0 });
});

Deno.test("NameService does not answer answers, nor what has no header", async () => {
  const service = new NameService({ resolver: new Notes() });
  for (const bytes of [answerTo(query("a.example")), query("a.example").slice(0, 11)]) {
    assertEquals(await service.answer(bytes), undefined);
  }
  assertEquals(service.counts.malformed, 2);
});

Deno.test("NameService says SERVFAIL when the resolver fails, whatever is wrong with it", async () => {
  for (
    const resolve of [
      () => Promise.reject(new Error("no name server answers")),
      () => Promise.resolve(new Uint8Array(3)),
      () => {
        throw new TypeError("a mistake");
      },
    ] as Resolver["resolve"][]
  ) {
    const service = serviceOf(resolve);
    const answer = await service.answer(query("a.example", "A", [edns(1400)]));
    const said = read(answer?.message ?? new Uint8Array(0));
    assertEquals([said.rcode, said.additionals?.length], ["SERVFAIL", 1]);
    assertEquals(service.counts.failed, 1);
  }
});

Deno.test("NameService refuses what would be too many queries at a time, and goes on when there are fewer", async () => {
  const pending: (() => void)[] = [];
  const service = serviceOf((query) => {
    return new Promise((resolve) => pending.push(() => resolve(answerTo(query))));
  }, 2);
  const first = [service.answer(query("a.example")), service.answer(query("b.example"))];
  const third = await service.answer(query("c.example"));
  assertEquals(read(third?.message ?? new Uint8Array(0)).rcode, "REFUSED");
  assertEquals(service.counts.tooMany, 1);
  for (const settle of pending) settle();
  await Promise.all(first);
  const last = service.answer(query("d.example"));
  pending.at(-1)?.();
  assertEquals(rcodeOf((await last)?.message ?? new Uint8Array(0)), 0);
});

Deno.test("NameService tells its observer the name, the type and the answer", async () => {
  const heard: unknown[] = [];
  const service = new NameService({
    resolver: new Notes(),
    observer: {
      answered: (name, type, answer) => heard.push([name, type, read(answer).answers?.length]),
    },
  });
  await service.answer(query("A.Example"));
  assertEquals(heard, [["a.example", 1, 1]]);
});

Deno.test("NameService answers nothing any more once it is stopped, and lets the resolver know", async () => {
  let aborted = false;
  const service = serviceOf((_, signal) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(signal.reason);
      });
    });
  });
  const answer = service.answer(query("a.example"));
  service.stop();
  assertEquals(await answer, undefined);
  assertEquals(await service.answer(query("b.example")), undefined);
  assert(aborted);
});

Deno.test("NameService takes any bytes: it answers with the same ID, or not at all", async () => {
  const service = new NameService({ resolver: new Notes() });
  const mutated = fc.tuple(
    fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 }),
    fc.nat(60),
  ).map(([changes, length]) => {
    const bytes = query("host.example.test", "A", [edns(1232)]);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    return bytes.slice(0, length);
  });
  const any = fc.uint8Array({ maxLength: 600 }).map((bytes) => new Uint8Array(bytes));
  await fc.assert(fc.asyncProperty(fc.oneof(mutated, any), async (bytes) => {
    const answer = await service.answer(bytes);
    if (answer) assertEquals(idOf(answer.message), idOf(bytes));
    else assert(bytes.length < HEADER_LENGTH || (bytes[2]! & 0x80) !== 0);
  }));
});
