import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { toWireAddress } from "../harness/wire.ts";
import { FAMILIES, Hosts } from "../harness/hosts.ts";
import { decodeMessage, encodeMessage, encodePacket } from "../harness/ip_packets.ts";

const data = (length: number) => Uint8Array.from({ length }, (_, i) => i * 7);

Deno.test("The stack answers echo requests to its addresses with what they hold (M-01)", () => {
  for (const family of FAMILIES) {
    for (const destination of [family.router, family.server]) {
      for (const length of [0, 1, 56, 1400]) {
        const hosts = new Hosts();
        hosts.ping(family, destination, data(length));
        assertEquals(hosts.receiveMessages(), [{
          source: destination,
          destination: family.peer,
          type: family.echo.reply,
          code: 0,
          rest: 0x1234_5678,
          body: data(length),
        }]);
        assertEquals(hosts.echoes(), []);
      }
    }
  }
});

Deno.test("An echo request that is damaged, or for all, is not answered (M-01, Q-05, M-04)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    const packet = hosts.ping(family, family.router, data(56));
    hosts.receive();
    packet[packet.length - 1]! ^= 1;
    hosts.send(packet);
    assertEquals(hosts.stack.drops.of(Drop.BadChecksum), 1);
    hosts.ping(family, family.everybody, data(56));
    assertEquals(hosts.stack.drops.of(Drop.IgnoredMessage), 1);
    assertEquals([hosts.receive(), hosts.echoes()], [[], []]);
  }
});

Deno.test("Echo replies are not limited in rate, but in how many are owed (M-05)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    for (let i = 0; i < 600; i++) hosts.ping(family, family.router, data(8));
    assertEquals(hosts.receive().length, 512);
    assertEquals(hosts.stack.drops.of(Drop.TooManyReplies), 88);
  }
});

Deno.test("An echo request to elsewhere waits to be pulled, and is answered as it came (M-02)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    hosts.ping(family, family.elsewhere, data(100), 9);
    assertEquals(hosts.receive(), []);
    const [request, ...others] = hosts.echoes();
    assertEquals(others, []);
    assertEquals(request?.version, family.version);
    assertEquals(toWireAddress(request!.source), family.peer);
    assertEquals(toWireAddress(request!.destination), family.elsewhere);
    const { identifier, sequence, hopLimit } = request!;
    assertEquals([identifier, sequence, hopLimit], [0x1234, 0x5678, 9]);
    assertEquals(request!.data, data(100));
    request!.reply();
    const [reply] = hosts.receiveMessages();
    assertEquals([reply?.type, reply?.rest, reply?.source], [
      family.echo.reply,
      0x1234_5678,
      family.elsewhere,
    ]);
    assertEquals(reply?.body, data(100));
  }
});

Deno.test("An echo request that fails is quoted in the error, from whoever says so (M-02, M-03, M-07)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    const packet = hosts.ping(family, family.elsewhere, data(30));
    const [request] = hosts.echoes();
    const hop = family.version === 4 ? 0xc633_6401 : (0x2001_0db8n << 96n) + 0x64n;
    const from = { w0: 0, w1: 0, w2: 0xffff, w3: 0xc633_6401 | 0 };
    const from6 = { w0: 0x2001_0db8, w1: 0, w2: 0, w3: 0x64 };
    request!.fail("time exceeded", { from: family.version === 4 ? from : from6 });
    request!.fail("host unreachable");
    request!.fail("too big", { mtu: 1300 });
    const errors = hosts.receiveMessages();
    const types = family.version === 4 ? [[11, 0], [3, 1], [3, 4]] : [[3, 0], [1, 3], [2, 0]];
    assertEquals(errors.map(({ type, code }) => [type, code]), types);
    assertEquals(errors.map(({ source }) => source), [hop, family.router, family.router]);
    assertEquals(errors.map(({ rest }) => rest), [0, 0, 1300]);
    for (const { body, destination } of errors) {
      assertEquals(body, packet);
      assertEquals(destination, family.peer);
    }
  }
});

Deno.test("Echo requests that nobody pulls take no more than so much memory (M-02)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    for (let i = 0; i < 1000; i++) hosts.ping(family, family.elsewhere, data(8));
    assertEquals(hosts.stack.drops.of(Drop.TooManyEchoes), 1000 - 512);
    assertEquals(hosts.echoes().length, 512);
    for (let i = 0; i < 100; i++) hosts.ping(family, family.elsewhere, data(60_000));
    assertEquals(hosts.echoes().length, Math.floor(2 ** 20 / 60_040));
    hosts.ping(family, family.elsewhere, data(8)); // there is room again
    assertEquals(hosts.echoes().length, 1);
  }
});

Deno.test("A stack without addresses of its own leaves every echo request to others (M-02)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts({ addresses: [], guest: [] });
    hosts.ping(family, family.router, data(8), 1);
    assertEquals([hosts.receive().length, hosts.echoes().length], [0, 1]);
  }
});

Deno.test("Replies, timestamps, masks, redirects, quenches and MLD are ignored (M-08, 6-15)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    const types = family.version === 4
      ? [0, 4, 5, 9, 10, 13, 14, 15, 16, 17, 18, 30, 255]
      : [0, 5, 100, 127, 129, 130, 131, 132, 133, 134, 135, 136, 137, 143, 255];
    const ends = { source: family.peer, destination: family.router };
    for (const type of types) {
      const payload = encodeMessage([type, 0], data(48), ends);
      hosts.send(encodePacket({ ...ends, protocol: family.icmp, payload }));
    }
    assertEquals(hosts.stack.drops.snapshot(), { IgnoredMessage: types.length });
    assertEquals(hosts.receive(), []);
  }
});

Deno.test("An echo reply tells all its bits, with a right checksum, for any data (Q-05, M-01)", () => {
  for (const family of FAMILIES) {
    for (const fill of [0, 0xff, 0x80]) {
      const hosts = new Hosts();
      hosts.ping(family, family.router, new Uint8Array(57).fill(fill));
      const [reply] = hosts.receive();
      assertEquals(decodeMessage(reply!).body, new Uint8Array(57).fill(fill));
      assertEquals(reply!.hopLimit, 64);
    }
  }
});
