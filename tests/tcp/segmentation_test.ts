import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

/** What a TUN device with offloads can do. */
const link = { mtu: 1500, checksumOffload: true, maxSegmentation: 65_455 };

talkTest("TCP sends a super-segment of whole packets (G-05)", (open) => {
  const talk = open({ link }).establish("nop,wscale 7");
  talk.write(10_000);
  talk.play(`
    > P. 1:10001(10000) ack 1 gso 1460
    < . 1:1(0) ack 10001
  `);
  talk.write(100);
  talk.play(`
    > P. 10001:10101(100) ack 1 gso 0
    < . 1:1(0) ack 10101
  `);
  talk.write(1460);
  talk.play(`
    > P. 10101:11561(1460) ack 1 gso 0
    < . 1:1(0) ack 11561
  `);
});

talkTest(
  "TCP cuts a super-segment to what the link takes, in whole packets, and pushes each (G-05)",
  (open) => {
    const talk = open({ link: { ...link, maxSegmentation: 10_000 } }).establish("nop,wscale 7");
    talk.write(20_000);
    talk.play(`
    > P. 1:8761(8760) ack 1 gso 1460
    > P. 8761:17521(8760) ack 1 gso 1460
    > P. 17521:20001(2480) ack 1 gso 1460
    < . 1:1(0) ack 20001
  `);
  },
);

talkTest("TCP cuts a super-segment to the window, in whole packets (S-02, lesson 7)", (open) => {
  const talk = open({ link }).establish("", 10_000);
  talk.write(20_000);
  talk.play(`
    > P. 1:8761(8760) ack 1 gso 1460
    < . 1:1(0) ack 8761
    > P. 8761:17521(8760) ack 1 gso 1460
    < . 1:1(0) ack 17521
    > P. 17521:20001(2480) ack 1 gso 1460
    < . 1:1(0) ack 20001
  `);
});

talkTest("TCP sends less than a packet into a window that never was larger (lesson 7)", (open) => {
  const talk = open({ link }).establish("", 1000);
  talk.write(2500);
  talk.play(`
    > . 1:1001(1000) ack 1 gso 0
    < . 1:1(0) ack 1001
    > . 1001:2001(1000) ack 1 gso 0
    < . 1:1(0) ack 2001
    > P. 2001:2501(500) ack 1 gso 0
    < . 1:1(0) ack 2501
  `);
});

talkTest("TCP leaves room for options in each packet of a super-segment (O-06, G-05)", (open) => {
  const talk = open({ link }).establish("sackOK,TS val 0 ecr 0,wscale 7");
  talk.write(5000);
  talk.play(`
    > P. 1:5001(5000) ack 1 gso 1448
    < . 1:1(0) ack 5001 <nop,nop,TS val 0 ecr 0>
    < . 101:201(100) ack 5001 <nop,nop,TS val 0 ecr 0>
    > . 5001:5001(0) ack 1 <TS val 0 ecr 0,sack 101:201>
  `);
  talk.write(5000);
  talk.play(`
    > P. 5001:10001(5000) ack 1 gso 1436
    < . 1:1(0) ack 10001 <nop,nop,TS val 0 ecr 0>
  `);
});

talkTest(
  "Nagle holds back what is left of a super-segment, and so does cork (S-02, S-12, G-05)",
  (open) => {
    for (const settings of [{ nagle: true }, { cork: true }]) {
      const talk = open({ link, tcp: settings }).establish();
      talk.write(1460);
      talk.play(`
      > P. 1:1461(1460) ack 1 gso 0
    `);
      talk.write(3000);
      talk.play(`
      > P. 1461:4381(2920) ack 1 gso 1460
    `);
      talk.closeWrite();
      talk.play(`
      > FP. 4381:4461(80) ack 1 gso 0
      < . 1:1(0) ack 4462
    `);
    }
  },
);

talkTest("TCP puts its FIN on a super-segment (F-03, G-05)", (open) => {
  const talk = open({ link }).establish("", 5000);
  talk.write(8000);
  talk.closeWrite();
  talk.play(`
    > P. 1:4381(4380) ack 1 gso 1460
    < . 1:1(0) ack 4381
    > FP. 4381:8001(3620) ack 1 gso 1460
    < . 1:1(0) ack 8002
  `);
});

talkTest("TCP repeats a lost super-segment from the first byte (X-05, G-05)", (open) => {
  const talk = open({ link }).establish("nop,wscale 7");
  talk.write(5000);
  talk.play(`
    > P. 1:5001(5000) ack 1
    +200 > . 1:1461(1460) ack 1 gso 0
    < . 1:1(0) ack 5001
  `);
});

talkTest("TCP takes a super-segment, and acknowledges it at once (G-06, K-01)", (open) => {
  const talk = open({ link, tcp: { ackDelay: 40 } }).establish("nop,wscale 7");
  talk.play(`
    < P. 1:60001(60000) ack 1 gso 1460
    > . 1:1(0) ack 60001
    < FP. 60001:70001(10000) ack 1 gso 1460
    > . 1:1(0) ack 70002
  `);
  assertEquals(talk.read(), 70_000);
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
});

talkTest("TCP takes the part of a super-segment that is new and fits (G-06, W-02)", (open) => {
  const talk = open({ link, tcp: { receiveBuffer: 10_000 } }).establish();
  talk.play(`
    < . 1:5001(5000) ack 1 gso 1460
    > . 1:1(0) ack 5001 win 5000
    < FP. 4001:14001(10000) ack 1 gso 1460
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals(talk.read(), 10_000);
  talk.play("> . 1:1(0) ack 10001 win 10000");
});

talkTest("TCP takes the final ACK of a handshake in a super-segment (H-10, G-06)", (open) => {
  const talk = open({ link }).play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < P. 1:5001(5000) ack 1 gso 1460
    > . 1:1(0) ack 5001
  `);
  assertEquals(talk.read(), 5000);
});

talkTest("Everything leaves with a partial checksum when the link completes it (Q-06)", (open) => {
  // The conversation fails when a segment comes otherwise, or is wrong once it is complete.
  const talk = open({ link }).play(`
    < . 1:1(0) ack 99
    > R 99:99(0)
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
  talk.abort();
  talk.play("> R. 1:1(0) ack 2");
});
