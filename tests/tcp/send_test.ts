import { assertEquals, assertThrows } from "@std/assert";
import { TcpError } from "../../lib/tcp/error.ts";
import { talkTest } from "../harness/talk.ts";

talkTest("TCP cuts text at the MSS and stops at the window (S-01, S-19)", (open) => {
  const talk = open().establish("", 4000);
  talk.write(10_000);
  talk.play(`
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    < . 1:1(0) ack 1461
    > . 2921:4381(1460) ack 1
    < . 1:1(0) ack 4381 win 20000
    > . 4381:5841(1460) ack 1
    > . 5841:7301(1460) ack 1
    > . 7301:8761(1460) ack 1
    > P. 8761:10001(1240) ack 1
    < . 1:1(0) ack 10001
  `);
});

talkTest("TCP never sends behind the right edge of the window (S-01)", (open) => {
  const talk = open().establish("", 3000);
  talk.write(9000);
  talk.play(`
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    < . 1:1(0) ack 1461 win 1460 // the edge stays where it is
    < . 1:1(0) ack 2921 win 100
    +199
  `);
});

talkTest("TCP waits for room for a full segment, or half the largest window (S-02)", (open) => {
  const talk = open().establish("", 2000);
  talk.write(5000);
  talk.play(`
    > . 1:1461(1460) ack 1
    < . 1:1(0) ack 1461 win 999
    < . 1:1(0) ack 1461 win 1000
    > . 1461:2461(1000) ack 1
    < . 1:1(0) ack 2461 win 2000
    > . 2461:3921(1460) ack 1
    < . 1:1(0) ack 3921 win 2000
    > P. 3921:5001(1080) ack 1
    < . 1:1(0) ack 5001
  `);
});

talkTest("TCP sends the last small segment at once (S-02)", (open) => {
  const talk = open().establish();
  talk.write(10);
  talk.play("> P. 1:11(10) ack 1");
  talk.write(10);
  talk.play(`
    > P. 11:21(10) ack 1
    < . 1:1(0) ack 21
  `);
});

talkTest("TCP overrides its patience with a small window after a timeout (S-02)", (open) => {
  const talk = open().establish("", 2000);
  talk.write(5000);
  talk.play(`
    > . 1:1461(1460) ack 1
    < . 1:1(0) ack 1461 win 500
    +200 > . 1461:1961(500) ack 1
    < . 1:1(0) ack 1961 win 5000
    > . 1961:3421(1460) ack 1
    > . 3421:4881(1460) ack 1
    > P. 4881:5001(120) ack 1
    < . 1:1(0) ack 5001
  `);
});

talkTest("TCP does not let an old segment bring an old window back (S-03)", (open) => {
  const talk = open().establish("", 1000);
  talk.write(5000);
  talk.play(`
    > . 1:1001(1000) ack 1
    < . 1:101(100) ack 1 win 1000 // SND.WL1 is 1
    > . 1001:1001(0) ack 101
    < . 101:201(100) ack 1001 win 0 // SND.WL1 is 101
    > . 1001:1001(0) ack 201
    < . 1:201(200) ack 1001 win 60000 // sent before, came late
    > . 1001:1001(0) ack 201
    < . 51:251(200) ack 1001 win 60000 // so was this, but for its end
    > . 1001:1001(0) ack 251
    < . 251:251(0) ack 1 win 60000 // the number is new but it acknowledges less
  `);
  assertEquals(talk.connection.info.sendWindow, 0);
});

talkTest("TCP takes a window that an ACK of the same number brings later (S-03)", (open) => {
  const talk = open().establish("", 1000);
  talk.play(`
    < . 1:1(0) ack 1 win 500
    < . 1:1(0) ack 1 win 700
  `);
  assertEquals(talk.connection.info.sendWindow, 700);
});

talkTest("TCP survives a window that shrinks below what is in flight (S-04, lesson 4)", (open) => {
  const talk = open().establish("", 4000);
  talk.write(6000);
  talk.play(`
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
    < . 1:1(0) ack 1 win 1000
    +200 > . 1:1001(1000) ack 1 // what is in the window, and nothing behind it
    < . 1:1(0) ack 1001 win 1920
    > . 1001:2461(1460) ack 1
    > . 2461:2921(460) ack 1
    < . 1:1(0) ack 2921 win 3080
    > . 2921:4381(1460) ack 1
    > . 4381:5841(1460) ack 1
    > P. 5841:6001(160) ack 1
    < . 1:1(0) ack 6001
  `);
});

talkTest("TCP asks on when the window closes over its text (S-04, lesson 4)", (open) => {
  const talk = open({ tcp: { retries: 3 } }).establish("", 4000);
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1 win 0
  `);
  for (let probe = 0; probe < 20; probe++) {
    const wait = Math.min(200 * 2 ** probe, 60_000);
    talk.play(`
      +${wait} > . 0:1(1) ack 1 junk
      < . 1:1(0) ack 1 win 0
    `);
  }
  talk.play(`
    < . 1:1(0) ack 1 win 4000
    > P. 1:1001(1000) ack 1 // at once, and watched as usual
    +200 > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1001
  `);
});

talkTest("TCP asks for a closed window, ever later (S-05, S-07, S-08, lesson 6)", (open) => {
  const talk = open({ tcp: { retries: 3 } }).establish("", 1000);
  talk.write(2000);
  talk.play(`
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 win 0
  `);
  // An old number with a byte: the peer must answer it, whatever its window (lesson 6).
  for (let probe = 0; probe < 30; probe++) {
    const wait = Math.min(200 * 2 ** probe, 60_000);
    talk.play(`
      +${wait} > . 1000:1001(1) ack 1 junk
      < . 1:1(0) ack 1001 win 0
    `);
  }
  assertEquals(talk.connection.info.state, "ESTABLISHED"); // it never gives up while answered
  assertEquals(talk.connection.info.rto, 200); // probes are no matter of the RTO
  talk.play(`
    < . 1:1(0) ack 1001 win 1000
    > P. 1001:2001(1000) ack 1
    < . 1:1(0) ack 2001
  `);
});

talkTest("TCP gives up when nobody answers its probes (S-05, X-06)", (open) => {
  const talk = open({ tcp: { retries: 3 } }).establish("", 1000);
  talk.write(2000);
  talk.play(`
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 win 0
    +200 > . 1000:1001(1) ack 1 junk
    +400 > . 1000:1001(1) ack 1 junk
    +800 > . 1000:1001(1) ack 1 junk
    +1600 > R. 1001:1001(0) ack 1
  `);
  assertEquals(talk.connection.error, "timeout");
});

talkTest("TCP asks for the window when only its FIN waits (S-06, lesson 5)", (open) => {
  const talk = open().establish("", 1000);
  talk.write(1000);
  talk.closeWrite();
  assertEquals(talk.connection.info.state, "FIN-WAIT-1");
  talk.play(`
    > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 win 0
    +200 > . 1000:1001(1) ack 1 junk
    < . 1:1(0) ack 1001 win 0
    +400 > . 1000:1001(1) ack 1 junk
    < . 1:1(0) ack 1001 win 1
    > F. 1001:1001(0) ack 1
    < . 1:1(0) ack 1002
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
});

talkTest("TCP goes on at once when the window opens (S-09)", (open) => {
  const talk = open().establish("", 1000);
  talk.write(3000);
  talk.play(`
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 win 0
    +100 < . 1:1(0) ack 1001 win 3000
    > . 1001:2461(1460) ack 1
    > P. 2461:3001(540) ack 1
    < . 1:1(0) ack 3001
    +60000
  `);
});

talkTest("TCP is not stopped by a closed window in the SYN (S-10)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 0 <mss 1460>
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1 win 0
  `);
  talk.write(100);
  talk.play(`
    +200 > . 0:1(1) ack 1 junk
    < . 1:1(0) ack 1 win 1000
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
  `);
});

talkTest("TCP without Nagle sends small segments while others are in flight (S-12)", (open) => {
  const talk = open().establish();
  for (let count = 0; count < 3; count++) {
    talk.write(1);
    talk.play(`> P. ${1 + count}:${2 + count}(1) ack 1`);
  }
  talk.play("< . 1:1(0) ack 4");
});

talkTest("TCP with Nagle holds a small segment until all is acknowledged (S-12)", (open) => {
  const talk = open({ tcp: { nagle: true } }).establish();
  talk.write(1);
  talk.play("> P. 1:2(1) ack 1");
  talk.write(1);
  talk.write(1);
  talk.play(`
    < . 1:1(0) ack 2
    > P. 2:4(2) ack 1
  `);
  talk.write(1461);
  talk.play(`
    > . 4:1464(1460) ack 1
    < . 1:1(0) ack 4
    < . 1:1(0) ack 1464
    > P. 1464:1465(1) ack 1
    < . 1:1(0) ack 1465
  `);
});

talkTest("Nagle delays neither the FIN nor the text before it (S-13)", (open) => {
  const talk = open({ tcp: { nagle: true } }).establish();
  talk.write(1);
  talk.play("> P. 1:2(1) ack 1");
  talk.write(5);
  talk.closeWrite();
  talk.play(`
    > FP. 2:7(5) ack 1
    < . 1:1(0) ack 8
  `);
});

talkTest("TCP retransmits small segments whatever Nagle says (S-12, X-05)", (open) => {
  const talk = open({ tcp: { nagle: true } }).establish();
  talk.write(10);
  talk.play(`
    > P. 1:11(10) ack 1
    +200 > P. 1:11(10) ack 1
    < . 1:1(0) ack 11
  `);
});

talkTest("TCP pushes at the end of what it has to say (S-14)", (open) => {
  const talk = open().establish();
  talk.write(1460);
  talk.play("> P. 1:1461(1460) ack 1");
  talk.write(2920);
  talk.play(`
    > . 1461:2921(1460) ack 1
    > P. 2921:4381(1460) ack 1
    < . 1:1(0) ack 4381
  `);
});

talkTest("TCP sends nothing for a write of nothing (S-15)", (open) => {
  const talk = open().establish();
  assertEquals(talk.write(0), 0);
  talk.play("+60000");
});

talkTest("TCP refuses to write after its side was closed (S-16)", (open) => {
  const talk = open().establish();
  talk.write(10);
  talk.play("> P. 1:11(10) ack 1");
  talk.closeWrite();
  const error = assertThrows(() => talk.write(1), TcpError);
  assertEquals(error.code, "closed");
  assertEquals(talk.connection.writable, 0);
  talk.closeWrite();
  talk.play(`
    > F. 11:11(0) ack 1
    < . 1:1(0) ack 12
  `);
  talk.abort();
  talk.play("> R. 12:12(0) ack 1");
  assertEquals(assertThrows(() => talk.write(1), TcpError).code, "aborted");
});

talkTest("TCP takes as much as its buffer holds, and tells when there is room (S-17)", (open) => {
  const talk = open({ tcp: { sendBuffer: 4096 } }).establish("", 2920);
  assertEquals(talk.write(10_000), 4096);
  assertEquals(talk.write(10_000), 0);
  assertEquals(talk.connection.writable, 0);
  talk.play(`
    > . 1:1461(1460) ack 1
    > . 1461:2921(1460) ack 1
  `);
  assertEquals(talk.events(), "");
  talk.play(`
    < . 1:1(0) ack 2921
    > P. 2921:4097(1176) ack 1
  `);
  assertEquals(talk.events(), "Writable");
  assertEquals(talk.write(10_000), 2920);
  talk.play(`
    > . 4097:5557(1460) ack 1
    < . 1:1(0) ack 5557
    > P. 5557:7017(1460) ack 1
    < . 1:1(0) ack 7017
  `);
});

talkTest("TCP fits the frame even at the largest MTU (S-19, lesson 14)", (open) => {
  const talk = open({ link: { mtu: 65_535 } }).play(`
    < S 0:0(0) win 65535 <mss 65535,nop,wscale 7>
    > S. 0:0(0) ack 1 <mss 65495,nop,wscale 4>
    < . 1:1(0) ack 1
  `);
  talk.write(131_000);
  talk.play(`
    > . 1:65496(65495) ack 1
    > . 65496:130991(65495) ack 1
    > P. 130991:131001(10) ack 1
    < . 1:1(0) ack 131001
  `);
});

talkTest("TCP keeps its stream over wraps of its buffers and numbers (S-20)", (open) => {
  const talk = open({ tcp: { sendBuffer: 5000, receiveBuffer: 5000 } }).establish();
  let sent = 1;
  let received = 1;
  for (let round = 0; round < 50; round++) {
    talk.write(1111);
    talk.play(`
      > P. ${sent}:${sent + 1111}(1111) ack ${received}
      < P. ${received}:${received + 777}(777) ack ${sent + 1111}
      > . ${sent + 1111}:${sent + 1111}(0) ack ${received + 777}
    `);
    sent += 1111;
    received += 777;
    assertEquals(talk.read(), 777);
  }
});
