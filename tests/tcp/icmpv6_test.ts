import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { PEER_ADDRESS_V6, STACK_ADDRESS_V6 } from "../harness/addresses.ts";
import { talkTest } from "../harness/talk.ts";
import { encodeIcmp } from "../harness/wire.ts";

const REFUSALS = [
  ["unreachable port_unreachable", "refused", "port unreachable"],
  ["unreachable no_route", "unreachable", "network unreachable"],
  ["unreachable address_unreachable", "unreachable", "host unreachable"],
  ["unreachable not_neighbour", "unreachable", "host unreachable"],
  ["unreachable admin_prohibited", "unreachable", "prohibited"],
  ["parameter_problem nh_type", "unreachable", "protocol unreachable"],
  ["parameter_problem hdr_field", "unreachable", "parameter problem"],
  ["time_exceeded exceed_hop_limit", "unreachable", "time exceeded"],
] as const;

talkTest(
  "TCP gives up a SYN that ICMPv6 says was not delivered (A-12, RFC 9293 §3.9.2.2)",
  (open) => {
    for (const [message, error, kind] of REFUSALS) {
      const talk = open({ version: 6 });
      talk.connect();
      talk.play(`
        > S 0:0(0)
        < icmpv6 ${message} [0:0(0)]
        +120000
      `);
      assertEquals([talk.connection.error, talk.connection.info.softError], [error, kind]);
      assertEquals(talk.stack.flowCount, 0);
    }
  },
);

talkTest("TCP ignores ICMPv6 about what is not in flight (A-13, G-02, RFC 5927 §4.1)", (open) => {
  const talk = open({ version: 6 });
  talk.connect();
  talk.play(`
    > S 0:0(0)
    < icmpv6 unreachable port_unreachable [-1:-1(0)]
    < icmpv6 unreachable port_unreachable [1:1(0)]
    < S. 0:0(0) ack 1 win 65535 <mss 1440>
    > . 1:1(0) ack 1
    < icmpv6 packet_too_big mtu 1280 [1:1(0)]
  `);
  assertEquals(talk.connection.info.softError, undefined);
  assertEquals(talk.stack.drops.of(Drop.UnrelatedError), 3);
});

talkTest("TCP outlives ICMPv6 errors once a connection is established (M-09, MUST-56)", (open) => {
  const talk = open({ version: 6 }).establish();
  talk.write(100);
  talk.play("> P. 1:101(100) ack 1");
  for (const [message] of REFUSALS) talk.play(`< icmpv6 ${message} [1:101(100)]`);
  talk.play("< . 1:1(0) ack 101");
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.connection.info.softError, "time exceeded");
});

talkTest(
  "TCP sends again at once what a packet too big was about (G-01, RFC 8201 §5.4)",
  (open) => {
    const talk = open({ version: 6 }).establish("mss 1440");
    talk.write(2000);
    talk.play(`
    > . 1:1441(1440) ack 1
    > P. 1441:2001(560) ack 1
    < icmpv6 packet_too_big mtu 1300 [1:1441(1440)]
    > . 1:1241(1240) ack 1
    > . 1241:1441(200) ack 1 // what follows fits, and has arrived
    < . 1:1(0) ack 2001
  `);
  },
);

talkTest("TCP believes in no path that IPv6 may not have (G-02, RFC 8201 §4)", (open) => {
  const talk = open({ version: 6 }).establish("mss 1440");
  talk.write(1440);
  talk.play(`
    > P. 1:1441(1440) ack 1
    < icmpv6 packet_too_big mtu 1279 [1:1441(1440)]
    < icmpv6 packet_too_big [1:1441(1440)]
    < icmpv6 packet_too_big mtu 4294967295 [1:1441(1440)]
  `);
  assertEquals(talk.connection.info.segmentSize, 1440);
  talk.play(`
    < icmpv6 packet_too_big mtu 1280 [1:1441(1440)]
    > . 1:1221(1220) ack 1
    > P. 1221:1441(220) ack 1
    < . 1:1(0) ack 1441
  `);
});

talkTest("A client learns over ICMPv6 that its target is out of reach (H-02, M-03)", (open) => {
  const names = {
    network: "net_unreachable",
    host: "addr_unreachable",
    prohibited: "admin_prohibited",
  };
  for (const what of ["network", "host", "prohibited"] as const) {
    const talk = open({ version: 6, holdRequests: true });
    talk.play("< S 0:0(0) win 65535 <mss 1440>");
    talk.takeRequest().unreachable(what);
    talk.play(`> icmpv6 unreachable ${names[what]} [0:0(0)]`);
    assertEquals(talk.stack.flowCount, 0);
  }
});

talkTest("ICMPv6 errors may be cut anywhere, and must be about IPv6 (M-10, M-04, Q-05)", (open) => {
  const talk = open({ version: 6 });
  talk.connect();
  talk.play("> S 0:0(0)");
  const inject = (type: number, quoted: Uint8Array) =>
    talk.inject(encodeIcmp({ type, code: 0 }, quoted, PEER_ADDRESS_V6, STACK_ADDRESS_V6));
  const quoted = new Uint8Array(48);
  quoted[0] = 0x60;
  for (let length = 0; length < 48; length++) inject(1, quoted.subarray(0, length));
  assertEquals(talk.stack.drops.of(Drop.Truncated), 48);
  inject(1, quoted); // not about a packet of the one that it was sent to
  assertEquals(talk.stack.drops.of(Drop.UnrelatedError), 1);
  quoted[0] = 0x45;
  inject(1, quoted);
  assertEquals(talk.stack.drops.of(Drop.Malformed), 1);
  for (const type of [0, 5, 100, 127, 129, 133, 134, 135, 136, 137, 143, 255]) inject(type, quoted);
  assertEquals(talk.stack.drops.of(Drop.IgnoredMessage), 12);
  const corrupt = encodeIcmp({ type: 1, code: 0 }, quoted, PEER_ADDRESS_V6, STACK_ADDRESS_V6);
  corrupt[corrupt.length - 1]! ^= 1;
  talk.inject(corrupt);
  assertEquals(talk.stack.drops.of(Drop.BadChecksum), 1);
});
