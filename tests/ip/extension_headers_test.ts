import { assertEquals } from "@std/assert";
import { FAMILIES, Hosts } from "../harness/hosts.ts";
import { encodeMessage, encodePacket, ICMPV6, type IpPacket } from "../harness/ip_packets.ts";

const HOP_BY_HOP = 0;
const ROUTING = 43;
const OPTIONS = 60;
const [, family] = FAMILIES;
const { peer, router, everybody } = family!;

type Extensions = NonNullable<IpPacket["extensions"]>;

/** An echo request behind these headers. */
function pingWith(extensions: Extensions, destination = router): Uint8Array {
  const ends = { source: peer, destination };
  const payload = encodeMessage([128, 0, 1], new Uint8Array(8), ends);
  return encodePacket({ ...ends, protocol: ICMPV6!, payload, extensions });
}

/** The option of type `type`, with four bytes of data. */
const option = (kind: number, type: number) => [kind, 0, type, 4, 0, 0, 0, 0] as const;

Deno.test("An echo request is answered behind headers that may be there (6-02)", () => {
  const hosts = new Hosts();
  hosts.send(
    pingWith([option(HOP_BY_HOP, 1), option(OPTIONS, 0x1e), [ROUTING, 0, 0, 0, 0, 0, 0, 0]]),
  );
  assertEquals(hosts.receiveMessages().map(({ type }) => type), [129]);
});

const PROBLEMS: readonly [
  name: string,
  extensions: Extensions,
  code: number,
  pointer: number,
][] = [
  ["an option that is to be reported", [option(OPTIONS, 0x9e)], 2, 42],
  ["one that is, unless it is for many", [option(OPTIONS, 0xde)], 2, 42],
  ["one in the second header", [option(HOP_BY_HOP, 1), option(OPTIONS, 0x9e)], 2, 50],
  ["a route with hops left", [[ROUTING, 0, 0, 1, 0, 0, 0, 0]], 0, 42],
  ["another route with hops left", [[ROUTING, 0, 4, 1, 0, 0, 0, 0]], 0, 42],
  ["hop-by-hop options that are not first", [option(OPTIONS, 1), option(HOP_BY_HOP, 1)], 1, 40],
];

for (const [name, extensions, code, pointer] of PROBLEMS) {
  Deno.test(`ICMPv6 says where the problem is: ${name} (6-02, 6-03, RFC 4443 §3.4)`, () => {
    const hosts = new Hosts();
    const packet = pingWith(extensions);
    hosts.send(packet);
    const [problem, ...others] = hosts.receiveMessages();
    assertEquals(others, []);
    assertEquals([problem?.type, problem?.code, problem?.rest], [4, code, pointer]);
    assertEquals([problem?.source, problem?.body], [router, packet]);
  });
}

Deno.test("Behind extension headers, too, ICMPv6 says which header is unknown (6-02)", () => {
  const hosts = new Hosts();
  const payload = new Uint8Array(8);
  const extensions = [option(HOP_BY_HOP, 1), option(OPTIONS, 1)];
  hosts.send({ source: peer, destination: router, protocol: 132, payload, extensions });
  const [problem] = hosts.receiveMessages();
  assertEquals([problem?.type, problem?.code, problem?.rest], [4, 1, 48]);
});

Deno.test("Options of packets for many are reported as they ask for (6-02, RFC 4443 §2.4 e)", () => {
  const answers = (type: number) => {
    const hosts = new Hosts();
    hosts.send(pingWith([option(OPTIONS, type)], everybody));
    return hosts.receiveMessages().map(({ code, source }) => [code, source]);
  };
  assertEquals(answers(0x5e), []);
  assertEquals(answers(0x9e), [[2, router]]);
  assertEquals(answers(0xde), []);
});

Deno.test("Nothing is said of a packet that says itself that nothing follows (RFC 8200 §4.7)", () => {
  const hosts = new Hosts();
  hosts.send({ source: peer, destination: router, protocol: 59, payload: new Uint8Array(8) });
  assertEquals(hosts.receive(), []);
  assertEquals(hosts.stack.drops.snapshot(), { UnknownProtocol: 1 });
});
