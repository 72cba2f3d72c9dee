/**
 * Settings of one connection, changed while it runs.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

talkTest("Settings of one connection leave others alone", (open) => {
  const talk = open({ tcp: { nagle: true } }).establish();
  talk.connection.setOptions({ nagle: false });
  assertEquals(talk.connection.options.nagle, false);
  talk.port = 40_001;
  talk.establish();
  assertEquals(talk.connection.options.nagle, true);
  assertThrows(() => talk.connection.setOptions({ retries: -1 }), RangeError, "retries of -1");
});

talkTest("What Nagle holds back leaves when it is switched off (S-12)", (open) => {
  const talk = open({ tcp: { nagle: true } }).establish();
  talk.write(10);
  talk.write(20);
  talk.play("> P. 1:11(10) ack 1");
  talk.connection.setOptions({ nagle: false });
  talk.play(`
    > P. 11:31(20) ack 1
    < . 1:1(0) ack 31
  `);
});

talkTest("A cork holds back what does not fill a segment, until it is drawn (S-12)", (open) => {
  const talk = open({ tcp: { cork: true } }).establish("mss 1000");
  talk.write(400);
  talk.write(700);
  talk.play("> . 1:1001(1000) ack 1 \n < . 1:1(0) ack 1001");
  talk.connection.setOptions({ cork: false });
  talk.play(`
    > P. 1001:1101(100) ack 1
    < . 1:1(0) ack 1101
  `);
});

talkTest("A cork holds nothing back for longer than a timeout (S-12)", (open) => {
  const talk = open({ tcp: { cork: true, minRto: 1000 } }).establish();
  talk.write(10);
  talk.play(`
    +199
    +1 > P. 1:11(10) ack 1
    < . 1:1(0) ack 11
  `);
});

talkTest("A cork gives way to a FIN, and to Nagle's being switched off (S-12, S-13)", (open) => {
  const talk = open({ tcp: { cork: true } }).establish("mss 1000");
  talk.write(1100);
  talk.play("> . 1:1001(1000) ack 1 \n < . 1:1(0) ack 1001");
  talk.connection.setOptions({ nagle: false });
  talk.play("> P. 1001:1101(100) ack 1 \n < . 1:1(0) ack 1101");
  talk.write(10);
  talk.play("");
  talk.writeLast(10);
  talk.play(`
    > FP. 1101:1121(20) ack 1
    < . 1:1(0) ack 1122
  `);
});

talkTest("A delayed ACK leaves when delaying is switched off (K-01)", (open) => {
  const talk = open({ tcp: { ackDelay: 100 } }).establish().play(`
    < P. 1:11(10) ack 1
    +50
  `);
  talk.connection.setOptions({ ackDelay: 0 });
  talk.play(`
    > . 1:1(0) ack 11
    < P. 11:21(10) ack 1
    > . 1:1(0) ack 21
  `);
});

talkTest("Nothing can be written while too much has yet to be sent (S-17)", (open) => {
  const talk = open({ tcp: { notSentLowWater: 100 } }).establish("", 1000);
  assertEquals(talk.write(1050), 1050);
  talk.play("> . 1:1001(1000) ack 1");
  talk.write(60);
  assertEquals(talk.connection.writable, 0);
  assertEquals(talk.write(10), 0);
  talk.events();
  talk.play(`
    < . 1:1(0) ack 1001 win 1000
    > P. 1001:1111(110) ack 1
  `);
  assertEquals(talk.events(), "Writable");
  assertEquals(talk.connection.writable > 0, true);
  talk.play("< . 1:1(0) ack 1111");
});

talkTest("TCP announces and sends no more than the segment it is told (O-03, O-06)", (open) => {
  const talk = open({ tcp: { maxSegmentSize: 700 } }).play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1 <mss 700>
    < . 1:1(0) ack 1
  `);
  talk.write(1000);
  talk.play(`
    > . 1:701(700) ack 1
    > P. 701:1001(300) ack 1
    < . 1:1(0) ack 1001
  `);
});

talkTest("TCP scales its windows as it is told (O-07, O-08)", (open) => {
  open({ tcp: { windowScale: 10, receiveBuffer: 65_536 } }).play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 0>
    > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 10>
    < . 1:1(0) ack 1
    < P. 1:1025(1024) ack 1
    > . 1:1(0) ack 1025 win 63
  `);
});
