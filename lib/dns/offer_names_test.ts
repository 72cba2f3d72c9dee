import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { address, answerTo, edns, query, read, text } from "../../tests/harness/dns.ts";
import { NameWorld } from "../../tests/harness/name_world.ts";
import { TcpError } from "../tcp/error.ts";
import { frame, FrameReader, writeAll } from "./framing.ts";
import { isTruncated } from "./message.ts";
import type { Resolver } from "./resolver.ts";

/** Answers with a text of 3 KB for the name "long", else with an address. */
const simple: Resolver = {
  resolve: (query) => {
    const name = read(query).questions?.[0]?.name ?? "";
    const record = name.startsWith("long") ? text(name, 3000) : address(name, "192.0.2.1");
    return Promise.resolve(answerTo(query, [record], { additionals: [edns(1232)] }));
  },
};

/** Answers when the test says. */
class Pending implements Resolver {
  readonly names: string[] = [];
  readonly #answers = new Map<string, () => void>();

  resolve(query: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const name = read(query).questions?.[0]?.name ?? "";
    this.names.push(name);
    return new Promise((resolve) => this.#answers.set(name, () => resolve(answerTo(query))));
  }

  answer(name: string): void {
    this.#answers.get(name)?.();
  }
}

for (const version of [4, 6] as const) {
  Deno.test(`Names are resolved over UDP and TCP with IPv${version}`, async () => {
    await using world = new NameWorld({ resolver: simple }, version);
    world.bind(4000).send(query("a.example"));
    assertEquals(read(await world.answer()).answers?.length, 1);
    const stream = world.connect();
    await writeAll(stream, frame(query("a.example")));
    const answer = await new FrameReader(stream).next();
    assert(answer);
    assertEquals(read(answer).answers?.length, 1);
  });
}

Deno.test("Over UDP an answer is as long as the client takes, and cut and marked otherwise; over TCP it is whole (RFC 1035 §4.2.1, RFC 6891 §6.2.5)", async () => {
  await using world = new NameWorld({ resolver: simple });
  const socket = world.bind(4000);
  for (const [asked, most] of [[undefined, 512], [512, 512], [1232, 1232], [100, 512]] as const) {
    socket.send(query("long.example", "TXT", asked === undefined ? [] : [edns(asked)]));
    const answer = await world.answer();
    assertLessOrEqual(answer.length, most);
    assert(isTruncated(answer));
    assertEquals(read(answer).additionals?.[0]?.type, "OPT");
  }
  socket.send(query("long.example", "TXT", [edns(4096)]));
  const whole = await world.answer();
  assert(!isTruncated(whole));
  const stream = world.connect();
  await writeAll(stream, frame(query("long.example", "TXT")));
  assertEquals(await new FrameReader(stream).next(), whole);
});

Deno.test("A query that comes again is not asked again", async () => {
  const resolver = new Pending();
  await using world = new NameWorld({ resolver });
  const [one, two] = [world.bind(4000), world.bind(4001)];
  one.send(query("a.example"));
  one.send(query("a.example"));
  two.send(query("a.example"));
  one.send(query("b.example", "A"));
  while (resolver.names.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(resolver.names, ["a.example", "a.example", "b.example"]);
  assertEquals(world.service.counts.repeated, 1);
  resolver.answer("b.example");
  assertEquals(read(await world.answer()).questions?.[0]?.name, "b.example");
});

Deno.test("Over TCP a client may ask more before it has its answers, which come as they are ready (RFC 7766 §6.2.1.1)", async () => {
  const resolver = new Pending();
  await using world = new NameWorld({ resolver });
  const stream = world.connect();
  const reader = new FrameReader(stream);
  const queries = [...frame(query("a.example")), ...frame(query("b.example"))];
  await writeAll(stream, new Uint8Array(queries.slice(0, 40)));
  await writeAll(stream, new Uint8Array(queries.slice(40)));
  while (resolver.names.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  const names: (string | undefined)[] = [];
  for (const name of ["b.example", "a.example"]) {
    resolver.answer(name);
    const answer = await reader.next();
    names.push(answer && read(answer).questions?.[0]?.name);
  }
  assertEquals(names, ["b.example", "a.example"]);
});

Deno.test("Over TCP a client that has sent its last query still gets its answer", async () => {
  const resolver = new Pending();
  await using world = new NameWorld({ resolver });
  const stream = world.connect();
  await writeAll(stream, frame(query("a.example")));
  await stream.closeWrite();
  while (resolver.names.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  resolver.answer("a.example");
  const reader = new FrameReader(stream);
  assert(await reader.next());
  assertEquals(await reader.next(), undefined);
});

Deno.test("Over TCP 64 clients are served at a time, and further ones reset", async () => {
  await using world = new NameWorld({ resolver: simple });
  const ask = async () => {
    const stream = world.connect();
    await writeAll(stream, frame(query("a.example")));
    return await new FrameReader(stream).next().then((answer) => [stream, answer] as const);
  };
  const open = await Promise.all(Array.from({ length: 64 }, ask));
  assert(open.every(([, answer]) => answer));
  await assertRejects(ask, TcpError, "reset");
  open[0]?.[0].reset();
  for (;;) {
    if (await ask().catch(() => undefined)) break; // the reset has to get there
  }
});

Deno.test("What makes no sense over TCP does not end the others, nor the service", async () => {
  await using world = new NameWorld({ resolver: simple });
  const noise = world.connect();
  await writeAll(noise, new Uint8Array(70_000).fill(1));
  await noise.closeWrite();
  const empty = world.connect();
  await writeAll(empty, frame(new Uint8Array(0)));
  const stream = world.connect();
  await writeAll(stream, frame(query("a.example")));
  assert(await new FrameReader(stream).next());
});
