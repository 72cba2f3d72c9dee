/**
 * What a reading of the code by others has found.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

talkTest(
  "A peer that talks all the time does not keep a small window from being used (S-02)",
  (open) => {
    const talk = open().establish();
    talk.play("< . 1:1(0) ack 1 win 1000");
    talk.write(5000);
    talk.play(`
    +100
    < P. 1:11(10) ack 1 win 1000
    > . 1:1(0) ack 11
    +99
    < P. 11:21(10) ack 1 win 1000
    > . 1:1(0) ack 21
    +1
    > . 1:1001(1000) ack 21
  `);
    talk.abort();
    talk.takePacket();
  },
);

talkTest(
  "The window of a SYN-ACK is not scaled when both have asked (A-05, O-09, H-20)",
  (open) => {
    const talk = open();
    talk.connect();
    talk.play(`
    > S 0:0(0)
    < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
    > S. 0:0(0) ack 1
    < S. 0:0(0) ack 1 win 1000 <mss 1460,nop,wscale 7>
  `);
    assertEquals(talk.connection.info.sendWindow, 1000);
  },
);

talkTest("What is consumed after an abort is no longer there to be consumed (F-19)", (open) => {
  const talk = open().establish();
  talk.play("< P. 1:101(100) ack 1 \n > . 1:1(0) ack 101");
  const { connection } = talk;
  const span = connection.readableSpan();
  talk.abort();
  talk.play("> R. 1:1(0) ack 101");
  connection.consume(span.length);
  assertEquals(connection.readable, 0);
});

talkTest("A SYN that there is no room for does not end a TIME-WAIT (F-16, D-01)", (open) => {
  const talk = open({ tcp: { maxRequests: 1 }, holdRequests: true });
  talk.play("< S 0:0(0) win 65535 <mss 1460>");
  const connection = talk.accept();
  talk.play("> S. 0:0(0) ack 1 \n < . 1:1(0) ack 1");
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
  talk.port = 50_000;
  talk.play("< S 0:0(0) win 65535 <mss 1460>");
  talk.port = 40_000;
  talk.play("< S 100000:100000(0) win 65535 <mss 1460>");
  assertEquals(connection.info.state, "TIME-WAIT");
});

talkTest("A duplicate tells nothing of a segment that is alone (X-10)", (open) => {
  const talk = open().establish();
  const before = talk.connection.info.congestionWindow;
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1
    < . 1:1(0) ack 1001
  `);
  assertEquals(talk.connection.info.congestionWindow >= before, true);
});

talkTest("A reset in LAST-ACK is a reset while there is text to be acknowledged (R-07)", (open) => {
  for (const [text, error] of [[100, "reset"], [0, undefined]] as const) {
    const talk = open().establish();
    talk.play("< F. 1:1(0) ack 1 \n > . 1:1(0) ack 2");
    if (text > 0) talk.writeLast(text);
    else talk.closeWrite();
    talk.takePacket();
    talk.play("< R. 2:2(0) ack 1");
    assertEquals(talk.connection.info.state, "CLOSED");
    assertEquals(talk.connection.error, error);
  }
});
