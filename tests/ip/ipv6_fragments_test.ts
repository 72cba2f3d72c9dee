import { assertEquals } from "@std/assert";
import { FAMILIES, Hosts } from "../harness/hosts.ts";
import { cut, encodeMessage, encodePacket, ICMPV6, type IpPacket } from "../harness/ip_packets.ts";

const OPTIONS = 60;
const FRAGMENT = 44;
const [, family] = FAMILIES;
const { peer: source, router: destination } = family!;

/** ICMPv6 of this type with `length` bytes behind its header. */
function message(type: number, length: number): IpPacket {
  const ends = { source, destination };
  const payload = encodeMessage([type, 0, 1], new Uint8Array(length), ends);
  return { ...ends, protocol: ICMPV6!, payload };
}

const ATOMIC = { id: 9, offset: 0, more: false };

Deno.test("A fragment that is all of its datagram stands for itself (6-06, RFC 6946 §4)", () => {
  const hosts = new Hosts();
  const [first] = cut({ ...message(128, 40), payload: new Uint8Array(48) }, 24, ATOMIC.id);
  hosts.send(first!); // of another datagram, with the same ID
  hosts.send({ ...message(128, 8), fragment: ATOMIC });
  assertEquals(hosts.receiveMessages().map(({ type }) => type), [129]);
});

Deno.test("Only the first fragment says what the payload is (6-04, RFC 8200 §4.5)", () => {
  const hosts = new Hosts();
  const [first, second] = cut(message(128, 40), 24);
  hosts.send({ ...second!, protocol: 17 });
  hosts.send(first!);
  assertEquals(hosts.receiveMessages().map(({ type }) => type), [129]);
});

Deno.test("Headers in front of the fragment header, and behind it, are stepped over (6-04, 6-02)", () => {
  const hosts = new Hosts();
  const extensions = [[OPTIONS, 0, 1, 4, 0, 0, 0, 0] as const];
  const inner = Uint8Array.of(ICMPV6!, 0, 1, 4, 0, 0, 0, 0);
  const { payload } = message(128, 40);
  const whole = { ...message(128, 0), protocol: OPTIONS, extensions };
  for (const fragment of cut({ ...whole, payload: Uint8Array.of(...inner, ...payload) }, 24)) {
    hosts.send(fragment);
  }
  assertEquals(hosts.receiveMessages().map(({ type }) => type), [129]);
});

const INCOMPLETE: readonly [name: string, packet: IpPacket][] = [
  ["an ICMPv6 header that is cut", { ...message(128, 8), payload: new Uint8Array(0) }],
  ["a TCP header that is cut", { ...message(128, 8), protocol: 6, payload: new Uint8Array(16) }],
  ["an extension header that is cut", {
    ...message(128, 8),
    protocol: OPTIONS,
    payload: Uint8Array.of(6, 1, 1, 4, 0, 0, 0, 0),
  }],
  ["no header but extension headers", {
    ...message(128, 8),
    protocol: OPTIONS,
    payload: Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0),
  }],
];

for (const [name, packet] of INCOMPLETE) {
  Deno.test(`A first fragment must have all headers: ${name} (6-04, RFC 7112 §5)`, () => {
    const hosts = new Hosts();
    const first = encodePacket({ ...packet, fragment: { id: 1, offset: 0, more: true } });
    hosts.send(first);
    assertEquals(hosts.stack.drops.snapshot(), { Malformed: 1 });
    const reports = hosts.receiveMessages();
    if (packet.payload.length === 0) return assertEquals(reports, []); // nothing has come at all
    assertEquals(reports.map(({ type, code, rest }) => [type, code, rest]), [[4, 3, 0]]);
    assertEquals(reports[0]?.body, first);
  });
}

Deno.test("ICMPv6 says what is wrong with a fragment's length (6-07, RFC 8200 §4.5)", () => {
  const hosts = new Hosts();
  const fragment = (offset: number, length: number, more: boolean): void => {
    const payload = new Uint8Array(length);
    hosts.send({ ...message(128, 0), protocol: 17, payload, fragment: { id: 1, offset, more } });
  };
  fragment(0, 9, true);
  fragment(8, 15, true);
  fragment(65_528, 16, true);
  fragment(65_528, 8, false);
  const problems = hosts.receiveMessages().map(({ type, code, rest }) => [type, code, rest]);
  assertEquals(problems, [[4, 0, 4], [4, 0, 4], [4, 0, 42], [4, 0, 42]]);
});

Deno.test("Neighbor discovery in fragments is dropped (6-08, RFC 6980 §5)", () => {
  for (const type of [133, 134, 135, 136, 137]) {
    const hosts = new Hosts();
    hosts.send({ ...message(type, 16), fragment: ATOMIC });
    for (const fragment of cut(message(type, 16), 8)) hosts.send(fragment);
    assertEquals(hosts.receive(), []);
    assertEquals(hosts.stack.drops.snapshot(), { Malformed: 2 });
  }
});

Deno.test("A datagram put together is not again a fragment (6-04)", () => {
  const hosts = new Hosts();
  const inner = Uint8Array.of(17, 0, 0, 1, 0, 0, 0, 1, ...new Uint8Array(40));
  const whole = { ...message(128, 0), protocol: FRAGMENT, payload: inner };
  for (const fragment of cut(whole, 24)) hosts.send(fragment);
  assertEquals(hosts.receive(), []);
  assertEquals(hosts.stack.drops.snapshot(), { Fragment: 1 });
});
