import { assert, assertEquals } from "@std/assert";
import { MemoryNetwork } from "../../tests/harness/memory_network.ts";
import { at, bytes, type GuestDatagram, UdpGuest } from "../../tests/udp/peer.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { Driver } from "../driver.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";
import { MemoryLink } from "../link/memory_link.ts";
import { Stack, type StackOptions } from "../stack/stack.ts";
import { formatAddress, formatEndpoint, parseAddress } from "../text/address.ts";
import { DatagramForwarder } from "./datagrams.ts";
import type { FlowObserver } from "./observer.ts";
import type { Policy, Verdict } from "./policy.ts";

const GUEST = at("10.0.2.100", 40_000);
const WEB = at("192.0.2.1", 443);
const OTHER = at("192.0.2.2", 443);

const allowAll: Policy = {
  decide: ({ target: { address, port } }) => ({
    kind: "allow",
    target: { hostname: formatAddress(address), port },
  }),
};

/** Notes what it is told. */
class Notes implements FlowObserver {
  readonly lines: string[] = [];

  opened({ target }: Flow): void {
    this.lines.push(`opened ${formatEndpoint(target)}`);
  }

  refused(_: Flow, how: string, reason: string): void {
    this.lines.push(`${how}: ${reason}`);
  }

  closed({ target }: Flow, end: string, up: number, down: number): void {
    this.lines.push(`${end} ${formatEndpoint(target)} ${up} ${down}`);
  }
}

/** A guest that sends datagrams, a forwarder, and an outside; nothing happens by itself. */
class Scene {
  readonly network = new MemoryNetwork();
  readonly notes = new Notes();
  readonly stack: Stack;
  readonly forwarder: DatagramForwarder;
  now = 0;
  readonly #guest = new UdpGuest();
  readonly #link: MemoryLink;
  readonly #driver: Driver;
  readonly #packet = new PacketBuffer(HEADROOM + 65_536);

  constructor(policy: Policy = allowAll, options: StackOptions = {}) {
    const [left, right] = MemoryLink.pair({ mtu: 65_520 });
    this.#link = left;
    this.stack = new Stack(right, options);
    this.#driver = new Driver(this.stack, right, { clock: { now: () => this.now } });
    const { network, notes: observer } = this;
    this.forwarder = new DatagramForwarder(this.stack, this.#driver, { policy, network, observer });
  }

  send(from: Endpoint, to: Endpoint, text = "x"): void {
    this.#link.send(this.#guest.datagram(from, to, bytes(text)));
    this.#driver.kick();
  }

  /** What the guest gets, after everybody had a turn. */
  async received(): Promise<GuestDatagram[]> {
    await this.turn();
    const all: GuestDatagram[] = [];
    while (this.#link.receive(this.#packet)) all.push(this.#guest.read(this.#packet));
    return all;
  }

  /** Lets promises that are due resolve, and the driver take a step. */
  async turn(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    this.#driver.kick();
  }

  async pass(millis: number): Promise<void> {
    this.now += millis;
    await this.turn();
  }

  /** The port that was opened as the n-th. */
  port(index = 0) {
    const port = this.network.ports[index];
    assert(port);
    return port;
  }
}

const texts = (datagrams: readonly GuestDatagram[]) =>
  datagrams.map(({ from, to, payload }) => `${from} > ${to} ${new TextDecoder().decode(payload)}`);

Deno.test("a client has one port of the outside for all its targets, and each client its own (P-02, RFC 4787 REQ-1)", () => {
  const scene = new Scene();
  scene.send(GUEST, WEB, "a");
  scene.send(GUEST, OTHER, "b");
  scene.send(GUEST, WEB, "c");
  scene.send(at("10.0.2.100", 40_001), WEB, "d");
  assertEquals(scene.network.ports.map(({ sent }) => sent), [
    [
      { to: "192.0.2.1:443", text: "a" },
      { to: "192.0.2.2:443", text: "b" },
      { to: "192.0.2.1:443", text: "c" },
    ],
    [{ to: "192.0.2.1:443", text: "d" }],
  ]);
  assertEquals([scene.forwarder.openCount, scene.forwarder.portCount], [3, 2]);
});

Deno.test("answers come from the address that the guest has sent to, from whichever port; others do not pass (P-02, P-04)", async () => {
  const scene = new Scene();
  scene.send(GUEST, WEB);
  scene.port().say(WEB, bytes("answer"));
  scene.port().say(at("192.0.2.1", 70), bytes("from another port"));
  scene.port().say(OTHER, bytes("from a stranger"));
  scene.port().say(WEB, bytes(""));
  assertEquals(texts(await scene.received()), [
    "192.0.2.1:443 > 10.0.2.100:40000 answer",
    "192.0.2.1:70 > 10.0.2.100:40000 from another port",
    "192.0.2.1:443 > 10.0.2.100:40000 ",
  ]);
  assertEquals(scene.stack.drops.snapshot(), { Unsolicited: 1 });
});

Deno.test("what a policy maps comes back mapped, even if two targets are mapped to one (P-04)", async () => {
  const scene = new Scene({
    decide: () => ({ kind: "allow", target: { hostname: "127.0.0.1", port: 53 } }),
  });
  scene.send(GUEST, WEB, "to web");
  scene.send(GUEST, OTHER, "to other");
  const one = at("127.0.0.1", 53);
  scene.port(0).say(one, bytes("first"));
  scene.port(1).say(one, bytes("second"));
  scene.port(0).say(at("127.0.0.1", 54), bytes("third"));
  assertEquals(texts(await scene.received()), [
    "192.0.2.1:443 > 10.0.2.100:40000 first",
    "192.0.2.2:443 > 10.0.2.100:40000 second",
    "192.0.2.1:54 > 10.0.2.100:40000 third",
  ]);
});

Deno.test("IPv4 and IPv6 have ports of their own", () => {
  const scene = new Scene();
  scene.send(GUEST, WEB);
  scene.send(at("fd00::100", 40_000), at("2001:db8::1", 443));
  assertEquals(scene.network.ports.map(({ version }) => version), [4, 6]);
});

Deno.test("what is denied is a closed port, at once, or silence; the observer is told why (M-03)", async () => {
  const scene = new Scene({
    decide: ({ target }): Verdict => ({
      kind: target.port === 443 ? "reject" : "ignore",
      reason: "not today",
    }),
  });
  scene.send(GUEST, WEB);
  scene.send(GUEST, at("192.0.2.1", 444));
  const [error, ...more] = await scene.received();
  assertEquals([error?.icmp, error?.to, error?.from], [[3, 3], "192.0.2.1:443", "192.0.2.1"]);
  assertEquals(more, []);
  assertEquals(scene.notes.lines, ["denied: not today", "denied: not today"]);
  assertEquals([scene.stack.datagramFlowCount, scene.network.ports.length], [0, 0]);
});

Deno.test("datagrams wait for a verdict that takes its time, and for a name", async () => {
  const verdict = Promise.withResolvers<Verdict>();
  const scene = new Scene({ decide: () => verdict.promise });
  scene.send(GUEST, WEB, "a");
  scene.send(GUEST, WEB, "b");
  await scene.turn();
  assertEquals([scene.forwarder.isDrained, scene.network.ports.length], [false, 0]);
  verdict.resolve({ kind: "allow", target: { hostname: "known.example", port: 7 } });
  await scene.turn();
  assertEquals(scene.forwarder.isDrained, true);
  assertEquals(scene.port().sent, [
    { to: "198.51.100.7:7", text: "a" },
    { to: "198.51.100.7:7", text: "b" },
  ]);
  scene.port().say(at("198.51.100.7", 7), bytes("c"));
  assertEquals(texts(await scene.received()), ["192.0.2.1:443 > 10.0.2.100:40000 c"]);
});

Deno.test("a policy that fails, a name that nobody knows, and a port that cannot be had end a flow with an error (P-07)", async () => {
  const failing = new Scene({ decide: () => Promise.reject(new Error("out of order")) });
  failing.send(GUEST, WEB);
  assertEquals((await failing.received())[0]?.icmp, [3, 3]);
  assertEquals(failing.notes.lines, ["failed: 192.0.2.1:443: out of order"]);

  const throwing = new Scene({
    decide: () => {
      throw new Error("out of order");
    },
  });
  throwing.send(GUEST, WEB);
  assertEquals((await throwing.received())[0]?.icmp, [3, 3]);

  const unnamed = new Scene({
    decide: () => ({ kind: "allow", target: { hostname: "unknown.example", port: 7 } }),
  });
  unnamed.send(GUEST, WEB);
  assertEquals((await unnamed.received())[0]?.icmp, [3, 3]);
  assertEquals(unnamed.notes.lines, ["failed: 192.0.2.1:443: no such name"]);

  const full = new Scene();
  full.network.failure = Object.assign(new Error(), { code: "EMFILE" });
  full.send(GUEST, WEB);
  await full.turn();
  assertEquals(full.notes.lines, [
    "failed: 192.0.2.1:443: headgate has too many open files; raise ulimit -n",
  ]);
  full.network.failure = undefined;
  full.send(GUEST, WEB, "again");
  assertEquals(full.port().sent.length, 1);
});

Deno.test("errors of sockets become ICMP to the guest, and harm no other flow (M-06, P-07, G-04)", async () => {
  const scene = new Scene(allowAll, { addresses: [parseAddress("10.0.2.2")] });
  scene.send(GUEST, WEB);
  scene.send(GUEST, OTHER);
  const port = scene.port();
  port.fail({ problem: "port unreachable", mtu: 0, target: WEB });
  port.fail({ problem: "too big", mtu: 1400, target: WEB });
  port.fail({
    problem: "time exceeded",
    mtu: 0,
    target: OTHER,
    from: parseAddress("203.0.113.9"),
  });
  port.fail({ problem: "port unreachable", mtu: 0, target: at("192.0.2.99", 1) }); // of no flow
  port.say(OTHER, bytes("still there"));
  port.refusal = { problem: "network unreachable", mtu: 0 };
  scene.send(GUEST, WEB);
  const got = await scene.received();
  assertEquals(got.map(({ icmp, from, to }) => [icmp, from, to]), [
    [[3, 0], "10.0.2.2", "192.0.2.1:443"],
    [undefined, "192.0.2.2:443", "10.0.2.100:40000"],
    [[3, 3], "192.0.2.1", "192.0.2.1:443"],
    [[3, 4], "10.0.2.2", "192.0.2.1:443"],
    [[11, 0], "203.0.113.9", "192.0.2.2:443"],
  ]);
});

Deno.test("the gateway takes one from the hop limit (P-11)", () => {
  const scene = new Scene();
  scene.send(GUEST, WEB);
  assertEquals(scene.port().hopLimit, 63);
});

Deno.test("a datagram that the outside has no room for is lost, and counted", () => {
  const scene = new Scene();
  scene.send(GUEST, WEB);
  scene.port().refusal = { problem: "no room", mtu: 0 };
  scene.send(GUEST, WEB);
  assertEquals(scene.stack.drops.snapshot(), { QueueFull: 1 });
});

Deno.test("a port is given back when the last of its flows has ended (P-03, P-08)", async () => {
  const scene = new Scene();
  scene.send(GUEST, WEB, "abc");
  scene.port().say(WEB, bytes("answer"));
  await scene.turn();
  await scene.pass(100_000);
  scene.send(GUEST, OTHER);
  await scene.pass(100_000);
  assertEquals([scene.forwarder.openCount, scene.port().isClosed], [1, false]);
  await scene.pass(100_000);
  assertEquals([scene.forwarder.openCount, scene.port().isClosed], [0, true]);
  assertEquals(scene.notes.lines, [
    "opened 192.0.2.1:443",
    "opened 192.0.2.2:443",
    "idle 192.0.2.1:443 3 6",
    "idle 192.0.2.2:443 1 0",
  ]);
});

Deno.test("no more ports are open than there may be flows, however many ask (P-08)", () => {
  const scene = new Scene(allowAll, { udp: { maxFlows: 10 } });
  for (let port = 1; port <= 1000; port++) scene.send(at("10.0.2.100", port), WEB);
  assertEquals(scene.network.ports.filter(({ isClosed }) => !isClosed).length, 10);
  assertEquals([scene.forwarder.portCount, scene.forwarder.openCount], [10, 10]);
});

Deno.test("a flow that ends while the policy thinks is given up", async () => {
  const verdict = Promise.withResolvers<Verdict>();
  const scene = new Scene({ decide: () => verdict.promise });
  scene.send(GUEST, WEB);
  await scene.pass(180_000);
  assertEquals(scene.notes.lines, ["given up: it took too long to decide"]);
  verdict.resolve({ kind: "allow", target: { hostname: "192.0.2.1", port: 443 } });
  await scene.turn();
  assertEquals([scene.forwarder.openCount, scene.network.ports.length], [0, 0]);
});

Deno.test("stop() gives everything back, and nothing goes out any more", async () => {
  const scene = new Scene();
  scene.send(GUEST, WEB, "abc");
  scene.forwarder.stop();
  assertEquals([scene.port().isClosed, scene.network.isClosed], [true, true]);
  scene.send(GUEST, OTHER);
  await scene.turn();
  assertEquals(scene.port().sent.length, 1);
  assertEquals(scene.notes.lines, ["opened 192.0.2.1:443", "closed 192.0.2.1:443 3 0"]);
});
