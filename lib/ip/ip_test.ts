import { assertEquals, assertThrows } from "@std/assert";
import { type Millis, NEVER } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { PacketBuffer } from "../base/packet_buffer.ts";
import { IpHeader } from "./header.ts";
import { Ip, ipv4Protocol, type TransportProtocol } from "./ip.ts";
import { writeIpv4 } from "./ipv4_header.ts";

/** A transport that has `packets` to send and counts what comes. */
class Recorder implements TransportProtocol {
  received = 0;
  advanced: Millis[] = [];
  constructor(
    readonly protocol: number,
    public packets = 0,
    readonly nextDeadline: Millis = NEVER,
  ) {}

  receive(): Drop {
    this.received++;
    return Drop.None;
  }

  advance(now: Millis): void {
    this.advanced.push(now);
  }

  transmit(header: IpHeader, packet: PacketBuffer): boolean {
    if (this.packets === 0) return false;
    this.packets--;
    header.version = 4;
    header.protocol = this.protocol;
    packet.append(1);
    return true;
  }
}

function setUp(...transports: Recorder[]): Ip {
  const ip = new Ip();
  ip.registerNetwork(ipv4Protocol);
  for (const transport of transports) ip.registerTransport(transport);
  return ip;
}

function packetFor(protocol: number, source = 0x0a000002): PacketBuffer {
  const header = new IpHeader();
  header.protocol = protocol;
  header.source.assignIpv4(source);
  const packet = new PacketBuffer(256);
  packet.clear();
  writeIpv4(header, packet);
  return packet;
}

Deno.test("Ip hands packets to the transport that their protocol number names", () => {
  const [six, seventeen] = [new Recorder(6), new Recorder(17)];
  const ip = setUp(six, seventeen);
  assertEquals(ip.receive(packetFor(17), 0), Drop.None);
  assertEquals([six.received, seventeen.received], [0, 1]);
  assertEquals(ip.receive(packetFor(99), 0), Drop.UnknownProtocol);
});

Deno.test("Ip refuses other versions, empty packets and impossible senders (H-19)", () => {
  const ip = setUp(new Recorder(6));
  const packet = packetFor(6);
  packet.bytes[packet.start] = 0x65;
  assertEquals(ip.receive(packet, 0), Drop.UnknownVersion);
  packet.end = packet.start;
  assertEquals(ip.receive(packet, 0), Drop.Truncated);
  for (const source of [0, 0x7f000001, 0xe0000001, 0xffffffff]) {
    assertEquals(ip.receive(packetFor(6, source), 0), Drop.InvalidSource);
  }
});

Deno.test("Ip lets transports send in turn", () => {
  const ip = setUp(new Recorder(6, 3), new Recorder(17, 1), new Recorder(1));
  const packet = new PacketBuffer(256);
  const order: number[] = [];
  while (ip.transmit(packet, 0)) order.push(packet.view.getUint8(packet.start + 9));
  assertEquals(order, [6, 17, 6, 6]);
});

Deno.test("Ip passes time on and knows the soonest deadline", () => {
  const [a, b] = [new Recorder(6, 0, 70), new Recorder(17, 0, 30)];
  const ip = setUp(a, b);
  assertEquals(ip.nextDeadline, 30);
  ip.advance(42);
  assertEquals([a.advanced, b.advanced], [[42], [42]]);
  assertEquals(new Ip().nextDeadline, NEVER);
});

Deno.test("Ip refuses a second transport with the same number", () => {
  const ip = setUp(new Recorder(6));
  assertThrows(() => ip.registerTransport(new Recorder(6)), RangeError, "6 is taken");
});
