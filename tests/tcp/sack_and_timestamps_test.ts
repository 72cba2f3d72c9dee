import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { talkTest } from "../harness/talk.ts";

talkTest("TCP reports what is out of order only when SACK was agreed on (O-11)", (open) => {
  for (const [tcp, offer] of [[{}, ""], [{ sack: false }, "sackOK"]] as const) {
    open({ tcp }).establish(offer).play(`
      < . 101:201(100) ack 1
      > . 1:1(0) ack 1 <>
    `);
  }
  open().play(`
    < S 0:0(0) win 65535 <mss 1460,sackOK>
    > S. 0:0(0) ack 1 <mss 1460,sackOK>
    < . 1:1(0) ack 1
    < . 101:201(100) ack 1
    > . 1:1(0) ack 1 <sack 101:201>
  `);
});

talkTest(
  "TCP reports what of a segment came again, the first such part (RFC 2883 §4.2, O-12)",
  (open) => {
    open().establish("sackOK").play(`
    < . 1:101(100) ack 1
    > . 1:1(0) ack 101 <>
    < . 201:301(100) ack 1
    > . 1:1(0) ack 101 <sack 201:301>
    < . 401:501(100) ack 1
    > . 1:1(0) ack 101 <sack 401:501 201:301>
    < . 251:451(200) ack 1 // at its front
    > . 1:1(0) ack 101 <sack 251:301 201:501>
    < . 151:221(70) ack 1 // at its end
    > . 1:1(0) ack 101 <sack 201:221 151:501>
    < . 131:551(420) ack 1 // in its midst
    > . 1:1(0) ack 101 <sack 151:501 131:551>
    < . 51:116(65) ack 1 // before what is in order
    > . 1:1(0) ack 116 <sack 51:101 131:551>
    < . 1:601(600) ack 1
    > . 1:1(0) ack 601 <sack 1:116>
  `);
  },
);

talkTest("TCP reports the latest block first and joins those that touch (O-12, O-13)", (open) => {
  open().establish("sackOK").play(`
    < . 101:201(100) ack 1
    > . 1:1(0) ack 1 <sack 101:201>
    < . 301:401(100) ack 1
    > . 1:1(0) ack 1 <sack 301:401 101:201>
    < . 501:601(100) ack 1
    > . 1:1(0) ack 1 <sack 501:601 301:401 101:201>
    < . 201:301(100) ack 1
    > . 1:1(0) ack 1 <sack 101:401 501:601>
    < . 701:801(100) ack 1
    > . 1:1(0) ack 1 <sack 701:801 101:401 501:601>
    < . 901:1001(100) ack 1
    > . 1:1(0) ack 1 <sack 901:1001 701:801 101:401 501:601>
    < . 1101:1201(100) ack 1
    > . 1:1(0) ack 1 <sack 1101:1201 901:1001 701:801 101:401>
    < . 1:101(100) ack 1
    > . 1:1(0) ack 401 <sack 1101:1201 901:1001 701:801 501:601>
  `);
});

talkTest("TCP has room for three blocks beside timestamps (O-12)", (open) => {
  const talk = open().establish("sackOK,TS val 0 ecr 0");
  for (const at of [101, 301, 501]) {
    talk.play(`{\n< . ${at}:${at + 100}(100) ack 1 <nop,nop,TS val 0 ecr 0>\n}`);
    talk.takePacket();
  }
  talk.play(`
    < . 701:801(100) ack 1 <nop,nop,TS val 0 ecr 0>
    > . 1:1(0) ack 1 <TS val 0 ecr 0,sack 701:801 501:601 301:401>
  `);
});

talkTest("TCP reports a duplicate first, then what it lies in (O-12)", (open) => {
  open().establish("sackOK").play(`
    < . 101:201(100) ack 1
    > . 1:1(0) ack 1 <sack 101:201>
    < . 301:401(100) ack 1
    > . 1:1(0) ack 1 <sack 301:401 101:201>
    < . 101:201(100) ack 1
    > . 1:1(0) ack 1 <sack 101:201 101:201 301:401>
    < . 1:101(100) ack 1
    > . 1:1(0) ack 201 <sack 301:401>
    < . 51:151(100) ack 1
    > . 1:1(0) ack 201 <sack 51:151 301:401>
  `);
});

talkTest("TCP sends timestamps when both sides want them (O-14)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1460,TS val 7 ecr 0>
    > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 7>
    +10 < . 1:1(0) ack 1 <nop,nop,TS val 17 ecr 0>
  `);
  talk.write(10);
  talk.play(`
    > P. 1:11(10) ack 1 <nop,nop,TS val 10 ecr 17>
    +5 < P. 1:11(10) ack 11 <nop,nop,TS val 22 ecr 10>
    > . 11:11(0) ack 11 <nop,nop,TS val 15 ecr 22>
  `);
  talk.closeWrite();
  talk.play("> F. 11:11(0) ack 11 <nop,nop,TS val 15 ecr 22>");
  talk.play("+209.375 > F. 11:11(0) ack 11 <nop,nop,TS val 224 ecr 22>"); // O-17: the clock goes on
  open({ tcp: { timestamps: false } }).play(`
    < S 0:0(0) win 65535 <mss 1460,TS val 7 ecr 0>
    > S. 0:0(0) ack 1 <mss 1460>
    < . 1:1(0) ack 1
  `);
});

talkTest("TCP takes segments without the agreed timestamps (O-14, lesson 23)", (open) => {
  const talk = open().establish("TS val 0 ecr 0").play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101 <nop,nop,TS val 0 ecr 0>
    < . 101:101(0) ack 1
  `);
  assertEquals(talk.read(), 100);
});

talkTest("TCP echoes the timestamp of the segment that its ACK is about (O-15)", (open) => {
  open().establish("TS val 0 ecr 0").play(`
    +100 < . 1:101(100) ack 1 <nop,nop,TS val 100 ecr 0>
    > . 1:1(0) ack 101 <nop,nop,TS val 100 ecr 100>
    +100 < . 201:301(100) ack 1 <nop,nop,TS val 200 ecr 0> // behind a hole
    > . 1:1(0) ack 101 <nop,nop,TS val 200 ecr 100>
    +100 < . 101:201(100) ack 1 <nop,nop,TS val 150 ecr 0> // sent before, and fills it
    > . 1:1(0) ack 301 <nop,nop,TS val 300 ecr 150>
  `);
});

talkTest("TCP takes no timestamp from a segment that it does not accept (O-15)", (open) => {
  open().establish("TS val 0 ecr 0").play(`
    < . 1:101(100) ack 1 <nop,nop,TS val 100 ecr 0>
    > . 1:1(0) ack 101 <nop,nop,TS val 0 ecr 100>
    < . 101:101(0) ack 5000 <nop,nop,TS val 500 ecr 0> // of what was never sent
    > . 1:1(0) ack 101 <nop,nop,TS val 0 ecr 100>
    < . 1:101(100) ack 1 <nop,nop,TS val 300 ecr 0> // a duplicate is outside the window
    > . 1:1(0) ack 101 <nop,nop,TS val 0 ecr 100>
    < P. -100000:-99000(1000) ack 1 <nop,nop,TS val 400 ecr 0>
    > . 1:1(0) ack 101 <nop,nop,TS val 0 ecr 100>
    < P 101:201(100) <nop,nop,TS val 600 ecr 0>
    < P. 101:201(100) ack 1 <nop,nop,TS val 200 ecr 0>
    > . 1:1(0) ack 201 <nop,nop,TS val 0 ecr 200>
  `);
});

talkTest("TCP drops and acknowledges segments with an old timestamp (O-16)", (open) => {
  const talk = open().establish("TS val 1000 ecr 0".replace("1000", "0"));
  talk.play(`
    < . 1:101(100) ack 1 <nop,nop,TS val 1000 ecr 0>
    > . 1:1(0) ack 101
    < P. 101:201(100) ack 1 <nop,nop,TS val 999 ecr 0>
    > . 1:1(0) ack 101
    < . 101:201(100) ack 1 <nop,nop,TS val 1000 ecr 0>
    > . 1:1(0) ack 201
  `);
  assertEquals(talk.stack.drops.of(Drop.OldTimestamp), 1);
  assertEquals(talk.read(), 200);
  talk.play("< R 201:201(0) <nop,nop,TS val 5 ecr 0>"); // but a reset counts
  assertEquals(talk.connection.error, "reset");
});

talkTest("TCP takes an old timestamp after 24 days of silence (O-16)", (open) => {
  const talk = open().establish("TS val 0 ecr 0");
  talk.suspend(24 * 24 * 3600 * 1000);
  talk.play(`
    < P. 1:101(100) ack 1 <nop,nop,TS val -5 ecr 0>
    > . 1:1(0) ack 101
  `);
});
