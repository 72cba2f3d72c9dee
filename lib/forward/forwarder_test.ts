import { assertEquals } from "@std/assert";
import { dialerOf, FakeTarget, MemoryGuest, pattern } from "../../tests/harness/memory_guest.ts";
import { Notes } from "../../tests/harness/notes.ts";
import type { ByteStream, Dialer } from "./dialer.ts";
import type { Verdict } from "./policy.ts";

/** An error as Deno makes them of the kernel's. */
function systemError(code: string): Error {
  return Object.assign(new Error(`os error (${code})`), { code });
}

function failingDialer(error: unknown): Dialer {
  return { dial: () => Promise.reject(error) };
}

/** Dials that end when the test says. */
class PendingDials implements Dialer {
  readonly dials: PromiseWithResolvers<ByteStream>[] = [];
  readonly signals: AbortSignal[] = [];
  #tell: () => void = () => {};

  /** Resolves when this many have begun. */
  async until(count: number): Promise<void> {
    while (this.dials.length < count) await new Promise<void>((resolve) => this.#tell = resolve);
  }

  dial(_: unknown, signal: AbortSignal): Promise<ByteStream> {
    const dial = Promise.withResolvers<ByteStream>();
    this.dials.push(dial);
    this.signals.push(signal);
    this.#tell();
    return dial.promise;
  }
}

Deno.test("a flow is accepted when its dial has succeeded, and not before (H-02)", async () => {
  const dialer = new PendingDials();
  const observer = new Notes();
  await using guest = new MemoryGuest(dialer, { observer });
  const client = guest.connect();
  await dialer.until(1);
  assertEquals(client.connection.info.state, "SYN-SENT");
  assertEquals(observer.lines, []);
  dialer.dials[0]?.resolve(new FakeTarget());
  await guest.until(() => client.connection.info.state === "ESTABLISHED");
  assertEquals([await observer.next(), guest.forwarder.openCount], ["opened", 1]);
});

for (
  const [code, told] of [
    ["ECONNREFUSED", "refused: :80: connection refused"],
    ["ECONNRESET", "refused: :80: connection reset"],
    ["EMFILE", "failed: :80: headgate has too many open files; raise ulimit -n"],
    ["EXYZ", "failed: :80: os error (EXYZ)"],
  ] as const
) {
  Deno.test(`a dial that fails with ${code} refuses the flow (H-02)`, async () => {
    const observer = new Notes();
    await using guest = new MemoryGuest(failingDialer(systemError(code)), { observer });
    assertEquals(await guest.connect().lost(), "refused");
    assertEquals(await observer.next(), told);
    assertEquals(guest.stack.flowCount, 0);
  });
}

Deno.test("flows are refused while the host has no files left, and served again after (Z-06)", async () => {
  let files = 0;
  const dial = () => {
    return files === 0 ? Promise.reject(systemError("EMFILE")) : Promise.resolve(new FakeTarget());
  };
  await using guest = new MemoryGuest({ dial });
  const storm = Array.from({ length: 20 }, () => guest.connect());
  for (const client of storm) assertEquals(await client.lost(), "refused");
  assertEquals(guest.stack.flowCount, 0);
  files = 1;
  const client = guest.connect();
  await guest.until(() => client.connection.info.state === "ESTABLISHED");
});

const DESTINATION_UNREACHABLE = 3;

for (
  const [code, icmpCode, reason] of [
    ["ENETUNREACH", 0, "network unreachable"],
    ["EHOSTUNREACH", 1, "host unreachable"],
    ["EADDRNOTAVAIL", 0, "no address to send from"],
    ["EAFNOSUPPORT", 0, "no such family here"],
    ["EACCES", 13, "prohibited by the host"],
  ] as const
) {
  Deno.test(`a dial that fails with ${code} is answered by ICMP (H-02, RFC 1812 §5.2.7.1)`, async () => {
    const observer = new Notes();
    await using guest = new MemoryGuest(failingDialer(systemError(code)), { observer });
    guest.connect();
    await guest.until(() => guest.icmp.length > 0);
    assertEquals(guest.icmp, [[DESTINATION_UNREACHABLE, icmpCode]]);
    assertEquals(await observer.next(), `unreachable: :80: ${reason}`);
    assertEquals(guest.stack.flowCount, 0);
  });
}

Deno.test("a dial that gets no answer leaves the guest without one (H-02)", async () => {
  const observer = new Notes();
  await using guest = new MemoryGuest(failingDialer(systemError("ETIMEDOUT")), { observer });
  const client = guest.connect();
  assertEquals(await observer.next(), "timed out: :80: no answer");
  assertEquals([client.connection.info.state, guest.icmp.length], ["SYN-SENT", 0]);
  assertEquals([guest.stack.flowCount, guest.stack.transmitted], [0, 0]);
});

Deno.test("a flow that a policy rejects is refused, one that it ignores is not answered", async () => {
  const observer = new Notes();
  const dialer = new PendingDials();
  await using guest = new MemoryGuest(dialer, {
    observer,
    policy: {
      decide: ({ target }) =>
        target.port === 1
          ? Promise.resolve({ kind: "reject", reason: "late" })
          : { kind: "ignore", reason: "rude" },
    },
  });
  const ignored = guest.connect(2);
  assertEquals(await guest.connect(1).lost(), "refused");
  assertEquals([await observer.next(), await observer.next()].sort(), [
    "denied: late",
    "denied: rude",
  ]);
  assertEquals([ignored.connection.info.state, guest.stack.flowCount], ["SYN-SENT", 0]);
  assertEquals(dialer.dials, []);
});

Deno.test("a policy that fails refuses the flow and harms no other", async () => {
  const observer = new Notes();
  await using guest = new MemoryGuest(dialerOf(new FakeTarget()), {
    observer,
    policy: {
      decide: ({ target: { port } }) => {
        if (port === 1) throw new Error("at once");
        if (port === 2) return Promise.reject(new Error("later"));
        return { kind: "allow", target: { hostname: "", port } };
      },
    },
  });
  assertEquals(await guest.connect(1).lost(), "refused");
  assertEquals(await guest.connect(2).lost(), "refused");
  await guest.established(3);
  assertEquals(observer.lines, [
    "failed: 192.0.2.1:1: at once",
    "failed: 192.0.2.1:2: later",
    "opened",
  ]);
});

Deno.test("a flow that the guest has given up ends its dial (H-14)", async () => {
  const dialer = new PendingDials();
  const observer = new Notes();
  await using guest = new MemoryGuest(dialer, { observer, tcp: { requestTimeout: 10 } });
  guest.connect();
  assertEquals(await observer.next(), "given up: the guest did not wait");
  assertEquals(dialer.signals.map((signal) => signal.aborted), [true]);
  dialer.dials[0]?.reject(new DOMException("", "AbortError"));
});

Deno.test("a dial that succeeds after the guest has given up closes its stream (H-14)", async () => {
  const dialer = new PendingDials();
  const observer = new Notes();
  await using guest = new MemoryGuest(dialer, { observer, tcp: { requestTimeout: 10 } });
  guest.connect();
  await observer.next();
  const target = new FakeTarget();
  dialer.dials[0]?.resolve(target);
  await target.until(() => target.ended !== undefined);
  assertEquals([target.ended, observer.lines, guest.forwarder.openCount], ["closed", [], 0]);
});

Deno.test("no more flows are dialled at a time than allowed, and each gets its turn (D-01)", async () => {
  const dialer = new PendingDials();
  await using guest = new MemoryGuest(dialer, { maxDials: 2 });
  const clients = Array.from({ length: 5 }, () => guest.connect());
  for (const [answered, client] of clients.entries()) {
    await dialer.until(Math.min(answered + 2, 5));
    await guest.until(() => guest.stack.flowCount === 5);
    assertEquals(dialer.dials.length, Math.min(answered + 2, 5));
    dialer.dials[answered]?.resolve(new FakeTarget());
    await guest.until(() => client.connection.info.state === "ESTABLISHED");
  }
  assertEquals(guest.forwarder.openCount, 5);
});

Deno.test("a forwarder is drained when all that guests have sent has been passed on", async () => {
  const target = new FakeTarget();
  await using guest = new MemoryGuest(dialerOf(target));
  assertEquals(guest.forwarder.isDrained, true);
  const client = await guest.established();
  target.capacity = 600;
  await client.write(pattern(1000));
  client.closeWrite();
  await target.until(() => target.taken.length === 600);
  assertEquals(guest.forwarder.isDrained, false);
  target.makeRoom(400);
  await target.until(() => target.isInputClosed);
  await Promise.resolve();
  assertEquals([guest.forwarder.isDrained, guest.forwarder.bytesInProgress], [true, 1000]);
});

Deno.test("stopping a forwarder abandons its dials, and closes what they still yield", async () => {
  const dialer = new PendingDials();
  const guest = new MemoryGuest(dialer);
  guest.connect();
  await dialer.until(1);
  await guest[Symbol.asyncDispose]();
  assertEquals(dialer.signals[0]?.aborted, true);
  const target = new FakeTarget();
  dialer.dials[0]?.resolve(target);
  await target.until(() => target.ended !== undefined);
  assertEquals(target.ended, "closed");
});

Deno.test("a policy that fails with nothing to say refuses the flow all the same", async () => {
  const notes = new Notes();
  await using guest = new MemoryGuest(dialerOf(new FakeTarget()), {
    policy: { decide: () => Promise.reject(undefined) },
    observer: notes,
  });
  guest.connect();
  assertEquals(await notes.next(), "failed: 192.0.2.1:80: undefined");
});

Deno.test("a flow that is given up while its policy thinks is not dialled (H-14)", async () => {
  const observer = new Notes();
  const verdict = Promise.withResolvers<Verdict>();
  const dialer = new PendingDials();
  await using guest = new MemoryGuest(dialer, {
    policy: { decide: () => verdict.promise },
    observer,
    tcp: { requestTimeout: 10 },
  });
  guest.connect();
  assertEquals(await observer.next(), "given up: the guest did not wait");
  verdict.resolve({ kind: "allow", target: { hostname: "", port: 80 } });
  await verdict.promise;
  await Promise.resolve();
  assertEquals([dialer.dials, observer.lines], [[], []]);
});

Deno.test("a Deno.TcpConn is a stream as it is, also for a guest that resets (R-15)", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const { hostname, port } = listener.addr;
  const guest = new MemoryGuest({ dial: () => Deno.connect({ hostname, port }) });
  const client = await guest.established();
  using other = await accepted;
  client.abort();
  await other.read(new Uint8Array(1)).catch(() => null); // an end or a reset: Deno.TcpConn knows only one
  await guest[Symbol.asyncDispose]();
  assertEquals(guest.forwarder.openCount, 0);
});
