import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { PEER_ADDRESS, PEER_PORT, STACK_ADDRESS, STACK_PORT } from "../harness/addresses.ts";
import { talkTest } from "../harness/talk.ts";
import { encodeIcmp, encodeSegment } from "../harness/wire.ts";

const REFUSALS = [
  ["port_unreachable", "refused", "port unreachable"],
  ["protocol_unreachable", "unreachable", "protocol unreachable"],
  ["net_unreachable", "unreachable", "network unreachable"],
  ["host_unreachable", "unreachable", "host unreachable"],
  ["admin_prohib", "unreachable", "prohibited"],
] as const;

talkTest(
  "TCP gives up a SYN that ICMP says was not delivered (A-12, RFC 9293 §3.9.2.2)",
  (open) => {
    for (const [code, error, kind] of REFUSALS) {
      const talk = open();
      talk.connect();
      talk.play(`
      > S 0:0(0)
      < icmp unreachable ${code} [0:0(0)]
      +120000
    `);
      assertEquals(talk.connection.error, error);
      assertEquals(talk.connection.info.softError, kind);
      assertEquals(talk.events(), "Closed");
      assertEquals(talk.stack.flowCount, 0);
    }
  },
);

talkTest("TCP ignores ICMP about a SYN that it has not sent (A-13, RFC 5927 §4.1)", (open) => {
  const talk = open();
  talk.connect();
  talk.play(`
    > S 0:0(0)
    < icmp unreachable port_unreachable [-1:-1(0)]
    < icmp unreachable port_unreachable [1:1(0)]
    < icmp unreachable port_unreachable [2:2(0)]
    < S. 0:0(0) ack 1 win 65535 <mss 1460>
    > . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.connection.info.softError, undefined);
  assertEquals(talk.stack.drops.of(Drop.UnrelatedError), 3);
});

talkTest("TCP outlives ICMP errors once a connection is established (M-09, MUST-56)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < icmp unreachable net_unreachable [1:101(100)]
    < icmp unreachable host_unreachable [1:101(100)]
    < icmp unreachable protocol_unreachable [1:101(100)]
    < icmp unreachable port_unreachable [1:101(100)]
    < icmp unreachable admin_prohib [1:101(100)]
    < icmp parameter_problem [1:101(100)]
    < icmp time_exceeded [1:101(100)]
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.connection.info.softError, "time exceeded");
  talk.play("< . 1:1(0) ack 101");
  assertEquals(talk.connection.isDrained, true);
});

talkTest("TCP outlives ICMP errors about its SYN-ACK, and sends it again (M-09)", (open) => {
  open().play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < icmp unreachable host_unreachable [0:0(0)]
    +999
    +1
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
});

talkTest("Source quenches and redirects are ignored (M-08, MUST-55, RFC 6633 §3)", (open) => {
  const talk = open().establish();
  const before = talk.connection.info.congestionWindow;
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < icmp source_quench [1:101(100)]
    < icmp redirect [1:101(100)]
  `);
  // Requests for the time, the address mask, and a router.
  for (const type of [13, 17, 10]) {
    const request = { type, code: 0 };
    talk.inject(encodeIcmp(request, new Uint8Array(12), PEER_ADDRESS, STACK_ADDRESS));
  }
  talk.play("< . 1:1(0) ack 101");
  assertEquals(talk.connection.info.congestionWindow, before);
  assertEquals(talk.connection.info.softError, undefined);
  assertEquals(talk.stack.drops.of(Drop.IgnoredMessage), 5);
});

talkTest("TCP sends again at once what was too big for the path (G-01, X-23)", (open) => {
  const talk = open().establish("nop,wscale 7");
  const { congestionWindow } = talk.connection.info;
  talk.write(4000);
  talk.play(`
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    > P. 2921:4001(1080) ack 1
    < icmp unreachable frag_needed mtu 1240 [1:1461(1460)]
    > . 1:1201(1200) ack 1
    > . 1201:2401(1200) ack 1
    > . 2401:2921(520) ack 1 // the third fits, and has arrived
    < icmp unreachable frag_needed mtu 1240 [1461:2921(1460)]  // the next of the first three
    < . 1:1(0) ack 4001
  `);
  assertEquals(talk.connection.info.segmentSize, 1200);
  assertEquals(talk.connection.info.congestionWindow >= congestionWindow, true); // §6.3
  talk.write(3000);
  talk.play(`
    > . 4001:5201(1200) ack 1
    > . 5201:6401(1200) ack 1
    > P. 6401:7001(600) ack 1
    < . 1:1(0) ack 7001
  `);
});

talkTest("TCP counts its timestamps into the path MTU (G-01, O-06)", (open) => {
  const talk = open().establish("nop,nop,TS val 0 ecr 0");
  talk.write(1448);
  talk.play(`
    > P. 1:1449(1448) ack 1
    < icmp unreachable frag_needed mtu 1052 [1:1449(1448)]
    > . 1:1001(1000) ack 1
    > P. 1001:1449(448) ack 1
    < . 1:1(0) ack 1449 <nop,nop,TS val 0 ecr 0>
  `);
});

talkTest("TCP cuts super-segments to the path MTU (G-01, G-05)", (open) => {
  const link = { checksumOffload: true, maxSegmentation: 65_000 };
  const talk = open({ link }).establish();
  talk.write(5000);
  talk.play(`
    > P. 1:5001(5000) ack 1 gso 1460
    < icmp unreachable frag_needed mtu 1040 [1461:2921(1460)]
    > P. 1:5001(5000) ack 1 gso 1000
    < . 1:1(0) ack 5001
  `);
});

talkTest("TCP takes no path for smaller than 552 bytes, or larger than it was (G-02)", (open) => {
  const talk = open().establish();
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < icmp unreachable frag_needed mtu 68 [1:1001(1000)]
    > . 1:513(512) ack 1
    > P. 513:1001(488) ack 1
    < icmp unreachable frag_needed mtu 9000 [1:513(512)]
    < icmp unreachable frag_needed mtu 60 [1:513(512)]
    < . 1:1(0) ack 1001
  `);
  assertEquals(talk.connection.info.segmentSize, 512);
});

talkTest("TCP ignores a path MTU from those who cannot know the connection (G-02)", (open) => {
  const talk = open().establish();
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < icmp unreachable frag_needed mtu 600 [-100:1(101)]
    < icmp unreachable frag_needed mtu 600 [1002:1003(1)]
    < . 1:1(0) ack 1001
  `);
  assertEquals(talk.connection.info.segmentSize, 1460);
  assertEquals(talk.stack.drops.of(Drop.UnrelatedError), 2);
});

talkTest("TCP guesses the path MTU when the router does not say (G-01, RFC 1191 §7)", (open) => {
  const talk = open().establish();
  talk.write(1460);
  talk.play(`
    > P. 1:1461(1460) ack 1
    < icmp unreachable frag_needed [1:1461(1460)]
    > . 1:1453(1452) ack 1
    > P. 1453:1461(8) ack 1
    < icmp unreachable frag_needed [1:1453(1452)]
    > . 1:967(966) ack 1
    > . 967:1453(486) ack 1
    < . 1:1(0) ack 1461
  `);
});

talkTest("TCP measures no round trip over what ICMP made it send again (G-01, X-23)", (open) => {
  const talk = open().establish();
  talk.write(1460);
  talk.play(`
    > P. 1:1461(1460) ack 1
    +150
    < icmp unreachable frag_needed mtu 1240 [1:1461(1460)]
    > . 1:1201(1200) ack 1
    > P. 1201:1461(260) ack 1
    +50
    < . 1:1(0) ack 1461
  `);
  assertEquals(talk.connection.info.rtt, 0);
});

talkTest("ICMP errors may be cut anywhere, and quote IP options (M-10, Q-05)", (open) => {
  const talk = open();
  talk.connect();
  talk.play("> S 0:0(0)");
  const syn = encodeSegment({
    source: STACK_ADDRESS,
    destination: PEER_ADDRESS,
    sourcePort: STACK_PORT,
    destinationPort: PEER_PORT,
    seq: 0,
    ack: 0,
    flags: 2,
    window: 0,
    urgent: 0,
    options: new Uint8Array(0),
    payload: new Uint8Array(0),
  });
  const withOptions = new Uint8Array(syn.length + 40);
  withOptions.set(syn.subarray(0, 20));
  withOptions.fill(1, 20, 60);
  withOptions.set(syn.subarray(20), 60);
  withOptions[0] = 0x4f;
  const about = { type: 3, code: 3 };
  for (const quoted of [syn, withOptions]) {
    for (let length = 0; length <= quoted.length; length++) {
      talk.inject(encodeIcmp(about, quoted.subarray(0, length), PEER_ADDRESS, STACK_ADDRESS));
    }
  }
  const tooShort = 28 + 68; // headers, and eight bytes
  assertEquals(talk.stack.drops.of(Drop.Truncated), tooShort);
  const whole = syn.length - 28 + 1 + withOptions.length - 68 + 1;
  assertEquals(talk.stack.drops.of(Drop.UnrelatedError), whole); // another sequence number
  for (const first of [0x44, 0x40, 0x60, 0x00]) {
    const quoted = Uint8Array.of(first, ...syn.subarray(1));
    talk.inject(encodeIcmp(about, quoted, PEER_ADDRESS, STACK_ADDRESS));
  }
  assertEquals(talk.stack.drops.of(Drop.Malformed), 4);
  const corrupt = encodeIcmp(about, syn, PEER_ADDRESS, STACK_ADDRESS);
  corrupt[corrupt.length - 1]! ^= 1;
  talk.inject(corrupt);
  assertEquals(talk.stack.drops.of(Drop.BadChecksum), 1);
  assertEquals(talk.connection.info.state, "SYN-SENT");
});
