import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { Neighbors } from "../../lib/ethernet/neighbors.ts";
import { arp, EVERYBODY, frame, GUEST_MAC, join, mac, OUR_MAC, udp } from "../harness/frames.ts";
import { arpText, StationTalk } from "../harness/station.ts";

const GUEST = "10.0.2.100";
const OTHER_MAC = "02:00:00:00:00:65";

/** A packet of the stack's for `destination`. */
function toGuest(destination = GUEST): Uint8Array {
  return udp({ source: "10.0.2.2", destination, ports: [1, 2], data: new Uint8Array(3) });
}

function asks(sender: string, target: string, from = GUEST_MAC): Uint8Array {
  return arp({ from, sender, target });
}

for (const own of ["10.0.2.2", "10.0.2.3"]) {
  Deno.test(`Who asks for ${own} is answered and remembered (E-01, RFC 826)`, () => {
    const talk = new StationTalk();
    const answer = talk.ask(asks(GUEST, own));
    assertEquals(arpText(answer), `to ${GUEST_MAC}: ${own} is here, ${GUEST}`);
    const [sent] = talk.send(toGuest());
    assertEquals(sent, frame({ from: OUR_MAC, to: GUEST_MAC, type: 0x0800, data: toGuest() }));
  });
}

Deno.test("A question with padding behind it is answered (E-01)", () => {
  const padded = join(asks(GUEST, "10.0.2.2"), new Uint8Array(18));
  assertEquals(new StationTalk().frame(padded).length, 1);
});

Deno.test("What is beyond the link is here for who looks for it on the link (E-01, RFC 1027)", () => {
  const talk = new StationTalk();
  const answer = talk.ask(asks(GUEST, "192.0.2.7"));
  assertEquals(arpText(answer), `to ${GUEST_MAC}: 192.0.2.7 is here, ${GUEST}`);
  for (const nowhere of ["127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255", "0.0.0.0"]) {
    assertEquals(talk.frame(asks(GUEST, nowhere)), [], nowhere);
  }
});

Deno.test("Who probes for an address of ours is told that it is taken (E-01, RFC 5227 §2.1.1)", () => {
  const talk = new StationTalk();
  const answer = talk.ask(asks("0.0.0.0", "10.0.2.2"));
  assertEquals(arpText(answer), `to ${GUEST_MAC}: 10.0.2.2 is here, 0.0.0.0`);
  assertEquals(talk.ethernet.neighborCount, 0);
});

Deno.test("The guest may have any other address: who probes for it hears nothing (E-03, RFC 5227)", () => {
  const talk = new StationTalk();
  for (const target of [GUEST, "10.0.2.101", "169.254.3.4", "192.0.2.1"]) {
    assertEquals(talk.frame(asks("0.0.0.0", target)), [], target);
    assertEquals(talk.frame(asks(target, target)), [], target); // it announces itself
  }
});

Deno.test("A neighbor that announces itself elsewhere is believed (E-01, RFC 5227 §3)", () => {
  const talk = new StationTalk();
  talk.frame(asks(GUEST, "10.0.2.2"));
  assertEquals(talk.frame(asks(GUEST, GUEST, OTHER_MAC)), []);
  const [sent] = talk.send(toGuest());
  assertEquals(sent?.subarray(0, 6), join(mac(OTHER_MAC)));
});

Deno.test("Who claims an address of ours is contradicted, once in ten seconds (E-01, RFC 5227 §2.4)", () => {
  const talk = new StationTalk();
  const claim = asks("10.0.2.2", "10.0.2.2");
  assertEquals(arpText(talk.ask(claim)), `to ${EVERYBODY}: 10.0.2.2 asks for 10.0.2.2`);
  talk.wait(9999);
  assertEquals(talk.frame(claim), []);
  talk.wait(1);
  assertEquals(talk.frame(claim).length, 1);
  const spoofed = arp({ operation: 2, to: OUR_MAC, sender: "10.0.2.3", target: "10.0.2.2" });
  assertEquals(talk.frame(spoofed), []);
  assertEquals([talk.drops.of(Drop.AddressConflict), talk.ethernet.neighborCount], [4, 0]);
});

Deno.test("Messages about anything but IPv4 on Ethernet are dropped (E-02, RFC 826)", () => {
  const good = asks(GUEST, "10.0.2.2");
  const wrong: readonly [at: number, value: number][] = [
    [15, 6], // hardware
    [16, 0x86], // protocol
    [18, 8], // lengths of addresses
    [19, 16],
    [21, 3], // RARP
    [21, 0],
  ];
  const talk = new StationTalk();
  for (const [at, value] of wrong) {
    const bytes = join(good);
    bytes[at] = value;
    assertEquals(talk.frame(bytes), []);
  }
  assertEquals(talk.drops.of(Drop.Malformed), wrong.length);
  for (let length = 14; length < good.length; length++) {
    assertEquals(talk.frame(good.subarray(0, length)), []);
  }
  assertEquals(talk.drops.of(Drop.Truncated), 28);
});

Deno.test("An answer that nobody has asked for is not believed (E-02, RFC 826)", () => {
  const talk = new StationTalk();
  const answer = (from: string) =>
    arp({ operation: 2, from, to: OUR_MAC, sender: GUEST, target: "10.0.2.2" });
  assertEquals(talk.frame(answer(GUEST_MAC)), []);
  assertEquals([talk.drops.of(Drop.Unsolicited), talk.ethernet.neighborCount], [1, 0]);
  talk.frame(asks(GUEST, "10.0.2.2"));
  talk.frame(answer(OTHER_MAC));
  assertEquals(talk.drops.of(Drop.Unsolicited), 2);
  assertEquals(talk.send(toGuest())[0]?.subarray(0, 6), join(mac(GUEST_MAC)));
});

Deno.test("A packet for a neighbor that is not known waits for the answer (E-02, RFC 1122 §2.3.2.2)", () => {
  const talk = new StationTalk();
  const [question] = talk.send(toGuest());
  assertEquals(question && arpText(question), `to ${EVERYBODY}: 10.0.2.2 asks for ${GUEST}`);
  assertEquals(talk.send(toGuest()), []); // the latest waits, and it is asked once a second
  const answer = arp({ operation: 2, to: OUR_MAC, sender: GUEST, target: "10.0.2.2" });
  assertEquals(talk.frame(answer), [
    frame({ from: OUR_MAC, to: GUEST_MAC, type: 0x0800, data: toGuest() }),
  ]);
  assertEquals(talk.drops.of(Drop.Unresolved), 1);
  assertEquals(talk.send(toGuest()).length, 1);
});

Deno.test("A neighbor that never answers is asked three times, then forgotten (E-04, RFC 4861 §7.2.2)", () => {
  const talk = new StationTalk();
  talk.send(toGuest());
  assertEquals(talk.wait(10_000).map(([after]) => after), [1000, 2000]);
  assertEquals([talk.drops.of(Drop.Unresolved), talk.ethernet.neighborCount], [1, 0]);
});

Deno.test("A neighbor in use is asked again when half a minute is over (E-04, RFC 4861 §7.3.3)", () => {
  const talk = new StationTalk();
  talk.send(toGuest());
  const answer = arp({ operation: 2, to: OUR_MAC, sender: GUEST, target: "10.0.2.2" });
  talk.frame(answer);
  talk.wait(29_999);
  talk.send(toGuest());
  assertEquals(talk.wait(10_000), []);
  assertEquals(talk.send(toGuest()).length, 1); // stale, but of use
  const asked = talk.wait(5999);
  assertEquals(asked.map(([after]) => after), [5000]);
  assertEquals(arpText(asked[0]![1]), `to ${GUEST_MAC}: 10.0.2.2 asks for ${GUEST}`);
  talk.frame(answer);
  assertEquals(talk.wait(60_000), []);
  talk.send(toGuest());
  assertEquals(talk.wait(60_000).length, 3); // then it is forgotten
  assertEquals(talk.ethernet.neighborCount, 0);
});

Deno.test("A group is no neighbor, nor is one without an address (E-04, RFC 1122 §2.3.2)", () => {
  const talk = new StationTalk();
  for (const senderMac of [EVERYBODY, "01:00:5e:00:00:01", "33:33:00:00:00:01", "0:0:0:0:0:0"]) {
    assertEquals(talk.frame(arp({ senderMac, sender: GUEST, target: "10.0.2.2" })), []);
    const from = senderMac;
    assertEquals(talk.frame(arp({ from, sender: GUEST, target: "10.0.2.2" })), []);
  }
  assertEquals([talk.drops.of(Drop.InvalidSource), talk.ethernet.neighborCount], [8, 0]);
});

Deno.test("Who says that it is elsewhere than on the link is not believed (E-04)", () => {
  const talk = new StationTalk();
  for (const sender of ["10.0.3.100", "192.0.2.1", "127.0.0.1", "224.0.0.1", "10.0.2.2"]) {
    talk.frame(asks(sender, "10.0.2.3"));
  }
  assertEquals(talk.ethernet.neighborCount, 0);
});

Deno.test("However many neighbors there are, 256 are kept, and the one in use stays (E-04)", () => {
  const talk = new StationTalk([
    { version: 4, guest: "10.0.0.100", gateway: "10.0.0.2", dns: "10.0.0.3", prefixLength: 8 },
  ]);
  const toOne = udp({ source: "10.0.0.2", destination: GUEST, ports: [1, 2], data: join() });
  talk.frame(asks(GUEST, "10.0.0.2"));
  talk.send(toOne);
  for (let i = 0; i < 20_000; i++) {
    talk.frame(asks(`10.${128 + (i >> 14)}.${i >> 7 & 0x7f}.${i & 0x7f}`, "10.0.0.2", OTHER_MAC));
    if (i % 100 === 0) assertEquals(talk.send(toOne)[0]?.subarray(0, 6), join(mac(GUEST_MAC)));
  }
  assertEquals(talk.ethernet.neighborCount, Neighbors.LIMIT);
});

Deno.test("Packets for many that do not answer: sixteen wait, for the others is no room (E-04)", () => {
  const talk = new StationTalk();
  for (let host = 10; host < 100; host++) talk.send(toGuest(`10.0.2.${host}`));
  talk.wait(10_000);
  assertEquals(talk.drops.of(Drop.Unresolved), Neighbors.MOST_WAITING);
});

Deno.test("Frames for others, from us, of other types and with VLAN tags are dropped and counted (Z-04)", () => {
  const data = toGuest();
  const talk = new StationTalk();
  const drops = (bytes: Uint8Array, reason: Drop) => {
    const before = talk.drops.of(reason);
    assertEquals(talk.frame(bytes), []);
    assertEquals(talk.drops.of(reason), before + 1);
  };
  drops(frame({ to: OTHER_MAC, type: 0x0800, data }), Drop.ForeignFrame);
  drops(frame({ from: OUR_MAC, type: 0x0800, data }), Drop.ForeignFrame);
  drops(frame({ type: 0x8100, data: join(0, 5, 8, 0, data) }), Drop.UnknownEtherType);
  drops(frame({ type: 0x88a8, data: join(0, 5, 8, 0, data) }), Drop.UnknownEtherType);
  drops(frame({ type: 0x88cc, data }), Drop.UnknownEtherType);
  drops(frame({ type: 0x05dc, data }), Drop.Malformed); // IEEE 802.3
  drops(frame({ type: 0x86dd, data }), Drop.Malformed); // IPv4 in it
  drops(frame({ type: 0x0800, data: join() }), Drop.Truncated);
  assertEquals(talk.frame(frame({ type: 0x0800, data })).length, 1);
  assertEquals(talk.frame(frame({ to: EVERYBODY, type: 0x0800, data })).length, 1);
});
