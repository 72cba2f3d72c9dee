import { assertEquals } from "@std/assert";
import { FAMILIES, Hosts } from "../harness/hosts.ts";
import { join } from "../harness/ip_packets.ts";

for (const family of FAMILIES) {
  const { version } = family;
  const headers = version === 4 ? 20 : 48;

  Deno.test(`IPv${version}: a datagram longer than the MTU leaves in fragments (4-11, RFC 8200 §4.5)`, () => {
    for (
      const [mtu, length] of [[1500, 8000], [1500, 1473], [1280, 65_000], [1499, 5000]] as const
    ) {
      const hosts = new Hosts({}, mtu);
      hosts.ping(family, family.router, new Uint8Array(length).fill(7));
      const sent = hosts.receiveBytes();
      assertEquals(sent.every((bytes) => bytes.length <= mtu), true);
      const full = sent.slice(0, -1);
      const room = mtu - headers;
      assertEquals(full.map((bytes) => bytes.length - headers), full.map(() => room - room % 8));
    }
  });

  Deno.test(`IPv${version}: one that just fits leaves whole, and is not to be cut (4-11)`, () => {
    const hosts = new Hosts();
    const most = 1500 - (version === 4 ? 28 : 48);
    hosts.ping(family, family.router, new Uint8Array(most));
    const [whole, ...others] = hosts.receiveBytes();
    assertEquals([whole?.length, others], [1500, []]);
    if (version === 4) assertEquals(whole![6], 0x40); // DF, and no ID: RFC 6864 §4.1
  });

  Deno.test(`IPv${version}: the fragments are of the whole, each datagram with its own ID (4-11, RFC 7739)`, () => {
    const hosts = new Hosts();
    const data = Uint8Array.from({ length: 7000 }, (_, i) => i >> 4);
    const ids = new Set<number | undefined>();
    for (let i = 0; i < 10; i++) {
      hosts.ping(family, family.router, data);
      const fragments = hosts.receive();
      assertEquals(fragments.length, 5);
      assertEquals(join(fragments).payload.subarray(8), data);
      ids.add(fragments[0]?.fragment.id);
    }
    assertEquals(ids.size, 10);
  });

  Deno.test(`IPv${version}: the next datagram waits until the fragments have left (4-11)`, () => {
    const hosts = new Hosts();
    hosts.ping(family, family.router, new Uint8Array(3000));
    hosts.ping(family, family.server, new Uint8Array(10));
    const sent = hosts.receive();
    assertEquals(sent.map(({ source }) => source === family.router), [true, true, true, false]);
  });
}
