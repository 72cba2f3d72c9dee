import { assertEquals } from "@std/assert";
import { Drop } from "../base/drop.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { ipv4 } from "../ip/address.ts";
import { arp, frame, GUEST_MAC, OUR_MAC, udp } from "../../tests/harness/frames.ts";
import { arpText } from "../../tests/harness/station.ts";
import { EthernetLink } from "./ethernet_link.ts";
import { MemoryLink } from "./memory_link.ts";
import { SendResult } from "./link.ts";

const GUEST = "10.0.2.100";
const MTU = 1500;
const toGuest = udp({
  source: "10.0.2.2",
  destination: GUEST,
  ports: [1, 2],
  data: new Uint8Array(9),
});
const toUs = udp({
  source: GUEST,
  destination: "10.0.2.2",
  ports: [2, 1],
  data: new Uint8Array(9),
});
const question = arp({ sender: GUEST, target: "10.0.2.2" });
const answer = arp({ operation: 2, to: OUR_MAC, sender: GUEST, target: "10.0.2.2" });

/** A link and the other end of its frames, both in virtual time. */
class Pair {
  now = 0;
  readonly link: EthernetLink;
  readonly guest: MemoryLink;
  readonly #buffer = new PacketBuffer(HEADROOM + 2000);

  constructor(capacity = 256) {
    const [frames, guest] = MemoryLink.pair({ mtu: MTU + 14, capacity });
    this.guest = guest;
    this.link = new EthernetLink(frames, {
      clock: { now: () => this.now },
      mac: 0x52_55_0a_00_02_02,
      addresses: [ipv4(0x0a000202)],
      networks: [{ address: ipv4(0x0a000200), prefixLength: 24 }],
    });
  }

  fill(bytes: Uint8Array): PacketBuffer {
    this.#buffer.clear();
    this.#buffer.bytes.set(bytes, this.#buffer.append(bytes.length));
    return this.#buffer;
  }

  /** The guest sends a frame. */
  frame(bytes: Uint8Array): void {
    assertEquals(this.guest.send(this.fill(bytes)), SendResult.Sent);
  }

  /** The stack sends a packet. */
  send(bytes: Uint8Array): SendResult {
    return this.link.send(this.fill(bytes));
  }

  /** What the stack receives next. */
  received(): Uint8Array | undefined {
    return this.link.receive(this.#buffer) ? this.#contents() : undefined;
  }

  /** What the guest receives next. */
  heard(): Uint8Array | undefined {
    return this.guest.receive(this.#buffer) ? this.#contents() : undefined;
  }

  #contents(): Uint8Array {
    return this.#buffer.bytes.slice(this.#buffer.start, this.#buffer.end);
  }
}

Deno.test("EthernetLink hands IP packets up, and answers the rest itself (E-01)", () => {
  const pair = new Pair();
  pair.frame(question);
  pair.frame(frame({ type: 0x0800, data: toUs }));
  assertEquals([pair.received(), pair.received()], [toUs, undefined]);
  assertEquals(arpText(pair.heard()!), `to ${GUEST_MAC}: 10.0.2.2 is here, ${GUEST}`);
  assertEquals(pair.send(toGuest), SendResult.Sent);
  assertEquals(pair.heard(), frame({ from: OUR_MAC, to: GUEST_MAC, type: 0x0800, data: toGuest }));
});

Deno.test("EthernetLink asks where to, and sends when it knows (RFC 1122 §2.3.2.2)", () => {
  const pair = new Pair();
  assertEquals(pair.send(toGuest), SendResult.Sent);
  assertEquals(arpText(pair.heard()!), `to ff:ff:ff:ff:ff:ff: 10.0.2.2 asks for ${GUEST}`);
  pair.frame(answer);
  assertEquals(pair.received(), undefined);
  assertEquals(pair.heard(), frame({ from: OUR_MAC, to: GUEST_MAC, type: 0x0800, data: toGuest }));
});

Deno.test("EthernetLink refuses what is for nobody on the link", () => {
  const pair = new Pair();
  const toElsewhere = udp({
    source: "10.0.2.2",
    destination: "192.0.2.1",
    ports: [1, 2],
    data: new Uint8Array(9),
  });
  assertEquals(pair.send(toElsewhere), SendResult.Refused);
  assertEquals(pair.heard(), undefined);
});

Deno.test("EthernetLink leaves a packet as it was when its link is full (G-08)", () => {
  const pair = new Pair(1);
  pair.frame(question);
  pair.received();
  const packet = pair.fill(toGuest);
  assertEquals(pair.link.send(packet), SendResult.Full); // the answer is in its place
  assertEquals(packet.bytes.slice(packet.start, packet.end), toGuest);
  const buffer = new PacketBuffer(HEADROOM + 2000);
  assertEquals(pair.guest.receive(buffer), true);
  assertEquals(pair.link.send(packet), SendResult.Sent);
});

Deno.test("EthernetLink counts an answer that its link has no room for (Z-04)", () => {
  const pair = new Pair(1);
  pair.frame(question);
  pair.received();
  pair.frame(question);
  assertEquals(pair.received(), undefined);
  assertEquals(pair.link.drops.of(Drop.TooManyReplies), 1);
});

Deno.test("EthernetLink keeps what it owes until its link has room", () => {
  const pair = new Pair(1);
  pair.frame(question);
  pair.received(); // now the link is full
  const other = udp({
    source: "10.0.2.2",
    destination: "10.0.2.101",
    ports: [1, 2],
    data: new Uint8Array(9),
  });
  assertEquals(pair.send(other), SendResult.Sent);
  assertEquals(pair.send(other), SendResult.Full); // before a question that is owed nothing leaves
  assertEquals(pair.heard()?.length, question.length);
  assertEquals(pair.received(), undefined);
  assertEquals(arpText(pair.heard()!), "to ff:ff:ff:ff:ff:ff: 10.0.2.2 asks for 10.0.2.101");
});

Deno.test("EthernetLink waits no longer than its neighbors' next time-out (E-04)", async () => {
  const pair = new Pair();
  pair.send(toGuest);
  pair.heard();
  pair.now = 999.5;
  await pair.link.wait(Infinity, false);
  pair.now = 1000;
  assertEquals(pair.received(), undefined);
  assertEquals(pair.heard()?.length, question.length); // the second question
});

Deno.test("EthernetLink lets others have their turn while frames pour in that are none for the stack", () => {
  const pair = new Pair();
  for (let i = 0; i < 100; i++) pair.frame(frame({ type: 0x88cc, data: new Uint8Array(50) }));
  pair.frame(frame({ type: 0x0800, data: toUs }));
  assertEquals(pair.received(), undefined);
  assertEquals(pair.link.drops.of(Drop.UnknownEtherType), 64);
  assertEquals(pair.received(), toUs);
});

Deno.test("EthernetLink holds a packet whole whose tail was lent to it", () => {
  const pair = new Pair();
  const packet = pair.fill(toGuest.subarray(0, -4));
  const tail = toGuest.slice(-4);
  packet.attach(tail, 0, 4);
  assertEquals(pair.link.send(packet), SendResult.Sent);
  tail.fill(0xff);
  pair.heard(); // the question where to
  pair.frame(answer);
  assertEquals(pair.received(), undefined);
  assertEquals(pair.heard()?.subarray(14), toGuest);
});

Deno.test("EthernetLink has what its link has, and closes it", () => {
  const { link, guest } = new Pair();
  assertEquals([link.mtu, link.checksumOffload, link.maxSegmentation], [MTU, false, 0]);
  assertEquals(link.gathers, false);
  assertEquals(link.isClosed, false);
  link.wake();
  link.close();
  assertEquals([link.isClosed, guest.isClosed], [true, true]);
});
