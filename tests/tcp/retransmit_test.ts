import { assertEquals } from "@std/assert";
import { sendThousands } from "../harness/builders.ts";
import { talkTest } from "../harness/talk.ts";

talkTest("TCP repeats text after the RTO, then after twice that (X-01, X-04, X-05)", (open) => {
  const talk = open({ tcp: { initialRto: 1000, minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 2);
  talk.play(`
    +1000 > . 1:1001(1000) ack 1
    +2000 > . 1:1001(1000) ack 1
    +4000 > . 1:1001(1000) ack 1
    +500 < . 1:1(0) ack 2001
    +120000
  `);
});

talkTest("TCP starts the timer with the first byte, not with the last (X-04)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 1);
  talk.play("+900");
  sendThousands(talk, 1, 1001);
  talk.play(`
    +100 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 2001
  `);
});

talkTest("TCP restarts the timer when something new is acknowledged (X-04)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 2);
  talk.play(`
    +900 < . 1:1(0) ack 1001
    +900 < . 1:1(0) ack 2001
    +60000
  `);
});

talkTest("TCP does not restart the timer for an ACK of nothing new (X-04, lesson 1)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 4);
  talk.play(`
    +500 < . 1:1(0) ack 1
    +499 < . 1:1(0) ack 1 win 60000
    +1 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 // some of it: the rest is still watched
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
    +1999 < . 1:1(0) ack 1001 win 50000
    +1 > . 1001:2001(1000) ack 1
    < . 1:1(0) ack 4001
    +60000
  `);
});

talkTest("TCP computes the RTO from the round trips (X-01, X-02)", (open) => {
  const talk = open({ tcp: { minRto: 1 } }).play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    +100 < . 1:1(0) ack 1
  `);
  const { connection } = talk;
  assertEquals([connection.info.rtt, connection.info.rttVariation], [100, 50]);
  assertEquals(connection.info.rto, 300);
  sendThousands(talk, 1);
  talk.play("+180 < . 1:1(0) ack 1001");
  assertEquals(connection.info.rttVariation, 57.5); // 3/4 of 50, 1/4 of 80
  assertEquals(connection.info.rtt, 110); // 7/8 of 100, 1/8 of 180
  assertEquals(connection.info.rto, 340);
});

talkTest("TCP keeps the RTO between its bounds (X-02)", (open) => {
  const talk = open().establish();
  assertEquals(talk.connection.info.rto, 200);
  sendThousands(talk, 1);
  let wait = 200;
  for (let attempt = 0; attempt < 12; attempt++) {
    talk.play(`+${wait} > P. 1:1001(1000) ack 1`);
    wait = Math.min(2 * wait, 60_000);
  }
  assertEquals(talk.connection.info.rto, 60_000);
  talk.play("< . 1:1(0) ack 1001");
});

talkTest("TCP takes no sample from a segment that was sent twice (X-03)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 1);
  talk.play(`
    +1000 > P. 1:1001(1000) ack 1
    +900 < . 1:1(0) ack 1001
  `);
  assertEquals(talk.connection.info.rtt, 0);
  sendThousands(talk, 1, 1001);
  talk.play("+50 < . 1:1(0) ack 2001");
  assertEquals(talk.connection.info.rtt, 50);
});

talkTest("TCP takes no sample from a SYN-ACK that was sent twice (X-03)", (open) => {
  for (const again of ["+1000", "+600 < S 0:0(0) win 65535 <mss 1460>"]) {
    const talk = open().play(`
      < S 0:0(0) win 65535 <mss 1460>
      > S. 0:0(0) ack 1
      ${again}
      > S. 0:0(0) ack 1
      +10 < . 1:1(0) ack 1
    `);
    assertEquals(talk.connection.info.rtt, 0);
  }
});

talkTest("TCP with timestamps takes a sample even from what was sent twice (X-03)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1012,TS val 0 ecr 0");
  sendThousands(talk, 1);
  talk.play(`
    +1000 > P. 1:1001(1000) ack 1 <nop,nop,TS val 1000 ecr 0>
    +40 < . 1:1(0) ack 1001 <nop,nop,TS val 1040 ecr 1000>
  `);
  assertEquals(talk.connection.info.rtt, 40);
});

talkTest("TCP keeps the doubled RTO until it has a new sample (X-05, RFC 6298 §5.7)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 1);
  talk.play(`
    +1000 > P. 1:1001(1000) ack 1
    +2000 > P. 1:1001(1000) ack 1
    +10 < . 1:1(0) ack 1001
  `);
  sendThousands(talk, 1, 1001);
  talk.play(`
    +4000 > P. 1001:2001(1000) ack 1
    < . 1:1(0) ack 2001
  `);
});

talkTest("TCP waits 3 s for text when even its SYN-ACK was lost (X-01, RFC 6298 §5.7)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    +1000 > S. 0:0(0) ack 1
    +10 < . 1:1(0) ack 1
  `);
  sendThousands(talk, 1);
  talk.play(`
    +3000 > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1001
  `);
});

talkTest("TCP gives up after so many repetitions, and resets (X-06, L-03)", (open) => {
  const talk = open({ tcp: { retries: 3 } }).establish("mss 1000");
  sendThousands(talk, 1);
  talk.play(`
    +200 > P. 1:1001(1000) ack 1
    +400 > P. 1:1001(1000) ack 1
    +800 > P. 1:1001(1000) ack 1
    +1600 > R. 1001:1001(0) ack 1
    +600000
  `);
  assertEquals(talk.connection.error, "timeout");
  assertEquals(talk.events(), "Closed");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP counts repetitions anew after each progress (X-07)", (open) => {
  const talk = open({ tcp: { retries: 2, minRto: 1000 } }).establish();
  talk.write(20_000);
  for (let at = 1; at < 15_000; at += 1460) {
    while (talk.takePacket());
    for (let attempt = 0; attempt < 2; attempt++) {
      talk.suspend(60_000);
      assertEquals(talk.takePacket()?.kind, "tcp");
      while (talk.takePacket());
    }
    talk.play(`{\n< . 1:1(0) ack ${at + 1460}\n}`);
  }
  assertEquals(talk.connection.error, undefined);
  while (talk.takePacket());
});

talkTest("TCP accepts an ACK of more than it has repeated (X-08, lesson 12)", (open) => {
  const talk = open().establish("mss 1000");
  sendThousands(talk, 4);
  talk.play(`
    +200 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 4001
  `);
  sendThousands(talk, 1, 4001);
  talk.play(`
    < . 1:1(0) ack 5001
    +60000
  `);
});

talkTest("TCP accepts an ACK of some of what it goes through again (X-08)", (open) => {
  const talk = open().establish("mss 1000");
  sendThousands(talk, 4);
  talk.play(`
    +200 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 2501
    > . 2501:3501(1000) ack 1
    > P. 3501:4001(500) ack 1
    < . 1:1(0) ack 4001
    +60000
  `);
});

talkTest("TCP repeats its FIN in FIN-WAIT-1 (X-09)", (open) => {
  const talk = open().establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    +200 > F. 1:1(0) ack 1
    +400 > F. 1:1(0) ack 1
    < . 1:1(0) ack 2
    +60000
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
});

talkTest("TCP repeats its FIN in CLOSING (X-09, lesson 20)", (open) => {
  const talk = open().establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 1
    > . 2:2(0) ack 2
    +200 > F. 1:1(0) ack 2
    +400 > F. 1:1(0) ack 2
    < . 2:2(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("TCP repeats its FIN in LAST-ACK, and gives up without end (X-09, L-03)", (open) => {
  const talk = open({ tcp: { retries: 2 } }).establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 2
    +200 > F. 1:1(0) ack 2
    +400 > F. 1:1(0) ack 2
    +800 > R. 2:2(0) ack 2
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP sends again what was written, and is not acked (X-22, lesson 12)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  talk.write(2500);
  talk.play(`
    > . 1:1001(1000) ack 1
    > . 1001:2001(1000) ack 1
    > P. 2001:2501(500) ack 1
    < . 1:1(0) ack 701 // each byte is compared with what was written
    +1000 > . 701:1701(1000) ack 1
    < . 1:1(0) ack 1001
    < . 1:1(0) ack 1701
    > P. 1701:2501(800) ack 1
    < . 1:1(0) ack 2501
  `);
});

talkTest("Overdue timers fire once each after a suspend (X-21, lesson 24)", (open) => {
  const talk = open({ tcp: { retries: 3 } }).establish("mss 1000");
  sendThousands(talk, 1);
  talk.suspend(24 * 3600 * 1000);
  talk.play("> P. 1:1001(1000) ack 1");
  talk.suspend(24 * 3600 * 1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1001
    +60000
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("A timer that is late looks at what has become of its cause (L-06)", (open) => {
  const talk = open().establish("mss 1000");
  sendThousands(talk, 1);
  talk.play("+199 < . 1:1(0) ack 1001");
  talk.suspend(60_000);
  talk.end();
});
