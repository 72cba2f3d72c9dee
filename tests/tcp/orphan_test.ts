/**
 * Connections that the application has let go of.
 */
import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

talkTest(
  "A close sends what was written and a FIN, and the rest happens by itself (F-18)",
  (open) => {
    const talk = open().establish();
    talk.write(100);
    talk.connection.close();
    talk.play(`
    > P. 1:101(100) ack 1
    > F. 101:101(0) ack 1
    < . 1:1(0) ack 102
    < F. 1:1(0) ack 102
    > . 102:102(0) ack 2
  `);
    assertEquals(talk.connection.info.state, "TIME-WAIT");
    assertEquals(talk.connection.error, undefined);
  },
);

talkTest("A close with unread text resets (F-18, RFC 2525 §2.17)", (open) => {
  const talk = open().establish();
  talk.play(`
    < P. 1:11(10) ack 1
    > . 1:1(0) ack 11
  `);
  talk.connection.close();
  talk.play("> R. 1:1(0) ack 11");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("Text that is repeated after it was read is not unread (F-18)", (open) => {
  const talk = open().establish();
  talk.play(`
    < P. 1:11(10) ack 1
    > . 1:1(0) ack 11
  `);
  talk.read();
  talk.play(`
    < FP. 1:11(10) ack 1
    > . 1:1(0) ack 12
  `);
  talk.connection.close();
  talk.play(`
    > F. 1:1(0) ack 12
    < . 12:12(0) ack 2
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A close without lingering discards and resets (F-19)", (open) => {
  const talk = open().establish("", 50);
  talk.connection.setOptions({ linger: 0 });
  talk.write(100);
  talk.play("> . 1:51(50) ack 1");
  talk.connection.close();
  talk.play(`
    > R. 51:51(0) ack 1
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("Text for nobody is answered with a reset (R-18, RFC 9293 §3.6.1)", (open) => {
  const talk = open().establish();
  talk.connection.close();
  talk.play(`
    > F. 1:1(0) ack 1
    < . 1:1(0) ack 2
    < P. 1:11(10) ack 2
    > R 2:2(0)
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("Text that crosses our FIN is answered with a reset when nobody reads (R-18)", (open) => {
  const talk = open().establish();
  talk.connection.closeRead();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < P. 1:11(10) ack 1
    > R 1:1(0)
  `);
  assertEquals(talk.connection.error, "reset");
});

talkTest(
  "After closeRead() text is acknowledged and discarded, and writing goes on (W-20)",
  (open) => {
    const talk = open({ tcp: { receiveBuffer: 4096 } }).establish();
    talk.play(`
    < P. 1:1001(1000) ack 1
    > . 1:1(0) ack 1001
  `);
    talk.events();
    talk.connection.closeRead();
    for (let at = 1001; at < 20_001; at += 1000) {
      talk.play(`
      < P. ${at}:${at + 1000}(1000) ack 1
      > . 1:1(0) ack ${at + 1000}
    `);
    }
    assertEquals(talk.events(), "");
    assertEquals(talk.connection.readable, 0);
    assertEquals(talk.connection.isAtEnd, true);
    talk.write(10);
    talk.play(`
    > P. 1:11(10) ack 20001
    < F. 20001:20001(0) ack 11
    > . 11:11(0) ack 20002
  `);
    assertEquals(talk.events(), "Writable EndOfStream");
  },
);

talkTest("A close in SYN-SENT says nothing; a late SYN-ACK is reset (A-08, F-18)", (open) => {
  const talk = open();
  const connection = talk.connect();
  talk.play("> S 0:0(0)");
  connection.close();
  talk.play(`
    < S. 0:0(0) ack 1 win 65535
    > R 1:1(0)
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A closed connection leaves FIN-WAIT-2 after a time, without a word (F-09)", (open) => {
  const talk = open().establish();
  talk.connection.close();
  talk.play(`
    > F. 1:1(0) ack 1
    < . 1:1(0) ack 2
    +59999
    < . 1:1(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
  talk.play("+1");
  assertEquals(talk.stack.flowCount, 0);
  talk.play(`
    < F. 1:1(0) ack 2
    > R 2:2(0)
  `);
});

talkTest("A connection that is closed in FIN-WAIT-2 waits from then on (F-09)", (open) => {
  const talk = open({ tcp: { finWait2Timeout: 3000 } }).establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < . 1:1(0) ack 2
    +3600000
  `);
  talk.connection.close();
  talk.play("+2999 < F. 1:1(0) ack 2 \n > . 2:2(0) ack 2");
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("An orphan does not ask for a closed window for ever (F-09, D-06)", (open) => {
  const talk = open({ tcp: { retries: 2, minRto: 1000 } }).establish("", 0);
  talk.write(10);
  talk.connection.close();
  talk.play(`
    +1000 > . 0:1(1) ack 1 junk
    < . 1:1(0) ack 1 win 0
    +2000 > . 0:1(1) ack 1 junk
    < . 1:1(0) ack 1 win 0
    +4000 > R. 1:1(0) ack 1
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A reset that meets nothing but a FIN on the way ends in peace (F-19, R-07)", (open) => {
  const talk = open().establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
  talk.closeWrite();
  talk.play("> F. 1:1(0) ack 2");
  talk.abort(); // LAST-ACK: everything has been said (RFC 9293 §3.10.5)
  assertEquals(talk.stack.flowCount, 0);
});
