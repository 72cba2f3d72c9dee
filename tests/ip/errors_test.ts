import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { FAMILIES, type Family, Hosts } from "../harness/hosts.ts";
import { encodeMessage, encodePacket, type IpPacket } from "../harness/ip_packets.ts";

const UNKNOWN = 132;
const text = (length: number) => Uint8Array.from({ length }, (_, i) => i);

/** A packet from the peer of a protocol that nobody serves. */
function unknown(family: Family, change: Partial<IpPacket> = {}): Uint8Array {
  const { peer: source, elsewhere: destination } = family;
  return encodePacket({ source, destination, protocol: UNKNOWN, payload: text(40), ...change });
}

Deno.test("Who sends an unknown protocol is told so, with what was sent (4-13, 6-02, M-03)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    const packet = unknown(family);
    hosts.send(packet);
    assertEquals(hosts.receiveMessages(), [{
      source: family.elsewhere,
      destination: family.peer,
      type: family.version === 4 ? 3 : 4,
      code: family.version === 4 ? 2 : 1,
      rest: family.version === 4 ? 0 : 6, // where the Next Header is
      body: packet,
    }]);
    assertEquals(hosts.stack.drops.snapshot(), { UnknownProtocol: 1 });
  }
});

Deno.test("An error quotes as much as fits into 576 or 1280 bytes (M-03, RFC 1812 §4.3.2.3)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    const packet = unknown(family, { payload: text(1400) });
    hosts.send(packet);
    const [bytes] = hosts.receiveBytes();
    assertEquals(bytes?.length, family.version === 4 ? 576 : 1280);
    const quoted = family.version === 4 ? 28 : 48;
    assertEquals(bytes?.subarray(quoted), packet.subarray(0, bytes!.length - quoted));
  }
});

Deno.test("There is no error about what is for many, a later fragment or from nobody (M-04)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    hosts.send(unknown(family, { destination: family.everybody }));
    if (family.version === 4) {
      hosts.send(unknown(family, { destination: 0xffff_ffff }));
      hosts.send(unknown(family, { destination: 0x0a00_02ff }));
      hosts.send(unknown(family, { source: 0, destination: 0xffff_ffff }));
    } else {
      hosts.send(unknown(family, { source: 0n, destination: family.everybody }));
    }
    const fragment = { id: 7, offset: 8, more: true };
    hosts.send(unknown(family, { hopLimit: 1, fragment }));
    assertEquals(hosts.receive(), []);
  }
});

Deno.test("There is no error about an error, whatever headers it has (M-04)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    const ends = { source: family.peer, destination: family.elsewhere };
    const error = family.version === 4 ? 3 : 1;
    const about = unknown(family);
    const expired = (type: number, change: Partial<IpPacket> = {}) => {
      const payload = encodeMessage([type, 0], about, ends);
      hosts.send(encodePacket({ ...ends, protocol: family.icmp, payload, hopLimit: 1, ...change }));
    };
    expired(error);
    if (family.version === 4) expired(error, { options: [1, 1, 1, 0] });
    else expired(error, { extensions: [[60, 0, 1, 4, 0, 0, 0, 0]] });
    expired(family.version === 4 ? 200 : 100); // a type that is not known may be one
    assertEquals(hosts.receive(), []);
    expired(family.echo.request);
    assertEquals(hosts.receiveMessages().length, 1);
  }
});

Deno.test("A packet to elsewhere whose hop limit is used up is reported by the router (4-03)", () => {
  for (const family of FAMILIES) {
    for (const protocol of [6, 17, family.icmp, UNKNOWN]) {
      const hosts = new Hosts();
      const ends = { source: family.peer, destination: family.elsewhere };
      const payload = encodeMessage([family.echo.request, 0], text(40), ends);
      const packet = encodePacket({ ...ends, protocol, payload, hopLimit: 1 });
      hosts.send(packet);
      assertEquals(hosts.receiveMessages(), [{
        source: family.router,
        destination: family.peer,
        type: family.version === 4 ? 11 : 3,
        code: 0,
        rest: 0,
        body: packet,
      }]);
      assertEquals(hosts.stack.drops.snapshot(), { HopLimitExceeded: 1 });
    }
  }
});

Deno.test("A packet to the stack itself may arrive with its last hop (4-03, RFC 1122 §3.2.1.7)", () => {
  for (const family of FAMILIES) {
    const hosts = new Hosts();
    hosts.ping(family, family.router, text(8), 1);
    assertEquals(hosts.receiveMessages().map(({ type }) => type), [family.echo.reply]);
    hosts.ping(family, family.router, text(8), 0); // which IPv4 forbids, and IPv6 does not
    assertEquals(hosts.receive().length, 1);
    const expected = family.version === 4 ? { HopLimitExceeded: 1 } : {};
    assertEquals(hosts.stack.drops.snapshot(), expected);
  }
});

Deno.test("Errors of both versions share one rate: 50, then one a millisecond (M-05)", () => {
  const hosts = new Hosts();
  for (let i = 0; i < 60; i++) for (const family of FAMILIES) hosts.send(unknown(family));
  assertEquals(hosts.receive().length, 50);
  hosts.now += 20;
  assertEquals(hosts.receive().length, 20);
  for (let i = 0; i < 600; i++) for (const family of FAMILIES) hosts.send(unknown(family));
  assertEquals(hosts.stack.drops.of(Drop.TooManyReplies) > 0, true);
});
