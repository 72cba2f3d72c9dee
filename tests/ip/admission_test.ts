import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { parseAddress } from "../../lib/text/address.ts";
import { FAMILIES, Hosts } from "../harness/hosts.ts";
import { toWireAddress } from "../harness/wire.ts";

const [IPV4] = FAMILIES;

/** How a packet between these addresses is dropped: one of an unknown protocol. */
function drops(hosts: Hosts, source: string, destination: string): string {
  const ends = { source, destination };
  const [from, to] = Object.values(ends).map((text) => toWireAddress(parseAddress(text)));
  const before = { ...hosts.stack.drops.snapshot() };
  hosts.send({ source: from!, destination: to!, protocol: 132, payload: new Uint8Array(8) });
  const after = Object.entries(hosts.stack.drops.snapshot());
  return after.filter(([name, count]) => count !== (before[name] ?? 0)).map(([name]) => name)
    .join();
}

const FORGED = [
  ["10.0.3.1", "another network's"],
  ["192.0.2.1", "elsewhere's"],
  ["10.0.2.2", "the router's"],
  ["10.0.2.3", "another one of the stack's"],
  ["10.0.2.255", "everybody's"],
  ["127.0.0.1", "loopback"],
  ["224.0.0.1", "multicast"],
  ["240.0.0.1", "reserved"],
  ["255.255.255.255", "broadcast"],
  ["0.0.0.0", "none"],
  ["0.1.2.3", "none of this network"],
  ["169.254.1.1", "link-local"],
  ["2001:db8::1", "elsewhere's"],
  ["fd00:0:0:1::100", "another network's"],
  ["fd00::2", "the router's"],
  ["::1", "loopback"],
  ["ff02::1", "multicast"],
  ["::", "none"],
  ["fe80::1", "link-local"],
] as const;

for (const [source, whose] of FORGED) {
  Deno.test(`A packet from ${source}, ${whose}, is dropped and counted (4-04, 6-09)`, () => {
    const hosts = new Hosts();
    const elsewhere = source.includes(":") ? "2001:db8::2" : "93.184.216.34";
    assertEquals(drops(hosts, source, elsewhere), "InvalidSource");
    assertEquals(hosts.receive(), []);
  });
}

Deno.test("A guest may have any address of its networks but the stack's (4-04, 6-09)", () => {
  const hosts = new Hosts();
  for (const source of ["10.0.2.100", "10.0.2.1", "10.0.2.254", "10.0.2.0"]) {
    assertEquals(drops(hosts, source, "93.184.216.34"), "UnknownProtocol");
  }
  for (const source of ["fd00::100", "fd00::", "fd00::ffff:ffff:ffff:ffff"]) {
    assertEquals(drops(hosts, source, "2001:db8::2"), "UnknownProtocol");
  }
});

Deno.test("Who has no address yet, or a link-local one, may speak on the link (4-12, 6-09)", () => {
  const hosts = new Hosts();
  for (
    const [source, destination] of [
      ["0.0.0.0", "255.255.255.255"],
      ["169.254.1.1", "224.0.0.251"],
      ["169.254.1.1", "169.254.2.2"],
      ["::", "ff02::1"],
      ["fe80::1", "ff02::2"],
      ["fe80::1", "fe80::2"],
    ] as const
  ) {
    assertEquals(drops(hosts, source, destination), "UnknownProtocol", destination);
  }
});

Deno.test("A stack that is told of no networks takes any address but a martian one (4-04)", () => {
  const hosts = new Hosts({ guest: [], addresses: [] });
  assertEquals(drops(hosts, "192.0.2.1", "93.184.216.34"), "UnknownProtocol");
  assertEquals(drops(hosts, "10.0.2.2", "93.184.216.34"), "UnknownProtocol");
  assertEquals(drops(hosts, "127.0.0.1", "93.184.216.34"), "InvalidSource");
});

Deno.test("Datagrams to everybody that nobody serves are dropped quietly (4-12, P-09)", () => {
  for (const destination of [0xffff_ffff, 0xe000_00fb, 0x0a00_02ff]) {
    const hosts = new Hosts();
    const payload = Uint8Array.of(0, 53, 0, 67, 0, 8, 0, 0);
    hosts.send({ source: IPV4!.peer, destination, protocol: 17, payload });
    assertEquals(hosts.stack.nextDatagramFlow(), undefined);
    assertEquals(hosts.receive(), []);
    assertEquals(hosts.stack.drops.snapshot(), { InvalidDestination: 1 });
  }
});

Deno.test("Source routes and malformed options are dropped (4-02)", () => {
  const shapes: readonly [readonly number[], Drop][] = [
    [[131, 7, 4, 10, 0, 2, 2, 0], Drop.SourceRoute],
    [[137, 7, 4, 10, 0, 2, 2, 0], Drop.SourceRoute],
    [[7, 9, 4, 0, 0, 0, 0, 0], Drop.Malformed],
    [[7, 0, 0, 0], Drop.Malformed],
    [[7, 7, 4, 0, 0, 0, 0, 0], Drop.None], // record route
    [[68, 8, 5, 0, 0, 0, 0, 0], Drop.None], // timestamps
    [[148, 4, 0, 0], Drop.None], // router alert
    [[200, 4, 9, 9], Drop.None],
  ];
  for (const [options, reason] of shapes) {
    const hosts = new Hosts();
    const ends = { source: IPV4!.peer, destination: IPV4!.router };
    const payload = Uint8Array.of(8, 0, 0xf7, 0xff, 0, 0, 0, 0);
    hosts.send({ ...ends, protocol: 1, payload, options });
    const [reply] = hosts.receive();
    assertEquals(reply !== undefined, reason === Drop.None, options.join());
    if (reason !== Drop.None) assertEquals(hosts.stack.drops.of(reason), 1);
  }
});
