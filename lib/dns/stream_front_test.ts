import { assertEquals, assertRejects } from "@std/assert";
import { answerTo, query } from "../../tests/harness/dns.ts";
import { frame } from "./framing.ts";
import { NameService } from "./name_service.ts";
import { StreamFront } from "./stream_front.ts";

Deno.test("A connection without queries is closed, but not while one of them waits for its answer (RFC 7766 §6.2.3)", async () => {
  const pending = Promise.withResolvers<void>();
  const service = new NameService({
    resolver: {
      resolve: async (query) => {
        await pending.promise;
        return answerTo(query);
      },
    },
  });
  const said: string[] = [];
  const input = frame(query("a.example"));
  const closed = Promise.withResolvers<null>();
  let at = 0;
  let waits = 0;
  await new StreamFront(service, 1).serve({
    read: (into) => {
      if (at === input.length) {
        setTimeout(pending.resolve, 50); // much longer than the client may be idle
        waits++;
        return closed.promise;
      }
      into.set(input.subarray(at, at + into.length));
      at += into.length;
      return Promise.resolve(into.length);
    },
    write: (data) => {
      said.push("answer");
      return Promise.resolve(data.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => {
      said.push("closed");
      closed.resolve(null);
    },
  });
  assertEquals([said, waits], [["answer", "closed"], 1]);
});

Deno.test("A connection whose client does not read its answers is reset", async () => {
  const service = new NameService({
    resolver: { resolve: (query) => Promise.resolve(answerTo(query)) },
  });
  const input = frame(query("a.example"));
  const lost = Promise.withResolvers<never>();
  let at = 0;
  const serving = new StreamFront(service, 1).serve({
    read: (into) => {
      into.set(input.subarray(at, at + into.length));
      at = (at + into.length) % input.length; // one query after the other
      return Promise.resolve(into.length);
    },
    write: () => lost.promise,
    closeWrite: () => Promise.resolve(),
    close: () => {},
    reset: () => lost.reject(new Error("reset")),
  });
  await assertRejects(() => serving, Error, "reset");
});
