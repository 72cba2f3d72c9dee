import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Drop } from "../../lib/base/drop.ts";
import { FAMILIES, type Family, Hosts } from "../harness/hosts.ts";
import { cut, encodeMessage, encodePacket, type IpPacket, join } from "../harness/ip_packets.ts";
import { encodeSegment } from "../harness/wire.ts";

const text = (length: number) => Uint8Array.from({ length }, (_, i) => i * 13 >> 3);

/** An echo request to the router with so many bytes of data. */
function ping({ peer: source, router: destination, icmp: protocol, echo }: Family, length: number) {
  const ends = { source, destination };
  const payload = encodeMessage([echo.request, 0, 0xabcd_0001], text(length), ends);
  return { ...ends, protocol, payload };
}

/** How many bytes of data are in the reply that the stack sends now, if it does. */
function replied(hosts: Hosts): number | undefined {
  const packets = hosts.receive();
  if (packets.length === 0) return undefined;
  const { payload } = packets.length === 1 ? packets[0]! : join(packets);
  assertEquals(payload.subarray(8), text(payload.length - 8));
  return payload.length - 8;
}

for (const family of FAMILIES) {
  const { version } = family;
  Deno.test(`IPv${version}: "ping -s 8000" is answered, in fragments of a link's MTU (4-06, 6-04, M-01)`, () => {
    const hosts = new Hosts();
    for (const fragment of cut(ping(family, 8000), 1440)) hosts.send(fragment);
    assertEquals(replied(hosts), 8000);
    assertEquals(hosts.stack.drops.snapshot(), {});
  });

  Deno.test(`IPv${version}: any cut in any order, with duplicates, is put together (4-06, 4-08, 6-04)`, () => {
    const hosts = new Hosts();
    fc.assert(
      fc.property(
        fc.nat(3000),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat(), { minLength: 1 }),
        fc.nat(0xffff),
        (length, units, swaps, id) => {
          const fragments = cut(ping(family, length), 8 * units, id);
          if (fragments.length < 2) return;
          swaps.forEach((swap, i) => {
            const [a, b] = [swap % fragments.length, i % fragments.length];
            [fragments[a], fragments[b]] = [fragments[b]!, fragments[a]!];
          });
          const twice = swaps[0]! % (fragments.length - 1);
          const before = hosts.stack.drops.of(Drop.Duplicate);
          for (const fragment of fragments.slice(0, -1)) hosts.send(fragment);
          hosts.send(fragments[twice]!);
          assertEquals(replied(hosts), undefined);
          hosts.send(fragments.at(-1)!);
          assertEquals(replied(hosts), length);
          assertEquals(hosts.stack.drops.of(Drop.Duplicate), before + 1);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  Deno.test(`IPv${version}: the longest datagram there can be is put together (4-09, P-06)`, () => {
    const hosts = new Hosts();
    const length = version === 4 ? 65_535 - 28 : 65_535 - 8;
    for (const fragment of cut(ping(family, length), 1440)) hosts.send(fragment);
    assertEquals(replied(hosts), length);
  });

  Deno.test(`IPv${version}: fragments that overlap are dropped, and all of their datagram (4-07, 6-05)`, () => {
    const [a, b, c] = cut(ping(family, 40), 16) as [IpPacket, IpPacket, IpPacket];
    const at = (offset: number, length: number, more: boolean): IpPacket => (
      { ...a, payload: new Uint8Array(length), fragment: { id: 0x1234, offset, more } }
    );
    const attacks = [
      [a, b, at(8, 16, true), c], // over the end of one, and the beginning of another
      [a, b, at(0, 32, true), c], // around others
      [a, b, at(16, 8, true), c], // within one, as "teardrop" did
      [a, at(24, 8, true), b, c],
      [a, c, at(32, 8, false), b], // another end
      [a, c, at(32, 24, false), b],
      [a, c, at(48, 8, true), b], // behind the end
      [a, b, at(8, 8, false), c], // an end before what has come
    ];
    for (const fragments of attacks) {
      const hosts = new Hosts();
      for (const fragment of fragments) hosts.send(fragment);
      for (const fragment of [a, b, c]) hosts.send(fragment); // also what comes later
      assertEquals(hosts.receive(), []);
      assertEquals(hosts.stack.drops.of(Drop.OverlappingFragment), fragments.length - 2 + 3);
      hosts.pass(60_000);
      assertEquals(hosts.receive(), []); // nor is the sender told
      for (const fragment of [a, b, c]) hosts.send(fragment);
      assertEquals(replied(hosts), 40);
    }
  });

  Deno.test(`IPv${version}: fragments that cannot be any are dropped (4-09, 6-07)`, () => {
    const hosts = new Hosts();
    const whole = ping(family, 40);
    const shapes: readonly [number, number, boolean][] = [
      [0, 0, true],
      [8, 0, false],
      [8, 7, true],
      [0, 9, true],
      [65_528, 8, true],
      [65_528, 8, false],
      [65_520, 1400, false],
    ];
    for (const [offset, length, more] of shapes) {
      hosts.send({ ...whole, payload: new Uint8Array(length), fragment: { id: 1, offset, more } });
    }
    assertEquals(hosts.stack.drops.snapshot(), { Malformed: shapes.length });
    hosts.receive();
    hosts.pass(60_000);
    assertEquals(hosts.stack.drops.of(Drop.FragmentTimeout), 0); // nothing was kept
  });

  Deno.test(`IPv${version}: what does not become whole in time is reported, if it has begun (4-06, 6-04)`, () => {
    const timeout = version === 4 ? 30_000 : 60_000;
    const [first, second, third] = cut(ping(family, 4000), 1440) as [IpPacket, IpPacket, IpPacket];
    const hosts = new Hosts();
    hosts.send(first);
    hosts.pass(timeout - 1000);
    hosts.send(third); // does not let it live longer
    hosts.pass(999);
    assertEquals(hosts.stack.drops.snapshot(), {});
    hosts.pass(1);
    assertEquals(hosts.stack.drops.snapshot(), { FragmentTimeout: 1 });
    const [report, ...others] = hosts.receiveMessages();
    assertEquals(others, []);
    assertEquals([report?.type, report?.code], version === 4 ? [11, 1] : [3, 1]);
    assertEquals([report?.source, report?.destination], [family.router, family.peer]);
    const bytes = encodePacket(first);
    assertEquals(report?.body, bytes.subarray(0, version === 4 ? 548 : 1232));
    hosts.send(second);
    hosts.send(third);
    hosts.pass(timeout);
    assertEquals(hosts.stack.drops.snapshot(), { FragmentTimeout: 2 });
    assertEquals(hosts.receive(), []);
  });

  Deno.test(`IPv${version}: fragments of different datagrams do not mix (4-06, 6-04)`, () => {
    const hosts = new Hosts();
    const one = cut(ping(family, 3000), 1440, 7);
    const other = cut(ping(family, 2000), 720, 8);
    const toServer = cut({ ...ping(family, 50), destination: family.server }, 24, 7);
    for (let i = 0; i < 3; i++) {
      for (const fragments of [one, other, toServer]) {
        const fragment = fragments[i];
        if (fragment) hosts.send(fragment);
      }
    }
    const answers = hosts.receive();
    assertEquals(
      answers.filter(({ fragment }) => !fragment.more).length,
      family.version === 4 ? 3 : 2,
    );
  });

  Deno.test(`IPv${version}: fragments from forged sources are not kept (4-04, 6-09, 4-10)`, () => {
    const hosts = new Hosts();
    const source = family.elsewhere;
    for (const fragment of cut({ ...ping(family, 4000), source }, 1440).slice(1)) {
      hosts.send(fragment);
    }
    hosts.pass(60_000);
    assertEquals(hosts.stack.drops.snapshot(), { InvalidSource: 2 });
  });

  Deno.test(`IPv${version}: a bomb of fragments leaves room for those of others (4-10)`, () => {
    const hosts = new Hosts();
    const bomb = { ...ping(family, 0), payload: new Uint8Array(1400) };
    for (let id = 0; id < 20_000; id++) {
      hosts.send({ ...bomb, fragment: { id, offset: 1400, more: true } });
    }
    assertEquals(hosts.stack.drops.of(Drop.FragmentEvicted) > 15_000, true);
    for (const fragment of cut(ping(family, 8000), 1440, 0xffff)) hosts.send(fragment);
    assertEquals(replied(hosts), 8000);
  });
}

Deno.test("IPv4: a SYN may come in tiny fragments: nothing reads it before it is whole (4-06)", () => {
  const [{ peer: source, elsewhere: destination }] = FAMILIES as [Family];
  const numbers = { sourcePort: 40_000, destinationPort: 80, seq: 1, ack: 0, urgent: 0 };
  const rest = { flags: 2, window: 1000, options: new Uint8Array(4).fill(1), payload: text(0) };
  const syn = encodeSegment({ source, destination, ...numbers, ...rest });
  const hosts = new Hosts();
  const packet = { source, destination, protocol: 6, payload: syn.slice(20) };
  for (const fragment of cut(packet, 8).reverse()) hosts.send(fragment);
  assertEquals(hosts.stack.drops.snapshot(), {});
  assertEquals(hosts.stack.nextRequest()?.flow.client.port, 40_000);
});
