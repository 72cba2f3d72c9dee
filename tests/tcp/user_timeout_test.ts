/**
 * The user timeout: RFC 9293 §3.10.8, TCP_USER_TIMEOUT.
 */
import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

/** Repetitions stay out of the way. */
const tcp = { userTimeout: 2500, initialRto: 30_000, minRto: 30_000, sack: false };

talkTest("TCP gives up when text is not acknowledged for the user timeout (L-03)", (open) => {
  const talk = open({ tcp }).establish().play("+10000");
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    +2499
    +1 > R. 101:101(0) ack 1
  `);
  assertEquals(talk.connection.error, "timeout");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("An acknowledgment of something new begins the user timeout anew (L-03)", (open) => {
  const talk = open({ tcp }).establish("mss 1000");
  talk.write(2000);
  talk.play(`
    > . 1:1001(1000) ack 1
    > P. 1001:2001(1000) ack 1
    +2000 < . 1:1(0) ack 1001
    +2000 < P. 1:11(10) ack 1001 // it is alive, but takes nothing
    > . 2001:2001(0) ack 11
    +500 > R. 2001:2001(0) ack 11
  `);
});

talkTest("The user timeout is over when all is acknowledged (L-03)", (open) => {
  const talk = open({ tcp }).establish();
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    +2000 < . 1:1(0) ack 101
    +3600000
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("A closed window without an answer ends by the user timeout (S-11)", (open) => {
  const talk = open({ tcp: { userTimeout: 2500, minRto: 1000 } }).establish("", 0);
  talk.write(100);
  talk.play(`
    +1000 > . 0:1(1) ack 1 junk
    +1500 > R. 1:1(0) ack 1
  `);
  assertEquals(talk.connection.error, "timeout");
});

talkTest("A closed window with answers is waited for, user timeout or not (S-11, S-05)", (open) => {
  const talk = open({ tcp: { userTimeout: 2500, minRto: 1000, maxRto: 1000 } }).establish("", 0);
  talk.write(100);
  for (let probe = 0; probe < 100; probe++) {
    talk.play(`
      +1000 > . 0:1(1) ack 1 junk
      < . 1:1(0) ack 1 win 0
    `);
  }
  talk.play(`
    < . 1:1(0) ack 1 win 1000
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
  `);
});

talkTest("The user timeout holds in FIN-WAIT-1, CLOSING and LAST-ACK (L-03)", (open) => {
  const first = open({ tcp }).establish();
  first.closeWrite();
  first.play(`
    > F. 1:1(0) ack 1
    +2500 > R. 2:2(0) ack 1
  `);
  const second = open({ tcp }).establish();
  second.closeWrite();
  second.play(`
    > F. 1:1(0) ack 1
    +1000 < F. 1:1(0) ack 1
    > . 2:2(0) ack 2
  `);
  assertEquals(second.connection.info.state, "CLOSING");
  second.play("+1500 > R. 2:2(0) ack 2");
  const third = open({ tcp }).establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
  third.connection.close();
  third.play(`
    > F. 1:1(0) ack 2
    +2500 > R. 2:2(0) ack 2
  `);
  assertEquals(third.stack.flowCount, 0);
});

talkTest("The user timeout holds for our SYN, and can be set for one connection (L-03)", (open) => {
  const talk = open();
  const connection = talk.connect();
  connection.setOptions({ userTimeout: 700 });
  talk.play(`
    > S 0:0(0)
    +699
    +1
  `);
  assertEquals(connection.error, "timeout");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("An idle connection knows no user timeout (L-04)", (open) => {
  const talk = open({ tcp }).establish().play("+100000000");
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});
