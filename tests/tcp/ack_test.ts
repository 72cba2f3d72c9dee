import { assertEquals, assertThrows } from "@std/assert";
import { tcpConfig } from "../../lib/tcp/config.ts";
import { talkTest } from "../harness/talk.ts";

talkTest("TCP may delay an ACK, but not of the second full segment (K-01)", (open) => {
  open({ tcp: { ackDelay: 40 } }).establish().play(`
    < . 1:1461(1460) ack 1
    +39
    +1 > . 1:1(0) ack 1461
    < . 1461:2921(1460) ack 1
    +20 < . 2921:4381(1460) ack 1
    > . 1:1(0) ack 4381
    +1000
    < . 4381:5111(730) ack 1
    +10 < . 5111:5841(730) ack 1
    +30 > . 1:1(0) ack 5841
    < P. 5841:8761(2920) ack 1
    > . 1:1(0) ack 8761
    +1000
  `);
});

talkTest(
  "TCP acknowledges every second segment of a size that the peer prefers (RFC 9293 MUST-58, K-01)",
  (open) => {
    open({ tcp: { ackDelay: 40 } }).establish().play(`
    < . 1:1001(1000) ack 1
    +10 < . 1001:2001(1000) ack 1
    > . 1:1(0) ack 2001
    < . 2001:2011(10) ack 1
    < . 2011:2021(10) ack 1
    +40 > . 1:1(0) ack 2021
  `);
  },
);

talkTest(
  "TCP does not delay the ACK of what fills a hole and repeats what is behind it (RFC 5681 §4.2, K-03)",
  (open) => {
    open({ tcp: { ackDelay: 40 } }).establish().play(`
    < . 1001:2001(1000) ack 1
    > . 1:1(0) ack 1
    < . 1:2001(2000) ack 1
    > . 1:1(0) ack 2001
  `);
  },
);

talkTest("TCP may be told to delay the ACK of a FIN after text (K-01)", (open) => {
  open({ tcp: { ackDelay: 40, delayFinAck: true } }).establish().play(`
    < . 1:11(10) ack 1
    +40 > . 1:1(0) ack 11
    < F. 11:11(0) ack 1
    +40 > . 1:1(0) ack 12
  `);
  open({ tcp: { ackDelay: 40, delayFinAck: true } }).establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
});

talkTest("TCP need not delay the first ACKs of a connection (RFC 5681 §4.2, K-01)", (open) => {
  open({ tcp: { ackDelay: 40, quickAcks: 2 } }).establish().play(`
    < . 1:11(10) ack 1
    > . 1:1(0) ack 11
    < . 11:21(10) ack 1
    > . 1:1(0) ack 21
    < . 21:31(10) ack 1
    +40 > . 1:1(0) ack 31
  `);
});

Deno.test("TCP cannot be told to delay ACKs by more than 500 ms (K-01)", () => {
  assertThrows(() => tcpConfig({ ackDelay: 501 }), RangeError);
  assertThrows(() => tcpConfig({ ackDelay: -1 }), RangeError);
  assertEquals(tcpConfig({ ackDelay: 500 }).ackDelay, 500);
});

talkTest("TCP acknowledges at the end of each batch, without a timer (K-02)", (open) => {
  open().establish().play(`
    < . 1:11(10) ack 1
    > . 1:1(0) ack 11
    {
    < . 11:21(10) ack 1
    < . 21:31(10) ack 1
    }
    > . 1:1(0) ack 31
    +1000
  `);
});

talkTest("TCP lets an ACK ride on text that goes out (K-02)", (open) => {
  for (const ackDelay of [0, 40]) {
    const talk = open({ tcp: { ackDelay } }).establish();
    talk.write(70_000);
    while (talk.takePacket());
    talk.play(`
      < P. 1:11(10) ack 64241
      > . 64241:65701(1460) ack 11
      > . 65701:67161(1460) ack 11
      > . 67161:68621(1460) ack 11
      > P. 68621:70001(1380) ack 11
      < . 11:11(0) ack 70001
      +1000
    `);
  }
});

talkTest("TCP does not delay an ACK of anything out of the ordinary (K-03)", (open) => {
  open({ tcp: { ackDelay: 40 } }).establish().play(`
    < . 101:201(100) ack 1 // behind a hole
    > . 1:1(0) ack 1
    < . 301:401(100) ack 1
    > . 1:1(0) ack 1
    < . 1:101(100) ack 1 // fills the first, not the second
    > . 1:1(0) ack 201
    < . 201:301(100) ack 1 // fills it
    > . 1:1(0) ack 401
    < . 1:101(100) ack 1 // a duplicate
    > . 1:1(0) ack 401
    < F. 401:401(0) ack 1
    > . 1:1(0) ack 402
    +1000
  `);
});

talkTest("TCP acknowledges text at once that overlaps what it has (K-03)", (open) => {
  open({ tcp: { ackDelay: 40 } }).establish().play(`
    < . 1:101(100) ack 1
    +10 < . 51:151(100) ack 1
    > . 1:1(0) ack 151
    +1000
  `);
});

talkTest("TCP keeps owing an ACK until one has gone out, and then not (K-05, lesson 2)", (open) => {
  const talk = open({ tcp: { ackDelay: 40 } }).establish().play(`
    < . 1:11(10) ack 1
    +10 < . 11:11(0) ack 1
    +30 > . 1:1(0) ack 11
    +1000
    < . 11:21(10) ack 1
  `);
  talk.write(5);
  talk.play(`
    > P. 1:6(5) ack 21
    < . 21:21(0) ack 6
    +1000
  `);
});

talkTest("TCP sends no ACK for an ACK (K-06, lesson 20)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
    < . 1:1(0) ack 101
    < . 1:1(0) ack 101 win 100
    < . 1:1(0) ack 1
    +1000
  `);
});

talkTest("TCP ends an exchange of ACKs outside the windows (K-06, R-11, lesson 20)", (open) => {
  const talk = open().establish();
  let answers = 0;
  for (let round = 0; round < 100; round++) {
    talk.play("{\n< . 0:0(0) ack 1\n}");
    while (talk.takePacket()) answers++;
  }
  assertEquals(answers, 1);
});

talkTest("TCP answers a keep-alive with and without a byte (K-07, lesson 11)", (open) => {
  const talk = open().establish();
  talk.play(`
    < . 0:0(0) ack 1
    > . 1:1(0) ack 1
    +1000 < . 0:1(1) ack 1
    > . 1:1(0) ack 1
    +1000 < . 0:0(0) ack 1
    > . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.readable, 0);
});

talkTest("TCP acknowledges whenever it sends (K-04)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 4096 } }).establish("", 1000).play(`
    < P. 1:4097(4096) ack 1
    > . 1:1(0) ack 4097 win 0
  `);
  talk.read();
  talk.play("> . 1:1(0) ack 4097 win 4096"); // a window update
  talk.write(1100);
  talk.closeWrite();
  talk.play(`
    > . 1:1001(1000) ack 4097
    < . 4097:4097(0) ack 1001 win 0
    +200 > . 1000:1001(1) ack 4097 junk
    < . 4097:4097(0) ack 1001 win 1000
    > FP. 1001:1101(100) ack 4097
    < . 4097:4097(0) ack 1102
  `);
});
