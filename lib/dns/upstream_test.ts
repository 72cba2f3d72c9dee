import { assertEquals, assertRejects } from "@std/assert";
import { answerTo, query, read } from "../../tests/harness/dns.ts";
import type { Exchange } from "./exchange.ts";
import type { ResolverConfig } from "./resolv_conf.ts";
import { UpstreamResolver } from "./upstream.ts";

const never = new AbortController().signal;
const QUERY = query("a.example");
const TRUNCATED = 0x0200;

/** Servers a, b and so on, which do what a word says; time stands still, but for time-outs. */
class Servers {
  /** What was asked, and how long was waited in vain. */
  readonly events: string[] = [];
  readonly resolver: UpstreamResolver;

  constructor(
    readonly behaviour: Record<string, string | readonly string[]>,
    config: Partial<ResolverConfig> = {},
  ) {
    const servers = Object.keys(behaviour).map((address) => ({ address, port: 53 }));
    const whole = { servers, timeout: 5000, attempts: 2, rotate: false, overTcp: false, ...config };
    const expiries: (() => void)[] = [];
    const ask = (how: string): Exchange => async (server, query, signal) => {
      const said = this.#next(server.address);
      this.events.push(`${how} ${server.address}`);
      if (said === "silent") {
        const aborted = new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        expiries.at(-1)?.();
        await aborted;
      }
      if (said === "unreachable") throw new Error("network unreachable");
      const flags = said === "truncated" && how === "udp" ? TRUNCATED : 0;
      const rcodes: Record<string, number> = { SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };
      return answerTo(query, [], { flags, rcode: rcodes[said] ?? 0 });
    };
    this.resolver = new UpstreamResolver(() => whole, {
      udp: ask("udp"),
      tcp: ask("tcp"),
      startTimer: (after, expire) => {
        expiries.push(() => {
          this.events.push(`${after} ms`);
          expire();
        });
        return () => {};
      },
    });
  }

  async rcode(): Promise<string> {
    return read(await this.resolver.resolve(QUERY, never)).rcode;
  }

  #next(address: string): string {
    const said = this.behaviour[address];
    if (typeof said === "string") return said;
    const [first = "silent", ...rest] = said ?? [];
    this.behaviour[address] = rest;
    return first;
  }
}

Deno.test("The first name server is asked first, and its answer taken", async () => {
  for (const rcode of ["NOERROR", "NXDOMAIN"]) {
    const servers = new Servers({ a: rcode, b: "NOERROR" });
    assertEquals(await servers.rcode(), rcode);
    assertEquals(servers.events, ["udp a"]);
  }
});

Deno.test("The next name server is asked when one is silent, cannot be reached or cannot help", async () => {
  for (const fault of ["SERVFAIL", "NOTIMP", "REFUSED", "unreachable"]) {
    const servers = new Servers({ a: fault, b: "NOERROR" });
    assertEquals(await servers.rcode(), "NOERROR", fault);
    assertEquals(servers.events, ["udp a", "udp b"]);
  }
  const servers = new Servers({ a: "silent", b: "NXDOMAIN" });
  assertEquals(await servers.rcode(), "NXDOMAIN");
  assertEquals(servers.events, ["udp a", "5000 ms", "udp b"]);
});

Deno.test("Name servers that are silent are asked again, for longer, and those that cannot help are not", async () => {
  const servers = new Servers({ a: "silent", b: "SERVFAIL", c: ["silent", "NOERROR"] });
  assertEquals(await servers.rcode(), "NOERROR");
  assertEquals(servers.events, [
    ...["udp a", "5000 ms", "udp b", "udp c", "5000 ms"],
    ...["udp a", "3333 ms", "udp c"],
  ]);
});

Deno.test("There are as many attempts as resolv.conf says, and no less patience than a second", async () => {
  const servers = new Servers({ a: "silent" }, { attempts: 3, timeout: 1000 });
  await assertRejects(() => servers.rcode(), Error, "no name server answers");
  assertEquals(servers.events, ["udp a", "1000 ms", "udp a", "2000 ms", "udp a", "4000 ms"]);
  const many = new Servers({ a: "silent", b: "silent", c: "silent" }, { timeout: 1000 });
  await assertRejects(() => many.rcode());
  assertEquals(many.events.filter((event) => event.endsWith("ms")).slice(3), [
    ...["1000 ms", "1000 ms", "1000 ms"],
  ]);
});

Deno.test("The first refusal is passed on when nobody can help", async () => {
  assertEquals(await new Servers({ a: "REFUSED", b: "SERVFAIL" }).rcode(), "REFUSED");
  assertEquals(await new Servers({ a: "silent", b: "SERVFAIL" }).rcode(), "SERVFAIL");
});

Deno.test("What is truncated over UDP is asked for over TCP, of the same server (RFC 7766 §5)", async () => {
  const servers = new Servers({ a: "truncated", b: "NOERROR" });
  assertEquals(await servers.rcode(), "NOERROR");
  assertEquals(servers.events, ["udp a", "tcp a"]);
  const mute = new Servers({ a: ["truncated", "silent"], b: "NOERROR" });
  assertEquals(await mute.rcode(), "NOERROR");
  assertEquals(mute.events, ["udp a", "tcp a", "5000 ms", "udp b"]);
});

Deno.test("With use-vc name servers are asked over TCP only", async () => {
  const servers = new Servers({ a: "SERVFAIL", b: "NOERROR" }, { overTcp: true });
  assertEquals(await servers.rcode(), "NOERROR");
  assertEquals(servers.events, ["tcp a", "tcp b"]);
});

Deno.test("With rotate each query begins with the next name server", async () => {
  const servers = new Servers({ a: "NOERROR", b: "NOERROR" }, { rotate: true });
  for (let count = 0; count < 3; count++) await servers.rcode();
  assertEquals(servers.events, ["udp a", "udp b", "udp a"]);
});

Deno.test("Nobody is asked any more once nobody waits", async () => {
  const servers = new Servers({ a: "silent", b: "NOERROR" });
  const given = AbortSignal.abort(new Error("stopped"));
  await assertRejects(() => servers.resolver.resolve(QUERY, given), Error, "stopped");
  assertEquals(servers.events.includes("udp b"), false);
});
