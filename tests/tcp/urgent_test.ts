/**
 * Urgent data: delivered in its place like all text, and never sent. Forwarding it
 * out of band is not done: RFC 6093 advises against it, and sockets that Deno
 * opens have no means for it.
 */
import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

talkTest("TCP delivers text with the URG flag in its place (U-01, MUST-30, MUST-31)", (open) => {
  const talk = open().establish().play(`
    < PU. 1:101(100) ack 1 urg 50
    > . 1:1(0) ack 101
    < U. 101:201(100) ack 1 urg 100
    > . 1:1(0) ack 201
    < P. 201:301(100) ack 1 urg 50 // without the flag the field means nothing
    > . 1:1(0) ack 301
  `);
  assertEquals(talk.read(), 300);
});

talkTest("TCP takes urgent text that comes out of order and in pieces (U-01)", (open) => {
  const talk = open().establish().play(`
    < U. 101:201(100) ack 1 urg 1
    > . 1:1(0) ack 1
    < U. 51:151(100) ack 1 urg 151
    > . 1:1(0) ack 1
    < U. 1:51(50) ack 1 urg 200
    > . 1:1(0) ack 201
  `);
  assertEquals(talk.read(), 200);
});

talkTest("TCP ignores urgent pointers that point to nothing (U-02, MUST-62)", (open) => {
  const talk = open().establish().play(`
    < U. 1:101(100) ack 1 urg 65535 // far behind the text
    > . 1:1(0) ack 101
    < U. 101:201(100) ack 1 urg 0 // before it
    > . 1:1(0) ack 201
    < U. 201:201(0) ack 1 urg 1 // no text at all
    < U. 201:301(100) ack 1 urg 1 // the octet after the first: one octet is urgent
    > . 1:1(0) ack 301
  `);
  assertEquals(talk.read(), 300);
});

talkTest(
  "TCP takes a segment with URG while its window is closed (U-03, W-13, MUST-66)",
  (open) => {
    const talk = open({ tcp: { receiveBuffer: 4096 } }).establish();
    talk.write(10);
    talk.play(`
    > P. 1:11(10) ack 1
    < P. 1:4097(4096) ack 1
    > . 11:11(0) ack 4097 win 0
    < U. 4097:4097(0) ack 11 urg 20
  `);
    assertEquals(talk.connection.isDrained, true);
    assertEquals(talk.read(), 4096);
    talk.play("> . 11:11(0) ack 4097 win 4096");
  },
);

talkTest("TCP ignores URG after the peer's FIN (U-03, RFC 9293 §3.10.7.4)", (open) => {
  const talk = open().establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
    < U. 2:2(0) ack 1 urg 5
    < U. 2:12(10) ack 1 urg 5
  `);
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.connection.readable, 0);
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 2
    < U. 2:2(0) ack 2 urg 1
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A SYN, a FIN and a reset with URG do what they do without (U-02)", (open) => {
  const talk = open().play(`
    < SU 0:0(0) win 65535 urg 9 <mss 1460>
    > S. 0:0(0) ack 1
    < U. 1:1(0) ack 1 urg 9
    < FU. 1:1(0) ack 1 urg 9
    > . 1:1(0) ack 2
    < RU. 2:2(0) ack 1 urg 9
  `);
  assertEquals(talk.connection.error, "reset");
});
