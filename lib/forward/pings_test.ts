import { assertEquals } from "@std/assert";
import type { PingFailure, PingReply } from "../ffi/ping_socket.ts";
import { Errno, SystemError } from "../ffi/system_error.ts";
import type { EchoRequest } from "../icmp/echo.ts";
import type { IpAddress } from "../ip/address.ts";
import { formatAddress, parseAddress } from "../text/address.ts";
import type { Target } from "./dialer.ts";
import type { PingDevice } from "./pinger.ts";
import { Pings, type PingsOptions } from "./pings.ts";

/** A socket that answers as a test says. */
class FakeSocket implements PingDevice {
  readonly sent: { target: string; hopLimit: number; sequence: number; length: number }[] = [];
  /** What the next calls of `send` answer. */
  readonly errors: number[] = [];
  readonly #replies: PingReply[] = [];
  readonly #failures: PingFailure[] = [];
  isClosed = false;
  isPolled = false;
  /** What it calls, if it is polled. */
  heard: () => void = () => {};
  waits = 0;
  #endWait: () => void = () => {};

  send(target: IpAddress, hopLimit: number, sequence: number, data: Uint8Array): number {
    this.sent.push({ target: formatAddress(target), hopLimit, sequence, length: data.length });
    return this.errors.shift() ?? 0;
  }

  receive = () => this.#replies.shift();
  receiveFailure = () => this.#failures.shift();

  async wait(): Promise<boolean> {
    this.waits++;
    await new Promise<void>((resolve) => this.#endWait = resolve);
    return true;
  }

  shutDown(): void {
    this.#endWait();
  }

  close(): void {
    this.isClosed = true;
  }

  reply(from: string, sequence: number): void {
    this.#replies.push({ from: parseAddress(from), sequence });
  }

  fail(failure: Partial<PingFailure> & { sequence: number }): void {
    this.#failures.push({
      ...{ errno: Errno.EHOSTUNREACH, offender: parseAddress("203.0.113.1"), type: 3, code: 1 },
      ...{ mtu: 0, target: TARGET, targetPort: 0, quoted: new Uint8Array(8) },
      ...failure,
    });
  }

  /** Lets what has come be seen, and waits until it has been. */
  async wake(): Promise<void> {
    this.#endWait();
    await turns();
  }
}

const TARGET = parseAddress("192.0.2.1");

/** Lets everything run that is ready to. */
function turns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Pings whose stack is a list of requests. */
class Scene implements AsyncDisposable {
  readonly socket = new FakeSocket();
  readonly versions: number[] = [];
  readonly refusals: string[] = [];
  /** What requests were answered with, by their sequence numbers. */
  readonly answers: string[] = [];
  kicks = 0;
  time = 0;
  readonly pings: Pings;
  readonly #waiting: EchoRequest[] = [];

  constructor(options: Partial<PingsOptions> = {}) {
    const stack = { nextEcho: () => this.#waiting.shift() };
    const driver = { attach: () => {}, kick: () => this.kicks++, poller: undefined };
    this.pings = new Pings(stack, driver, {
      policy: {
        decide: ({ target }) => ({
          kind: "allow",
          target: { hostname: formatAddress(target.address), port: 0 },
        }),
      },
      observer: {
        opened() {},
        closed() {},
        refused: (_, how, reason) => this.refusals.push(`${how}: ${reason}`),
      },
      open: (version, heard) => {
        this.versions.push(version);
        this.socket.isClosed = false;
        this.socket.heard = heard;
        return this.socket;
      },
      clock: { now: () => this.time },
      ...options,
    });
  }

  /** Lets the guest ask, and what comes of it happen; `sequence` is its own. */
  async ask(sequence: number, more: Partial<EchoRequest> = {}): Promise<void> {
    this.post(sequence, more);
    await turns();
  }

  /** Lets the guest ask. */
  post(sequence: number, more: Partial<EchoRequest> = {}): void {
    const answer = (text: string) => this.answers.push(`${sequence}: ${text}`);
    this.#waiting.push({
      version: 4,
      source: parseAddress("10.0.2.100"),
      destination: TARGET,
      identifier: 7,
      sequence,
      hopLimit: 64,
      data: new Uint8Array(56),
      reply: () => answer("reply"),
      fail: (problem, { from, mtu } = {}) =>
        answer(`${problem}${from ? ` from ${formatAddress(from)}` : ""}${mtu ? ` ${mtu}` : ""}`),
      ...more,
    });
    this.pings.pump();
  }

  /** The number that the request sent as number `index` has on its way. */
  sequenceOf(index: number): number {
    return this.socket.sent[index]?.sequence ?? -1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pings.stop();
    assertEquals(this.socket.isClosed || this.versions.length === 0, true);
  }
}

Deno.test("an echo request goes on with one hop less, and its reply comes back (M-02)", async () => {
  await using scene = new Scene();
  await scene.ask(500, { hopLimit: 9 });
  assertEquals(
    scene.socket.sent.map(({ target, hopLimit, length }) => [target, hopLimit, length]),
    [
      ["192.0.2.1", 8, 56],
    ],
  );
  scene.socket.reply("192.0.2.1", scene.sequenceOf(0));
  scene.kicks = 0;
  await scene.socket.wake();
  assertEquals([scene.answers, scene.kicks], [["500: reply"], 1]);
  assertEquals(scene.socket.isClosed, true);
});

Deno.test("replies find their requests, whatever the numbers of those are (M-02)", async () => {
  await using scene = new Scene();
  await scene.ask(1);
  await scene.ask(1, { identifier: 8, reply: () => scene.answers.push("other") });
  assertEquals(scene.versions, [4]);
  scene.socket.reply("192.0.2.1", scene.sequenceOf(1));
  scene.socket.reply("192.0.2.1", scene.sequenceOf(1)); // again
  scene.socket.reply("192.0.2.2", scene.sequenceOf(0)); // of somebody else
  scene.socket.reply("192.0.2.1", 4711); // to nothing
  await scene.socket.wake();
  assertEquals(scene.answers, ["other"]);
});

Deno.test("a polled socket is heard in the turn in which it tells, and no promise is awaited (M-02)", async () => {
  await using scene = new Scene();
  scene.socket.isPolled = true;
  scene.post(1);
  scene.post(2);
  assertEquals([scene.socket.sent.length, scene.pings.awaits], [2, false]);
  scene.socket.reply("192.0.2.1", scene.sequenceOf(0));
  scene.socket.fail({ sequence: scene.sequenceOf(1) });
  scene.socket.heard();
  assertEquals(scene.answers, ["1: reply", "2: host unreachable from 203.0.113.1"]);
  assertEquals(scene.socket.isClosed, false);
  scene.time = 60_000;
  await scene.socket.wake();
  assertEquals(scene.socket.isClosed, true);
});

Deno.test("what waits for a socket that is not polled, or for a policy, is awaited", async () => {
  const verdict = Promise.withResolvers<{ kind: "allow"; target: Target }>();
  await using scene = new Scene({ policy: { decide: () => verdict.promise } });
  assertEquals(scene.pings.awaits, false);
  await scene.ask(1);
  assertEquals([scene.socket.sent.length, scene.pings.awaits], [0, true]);
  verdict.resolve({ kind: "allow", target: { hostname: "192.0.2.1", port: 0 } });
  await turns();
  assertEquals([scene.socket.sent.length, scene.pings.awaits], [1, true]);
  scene.socket.reply("192.0.2.1", scene.sequenceOf(0));
  await scene.socket.wake();
  assertEquals([scene.answers, scene.pings.awaits], [["1: reply"], false]);
});

Deno.test("IPv6 has a socket of its own (M-02)", async () => {
  await using scene = new Scene();
  await scene.ask(1, { version: 6, destination: parseAddress("2001:db8::1") });
  assertEquals([scene.versions, scene.socket.sent[0]?.target], [[6], "2001:db8::1"]);
  scene.socket.fail({ sequence: scene.sequenceOf(0), type: 1, code: 0 });
  scene.socket.fail({
    ...{ sequence: scene.sequenceOf(0), target: parseAddress("2001:db8::1"), type: 3, code: 0 },
    offender: parseAddress("2001:db8::2"),
  });
  await scene.socket.wake();
  assertEquals(scene.answers, ["1: time exceeded from 2001:db8::2"]);
});

for (
  const [what, failure, answer] of [
    ["a hop that has none left", { type: 11, code: 0 }, "time exceeded from 203.0.113.1"],
    ["an unreachable host", { type: 3, code: 1 }, "host unreachable from 203.0.113.1"],
    ["a filter", { type: 3, code: 13 }, "prohibited from 203.0.113.1"],
    ["a header that is wrong", { type: 12, code: 0 }, "host unreachable from 203.0.113.1"],
    ["the host itself", { offender: undefined, errno: Errno.ENETUNREACH }, "network unreachable"],
    ["the host, unclearly", { offender: undefined, errno: Errno.EINVAL }, "host unreachable"],
  ] as const
) {
  Deno.test(`an error comes back as what it is: ${what} (M-02)`, async () => {
    await using scene = new Scene();
    await scene.ask(1);
    scene.socket.fail({ sequence: scene.sequenceOf(0), target: parseAddress("192.0.2.2") });
    scene.socket.fail({ sequence: scene.sequenceOf(0), ...failure });
    await scene.socket.wake();
    assertEquals(scene.answers, [`1: ${answer}`]);
  });
}

Deno.test("a request that is too big for the path is sent again, but not for ever", async () => {
  await using scene = new Scene();
  await scene.ask(1);
  const [sequence] = [scene.sequenceOf(0)];
  for (let round = 1; round <= 3; round++) {
    scene.socket.fail({ sequence, type: 3, code: 4, mtu: 1400 });
    await scene.socket.wake();
    assertEquals([scene.socket.sent.length, scene.answers], [1 + round, []]);
    assertEquals(scene.sequenceOf(round), sequence);
  }
  scene.socket.fail({ sequence, type: 3, code: 4, mtu: 1400 });
  await scene.socket.wake();
  assertEquals(scene.answers, ["1: too big from 203.0.113.1 1400"]);
});

Deno.test("a request that the host cannot send is answered at once", async () => {
  await using scene = new Scene();
  scene.socket.errors.push(Errno.ENETUNREACH, Errno.ENETUNREACH);
  await scene.ask(1);
  scene.socket.errors.push(Errno.EHOSTUNREACH); // of an earlier one: the second time it goes
  await scene.ask(2);
  scene.socket.errors.push(Errno.ENOBUFS, Errno.ENOBUFS);
  await scene.ask(3);
  assertEquals(scene.answers, ["1: network unreachable"]);
  assertEquals(scene.refusals[0], "unreachable: 192.0.2.1: network unreachable");
  scene.socket.reply("192.0.2.1", scene.sequenceOf(3));
  await scene.socket.wake();
  assertEquals(scene.answers[1], "2: reply");
});

Deno.test("a host that lets us send none is said to prohibit it, every time", async () => {
  const open = () => {
    throw new SystemError("open a socket for pings", "socket", Errno.EPERM);
  };
  await using scene = new Scene({ open });
  await scene.ask(1);
  await scene.ask(2);
  assertEquals(scene.answers, ["1: prohibited", "2: prohibited"]);
  assertEquals(
    scene.refusals[0],
    'failed: Cannot open a socket for pings: socket answers EPERM; see "headgate doctor"',
  );
});

Deno.test("a policy decides on pings: what it rejects is prohibited, what it ignores is not answered", async () => {
  const kinds = ["reject", "ignore"] as const;
  let asked = 0;
  await using scene = new Scene({
    policy: { decide: () => ({ kind: kinds[asked++] ?? "reject", reason: "because" }) },
  });
  await scene.ask(1);
  await scene.ask(2);
  assertEquals(scene.answers, ["1: prohibited"]);
  assertEquals(scene.refusals, ["denied: because", "denied: because"]);
  assertEquals(scene.socket.sent, []);
});

Deno.test("a policy that fails, or names no address, prohibits the ping and harms no other", async () => {
  let asked = 0;
  await using scene = new Scene({
    policy: {
      decide() {
        if (asked++ === 0) throw new Error("a mistake");
        return { kind: "allow", target: { hostname: asked === 2 ? "host" : "192.0.2.1", port: 0 } };
      },
    },
  });
  for (const sequence of [1, 2, 3]) await scene.ask(sequence);
  assertEquals(scene.answers, ["1: prohibited", "2: prohibited"]);
  assertEquals(scene.socket.sent.length, 1);
});

Deno.test("requests without an answer are forgotten after 60 seconds (M-02)", async () => {
  await using scene = new Scene();
  await scene.ask(1);
  scene.time = 30_000;
  await scene.ask(2);
  scene.time = 60_000;
  await scene.socket.wake();
  scene.socket.reply("192.0.2.1", scene.sequenceOf(0));
  scene.socket.reply("192.0.2.1", scene.sequenceOf(1));
  await scene.socket.wake();
  assertEquals(scene.answers, ["2: reply"]);
});

Deno.test("no more requests wait than allowed, and no more bytes: the oldest give way", async () => {
  for (const [size, most] of [[0, 1024], [65_536, 64]] as const) {
    await using scene = new Scene();
    const data = new Uint8Array(size);
    for (let sequence = 0; sequence <= most; sequence++) {
      scene.post(sequence, { data });
      if (sequence % 200 === 0) await turns();
    }
    await turns();
    for (const index of [0, 1, most]) scene.socket.reply("192.0.2.1", scene.sequenceOf(index));
    await scene.socket.wake();
    assertEquals(scene.answers, ["1: reply", `${most}: reply`]);
  }
});

Deno.test("no more requests wait for a policy than allowed; the stack keeps the others", async () => {
  const verdict = Promise.withResolvers<{ kind: "reject"; reason: string }>();
  await using scene = new Scene({ policy: { decide: () => verdict.promise } });
  for (let sequence = 0; sequence <= 256; sequence++) scene.post(sequence);
  verdict.resolve({ kind: "reject", reason: "at last" });
  await turns();
  assertEquals(scene.answers.length, 256);
  scene.pings.pump();
  await turns();
  assertEquals(scene.answers.length, 257);
});
