import { assertEquals } from "@std/assert";
import { sendThousands } from "../harness/builders.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

/** `count` segments of 1000 bytes are in flight; SACK was agreed on. */
function inFlight(open: Open, count = 10): Conversation {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000,sackOK");
  sendThousands(talk, count);
  return talk;
}

talkTest("TCP repeats exactly what was not reported (X-13)", (open) => {
  inFlight(open).play(`
    < . 1:1(0) ack 1 <sack 1001:2001>
    < . 1:1(0) ack 1 <sack 1001:3001>
    < . 1:1(0) ack 1 <sack 1001:4001>
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1 <sack 5001:6001 1001:4001> // there is one loss: here is another
    > . 4001:5001(1000) ack 1
    < . 1:1(0) ack 1 <sack 5001:7001 1001:4001>
    < . 1:1(0) ack 1 <sack 5001:10001 1001:4001>
    < . 1:1(0) ack 4001 <sack 5001:10001>
    < . 1:1(0) ack 10001
    +60000
  `);
});

talkTest("TCP takes a block of more than two segments for three duplicates (X-13)", (open) => {
  inFlight(open).play(`
    < . 1:1(0) ack 1 <sack 1001:4001>
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 10001
  `);
});

talkTest("With SACK, an ACK without news is no duplicate (X-10, X-13)", (open) => {
  inFlight(open).play(`
    < . 1:1(0) ack 1
    < . 1:1(0) ack 1
    < . 1:1(0) ack 1
    < . 1:1(0) ack 1 <sack 1001:2001>
    < . 1:1(0) ack 1 <sack 1001:2001>
    < . 1:1(0) ack 1 <sack 1001:2001>
    < . 1:1(0) ack 10001
  `);
});

talkTest("TCP ignores blocks that cannot be (X-14, Z-01)", (open) => {
  inFlight(open).play(`
    < . 1:1(0) ack 1 <sack 1001:20001>
    < . 1:1(0) ack 1 <sack 4001:2001>
    < . 1:1(0) ack 1 <sack -3000:2001>
    < . 1:1(0) ack 1 <sack 10001:10501>
    < . 1:1(0) ack 1 <sack 2147480000:2147483000>
    < . 1:1(0) ack 1 <sack 2147483647:-2147483646> // each number is before the next
    < . 1:1(0) ack 1 <sack 1001:1001 3001:3001>
    < . 1:1(0) ack 5001 <sack 1:2001> // D-SACK: old news
    < . 1:1(0) ack 5001 <sack 2001:3001>
    < . 1:1(0) ack 5001 <sack 3001:4001>
    < . 1:1(0) ack 10001
    +60000
  `);
});

talkTest("TCP keeps the blocks after a timeout, and repeats the rest (X-13, X-15)", (open) => {
  inFlight(open, 6).play(`
    < . 1:1(0) ack 1 <sack 1001:4001>
    > . 1:1001(1000) ack 1
    +1000 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 4001
    > . 4001:5001(1000) ack 1
    > P. 5001:6001(1000) ack 1
    < . 1:1(0) ack 6001
    +60000
  `);
});

talkTest("TCP repeats what was reported when the peer has thrown it away (X-15)", (open) => {
  inFlight(open, 4).play(`
    < . 1:1(0) ack 1 <sack 1001:4001>
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 // and not 4001
    +9 < . 1:1(0) ack 1001
    +1
    > . 1001:2001(1000) ack 1
    < . 1:1(0) ack 2001
    > . 2001:3001(1000) ack 1
    > P. 3001:4001(1000) ack 1
    < . 1:1(0) ack 4001
    +60000
  `);
});

talkTest("TCP remembers a bounded number of blocks (X-16)", (open) => {
  const talk = open({ tcp: { minRto: 60_000 } }).establish("mss 48,sackOK,wscale 7");
  talk.write(100_000);
  while (talk.takePacket());
  for (let at = 97; at < 90_000; at += 96) {
    talk.play(`{\n< . 1:1(0) ack 1 <sack ${at}:${at + 48}>\n}`);
    while (talk.takePacket());
  }
  talk.play("{\n< . 1:1(0) ack 100001\n}");
  while (talk.takePacket());
  assertEquals(talk.connection.isDrained, true);
});

talkTest("SACK recovery survives the wraps of the sequence numbers (lesson 20, O-13)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000,sackOK");
  talk.write(10_000); // both the numbers 2^31 and 2^32 are among the first of it
  while (talk.takePacket());
  talk.play(`
    < . 1:1(0) ack 1 <sack 2:2001>
    < . 1:1(0) ack 1 <sack 2:3001>
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 10001
    +60000
  `.replace("> . 1:1001(1000)", "> . 1:2(1)"));
});

talkTest("The congestion window is halved by a loss and grows again (C-01, C-02, C-05)", (open) => {
  const talk = open({
    tcp: { initialWindow: 10_000, minRto: 1000, congestion: "newreno" },
  }).establish("mss 1000");
  const { connection } = talk;
  assertEquals(connection.info.congestionWindow, 10_000);
  talk.write(30_000);
  let sent = 0;
  while (talk.takePacket()) sent++;
  assertEquals(sent, 10); // IW10
  talk.play("{\n< . 1:1(0) ack 2001\n}");
  while (talk.takePacket()) sent++;
  assertEquals(connection.info.congestionWindow, 12_000); // slow start
  assertEquals(sent, 14);
  talk.play("{\n< . 1:1(0) ack 2001 win 60000\n}"); // acknowledges nothing
  assertEquals(connection.info.congestionWindow, 12_000);
  talk.play("+1000 > . 2001:3001(1000) ack 1");
  assertEquals(connection.info.congestionWindow, 1000);
  assertEquals(connection.info.slowStartThreshold, 6000);
  talk.play("+2000 > . 2001:3001(1000) ack 1");
  assertEquals(connection.info.slowStartThreshold, 6000); // only the first timeout counts
  talk.play("< . 1:1(0) ack 14001");
  while (talk.takePacket());
});

talkTest("The congestion window does not grow while it is not what limits (C-04)", (open) => {
  const talk = open({ tcp: { initialWindow: 10_000 } }).establish("mss 1000");
  for (let at = 1; at < 20_000; at += 1000) {
    talk.write(1000);
    talk.play(`
      > P. ${at}:${at + 1000}(1000) ack 1
      < . 1:1(0) ack ${at + 1000}
    `);
  }
  assertEquals(talk.connection.info.congestionWindow, 10_000);
});

talkTest("Without SACK, duplicates during recovery let new text out (C-03, C-08)", (open) => {
  const tcp = { initialWindow: 0, minRto: 1000, congestion: "newreno" } as const;
  const talk = open({ tcp }).establish("mss 1000");
  talk.write(40_000);
  while (talk.takePacket());
  const duplicate = "< . 1:1(0) ack 1";
  talk.play(`
    ${duplicate}
    > . 10001:11001(1000) ack 1
    ${duplicate}
    > . 11001:12001(1000) ack 1
    ${duplicate}
    > . 1:1001(1000) ack 1 // ssthresh is 6000; one segment for two that arrive
    ${duplicate}
    ${duplicate}
    > . 12001:13001(1000) ack 1
    ${duplicate}
    ${duplicate} // now as much is in flight as may be
    ${duplicate}
    > . 13001:14001(1000) ack 1
  `);
  talk.play("{\n< . 1:1(0) ack 14001\n}");
  while (talk.takePacket());
  const { congestionWindow, slowStartThreshold } = talk.connection.info;
  assertEquals([congestionWindow, slowStartThreshold], [6000, 6000]);
});
