import { assertEquals } from "@std/assert";
import { addWords, fold } from "../base/checksum.ts";
import { NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { ipv4 } from "../ip/address.ts";
import { Admission } from "../ip/admission.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { Segment, SYN, writeSegment } from "../tcp/header.ts";
import { toSeq } from "../tcp/seq.ts";
import { Icmp, type WriteHeader } from "./icmp.ts";
import { RateLimit } from "./rate_limit.ts";
import { icmpv4, icmpv6 } from "./version.ts";

const flow = {
  protocol: IpProtocol.Tcp,
  client: { address: ipv4(0x0a000002), port: 40_000 },
  target: { address: ipv4(0x5db8d822), port: 80 },
};

function syn(): Segment {
  const segment = new Segment();
  segment.sourcePort = 40_000;
  segment.destinationPort = 80;
  segment.seq = toSeq(0x12345678);
  segment.flags = SYN;
  return segment;
}

function newIcmp(version = icmpv4, limit = new RateLimit()): Icmp {
  const admission = new Admission();
  return new Icmp(version, { limit, admission, sink: () => Drop.None, count: () => {} });
}

const writeSyn: WriteHeader = (header, packet) => writeSegment(syn(), header, packet, false);

/** Sends all that is owed at `now`; returns how much that was. */
function sendAll(icmp: Icmp, now: number): number {
  const packet = new PacketBuffer(512);
  let count = 0;
  for (packet.clear(); icmp.transmit(new IpHeader(), packet, now); packet.clear()) count++;
  return count;
}

Deno.test("Icmp quotes the packet that it is about (Q-05, M-03)", () => {
  const icmp = newIcmp();
  icmp.reportSent(flow, writeSyn, "host unreachable");
  const header = new IpHeader();
  const packet = new PacketBuffer(512);
  packet.clear();
  assertEquals(icmp.transmit(header, packet, 0), true);
  assertEquals(header.protocol, IpProtocol.Icmp);
  assertEquals([header.source.w3, header.destination.w3], [0x5db8d822, 0x0a000002]);

  const { view, start, end } = packet;
  assertEquals(end - start, 8 + 20 + 20);
  assertEquals([view.getUint8(start), view.getUint8(start + 1)], [3, 1]);
  assertEquals(fold(addWords(view, start, end)), 0);
  const quoted = start + 8;
  assertEquals(view.getUint8(quoted), 0x45);
  assertEquals(view.getUint16(quoted + 2), 40);
  assertEquals(fold(addWords(view, quoted, quoted + 20)), 0);
  assertEquals([view.getInt32(quoted + 12), view.getInt32(quoted + 16)], [0x0a000002, 0x5db8d822]);
  assertEquals([view.getUint16(quoted + 20), view.getUint16(quoted + 22)], [40_000, 80]);
  assertEquals(view.getUint32(quoted + 24), 0x12345678);
});

/** Owes `count` errors; returns how many of them will be sent. */
function owe(icmp: Icmp, count: number): number {
  let owed = 0;
  for (let i = 0; i < count; i++) {
    if (icmp.reportSent(flow, writeSyn, "network unreachable") === Drop.None) owed++;
  }
  return owed;
}

Deno.test("Icmp sends a burst of 50 errors, then one a millisecond, and loses none (M-05)", () => {
  const icmp = newIcmp();
  assertEquals(owe(icmp, 70), 70);
  assertEquals(sendAll(icmp, 1000), 50);
  assertEquals(sendAll(icmp, 1000), 0);
  assertEquals(icmp.nextDeadline, 1001); // somebody must ask again
  assertEquals(sendAll(icmp, 1005), 5);
  assertEquals(sendAll(icmp, 1100), 15);
  assertEquals(icmp.nextDeadline, NEVER);
});

Deno.test("Icmp owes a bounded number of errors (M-05)", () => {
  const icmp = newIcmp();
  assertEquals(owe(icmp, 2000), 512);
  assertEquals(icmp.reportSent(flow, writeSyn, "network unreachable"), Drop.TooManyReplies);
});

/** Hands `icmp` a message of eight bytes with a checksum that is right. */
function receive(icmp: Icmp, type: number): Drop {
  const packet = new PacketBuffer(512);
  packet.clear();
  const at = packet.append(8);
  packet.view.setUint8(at, type);
  packet.view.setUint16(at + 2, fold(addWords(packet.view, at, at + 8)));
  return icmp.receive(new IpHeader(), packet, 0);
}

Deno.test("Icmp answers nothing, least of all errors (M-04, M-08)", () => {
  const icmp = newIcmp();
  for (const type of [0, 4, 5, 9, 10, 13, 15, 17, 255]) {
    assertEquals(receive(icmp, type), Drop.IgnoredMessage, `type ${type}`);
  }
  for (const type of [3, 11, 12]) assertEquals(receive(icmp, type), Drop.Truncated);
  assertEquals(sendAll(icmp, 0), 0);
});

Deno.test("Icmp drops what is shorter than its header, or corrupt (M-10, Q-05)", () => {
  const icmp = newIcmp();
  const packet = new PacketBuffer(512);
  for (let length = 0; length < 8; length++) {
    packet.clear();
    packet.append(length);
    assertEquals(icmp.receive(new IpHeader(), packet, 0), Drop.Truncated);
  }
  packet.clear();
  packet.bytes[packet.append(8)] = 3;
  assertEquals(icmp.receive(new IpHeader(), packet, 0), Drop.BadChecksum);
});

Deno.test("Both versions of ICMP share one rate (M-05, RFC 4443 §2.4 f)", () => {
  const limit = new RateLimit();
  const [one, other] = [newIcmp(icmpv4, limit), newIcmp(icmpv6, limit)];
  assertEquals([owe(one, 40), owe(other, 40)], [40, 40]);
  assertEquals([sendAll(one, 0), sendAll(other, 0)], [40, 10]);
  assertEquals([one.nextDeadline, other.nextDeadline], [NEVER, 1]);
});
