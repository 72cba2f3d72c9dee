import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { createSocket, type Socket } from "node:dgram";
import { address, answerTo, edns, query, read, text } from "../../tests/harness/dns.ts";
import { Poller } from "../ffi/poller.ts";
import { HostDatagrams } from "../forward/host_datagrams.ts";
import { askOverTcp, type Exchange, isAnswerTo } from "./exchange.ts";
import { frame, FrameReader, writeAll } from "./framing.ts";
import { idOf, setId } from "./message.ts";
import { UdpExchange } from "./udp_exchange.ts";

const QUERY = query("a.example", "A", [edns(1232)]);
const askOverUdp = new UdpExchange(() => new HostDatagrams()).ask;
const patient = () => AbortSignal.timeout(10_000);

/** A name server on the loopback that sends what `answers` says, and notes who asked. */
async function withServer(
  hostname: "127.0.0.1" | "::1",
  answers: (query: Uint8Array, socket: Socket, port: number) => Uint8Array[],
  body: (ask: (exchange: Exchange) => Promise<Uint8Array>, ports: number[]) => Promise<void>,
): Promise<void> {
  const socket = createSocket(hostname === "::1" ? "udp6" : "udp4");
  const ports: number[] = [];
  socket.on("message", (message, { port }) => {
    ports.push(port);
    for (const answer of answers(message, socket, port)) socket.send(answer, port, hostname);
  });
  await new Promise<void>((resolve) => socket.bind(0, hostname, resolve));
  const server = { address: hostname, port: socket.address().port };
  try {
    await body((exchange) => exchange(server, QUERY, patient()), ports);
  } finally {
    socket.close();
  }
}

for (const hostname of ["127.0.0.1", "::1"] as const) {
  Deno.test(`Over UDP ${hostname} is asked from a port and with an ID of its own each time (RFC 5452 §9.2)`, async () => {
    const ids: number[] = [];
    await withServer(hostname, (query) => {
      ids.push(idOf(query));
      return [answerTo(query, [address("a.example", "192.0.2.1")])];
    }, async (ask, ports) => {
      const answers = [await ask(askOverUdp), await ask(askOverUdp)];
      assertEquals(answers.map(idOf), [0x1234, 0x1234]);
      assertNotEquals(ports[0], ports[1]);
      assertNotEquals(ids[0], ids[1]);
    });
  });
}

Deno.test("Over UDP answers and errors come by a poller that somebody else waits with", async () => {
  const poller = new Poller();
  let isOver = false;
  const waiting = (async () => {
    while (!isOver) await poller.wait();
  })();
  const { ask: askByPoller } = new UdpExchange(() => new HostDatagrams(poller));
  const answers = (query: Uint8Array) => [answerTo(query, [address("a.example", "192.0.2.1")])];
  await withServer("127.0.0.1", answers, async (ask) => {
    const all = await Promise.all([ask(askByPoller), ask(askByPoller), ask(askByPoller)]);
    assertEquals(all.map((answer) => read(answer).answers?.length), [1, 1, 1]);
  });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = { address: "127.0.0.1", port: listener.addr.port };
  listener.close(); // nobody has had that port for UDP
  await assertRejects(() => askByPoller(server, QUERY, patient()), Error, "port unreachable");
  isOver = true;
  poller.wake();
  await waiting;
  poller.close();
});

Deno.test("Over UDP what has another ID, another question or no sense is not the answer (RFC 5452 §9.1)", async () => {
  await withServer("127.0.0.1", (query) => {
    const otherId = answerTo(query);
    setId(otherId, idOf(query) ^ 1);
    const otherName = answerTo(query);
    otherName[13] = "b".charCodeAt(0);
    const right = answerTo(query, [address("a.example", "192.0.2.1")]);
    return [otherId, otherName, new Uint8Array(0), query.slice(), right];
  }, async (ask) => {
    assertEquals(read(await ask(askOverUdp)).answers?.length, 1);
  });
});

Deno.test("Over UDP what comes from elsewhere is not the answer (RFC 5452 §9.1)", async () => {
  const stranger = createSocket("udp4");
  await withServer("127.0.0.1", (query, _, port) => {
    stranger.send(answerTo(query, [address("a.example", "192.0.2.66")]), port, "127.0.0.1");
    return [];
  }, async (ask) => {
    const waiting = ask((server, query) => askOverUdp(server, query, AbortSignal.timeout(300)));
    await assertRejects(() => waiting, DOMException);
  });
  stranger.close();
});

Deno.test("Over TCP an answer of any length arrives, however it is cut (RFC 1035 §4.2.2)", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      const query = await new FrameReader(connection).next();
      assert(query);
      const answer = frame(answerTo(query, [text("a.example", 40_000)]));
      const cuts = [0, 1, 3, 17, answer.length];
      for (const [at, cut] of cuts.entries()) {
        await writeAll(connection, answer.slice(cut, cuts[at + 1]));
      }
      connection.close();
    }
  })();
  const answer = await askOverTcp(
    { address: "127.0.0.1", port: listener.addr.port },
    QUERY,
    patient(),
  );
  assertEquals(idOf(answer), 0x1234);
  assertEquals(read(answer).answers?.length, 1);
  listener.close();
  await serving;
});

Deno.test("Over TCP a server that closes, talks nonsense or is not there is an error", async () => {
  for (const reply of [new Uint8Array(0), frame(new Uint8Array(3)), frame(QUERY)]) {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      for await (const connection of listener) {
        await new FrameReader(connection).next();
        await writeAll(connection, reply);
        connection.close();
      }
    })();
    const server = { address: "127.0.0.1", port: listener.addr.port };
    await assertRejects(() => askOverTcp(server, QUERY, patient()), Error, "Cannot ask over TCP");
    listener.close();
    await serving;
    await assertRejects(() => askOverTcp(server, QUERY, patient()), Deno.errors.ConnectionRefused);
  }
});

Deno.test("Asking ends when nobody waits any more", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = { address: "127.0.0.1", port: listener.addr.port };
  for (const exchange of [askOverUdp, askOverTcp]) {
    const controller = new AbortController();
    const asking = exchange(server, QUERY, controller.signal);
    const accepted = exchange === askOverTcp ? await listener.accept() : undefined;
    controller.abort(new Error("stopped"));
    await assertRejects(() => asking);
    accepted?.close();
  }
  listener.close();
});

Deno.test("Failures without a question are answers, and names compare without regard to case (RFC 1035 §2.3.3)", () => {
  const failure = answerTo(QUERY, [], { rcode: 1 }).slice(0, 12);
  failure.fill(0, 4);
  assert(isAnswerTo(QUERY, failure));
  failure[3] = 0;
  assert(!isAnswerTo(QUERY, failure), "no failure");
  const upper = answerTo(QUERY);
  upper[13] = "A".charCodeAt(0);
  assert(isAnswerTo(QUERY, upper));
});

Deno.test("Over UDP a server that is not there is known at once (RFC 1122 §4.1.3.3)", async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    const listener = Deno.listen({ hostname, port: 0 });
    const server = { address: hostname, port: listener.addr.port };
    listener.close(); // nobody has had that port for UDP
    await assertRejects(() => askOverUdp(server, QUERY, patient()), Error, "port unreachable");
  }
});
