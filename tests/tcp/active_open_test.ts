import { assertEquals, assertThrows } from "@std/assert";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

const SYN = "> S 0:0(0) win 65535 <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 4>";

/** A stack that has asked for a connection. */
function asked(open: Open): Conversation {
  const talk = open();
  talk.connect();
  talk.play(SYN);
  return talk;
}

const stateOf = (talk: Conversation): string => talk.connection.info.state;

talkTest(
  "A SYN-ACK is acknowledged although there is nothing to say (A-02, H-16, lesson 9)",
  (open) => {
    const talk = asked(open);
    talk.play(`
    < S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK,nop,wscale 7>
    > . 1:1(0) ack 1
  `);
    assertEquals(stateOf(talk), "ESTABLISHED");
    assertEquals(talk.events(), "Established Writable");
    talk.play("< P. 1:101(100) ack 1 \n > . 1:1(0) ack 101");
    assertEquals(talk.read(), 100);
  },
);

talkTest("What is written before the handshake leaves after it (A-09, A-14)", (open) => {
  const talk = asked(open);
  talk.write(100);
  talk.play(`
    < S. 0:0(0) ack 1 win 65535 <mss 1000>
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
  `);
});

talkTest("Connect, write, close: all of it happens (A-10)", (open) => {
  const talk = asked(open);
  talk.write(100);
  talk.closeWrite();
  talk.play(`
    < S. 0:0(0) ack 1 win 65535 <mss 1000>
    > FP. 1:101(100) ack 1
    < F. 1:1(0) ack 102
    > . 102:102(0) ack 2
  `);
  assertEquals(stateOf(talk), "TIME-WAIT");
});

talkTest("A SYN is repeated, and given up in the end (A-01, X-09)", (open) => {
  const talk = open({ tcp: { synRetries: 2 } });
  talk.connect();
  talk.play(`
    ${SYN}
    +1000
    > S 0:0(0) <mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 4>
    +2000
    > S 0:0(0) <mss 1460,sackOK,TS val 3000 ecr 0,nop,wscale 4>
    +4000
    +60000
  `);
  assertEquals(talk.connection.error, "timeout");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest(
  "An ACK of anything but the SYN is answered with a reset, and waiting goes on (A-03)",
  (open) => {
    const talk = asked(open);
    talk.play(`
    < . 0:0(0) ack 5
    > R 5:5(0)
    < S. 0:0(0) ack 0 win 65535 <mss 1000>
    > R 0:0(0)
  `);
    assertEquals(stateOf(talk), "SYN-SENT");
  },
);

talkTest("A reset refuses the connection only if it acknowledges the SYN (A-04)", (open) => {
  const talk = asked(open);
  talk.play(`
    < R 0:0(0)
    < R. 0:0(0) ack 7
  `);
  assertEquals(stateOf(talk), "SYN-SENT");
  talk.play("< R. 0:0(0) ack 1");
  assertEquals(talk.connection.error, "refused");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("Both ask at once and get one connection (A-05)", (open) => {
  const talk = asked(open);
  talk.play(`
    < S 0:0(0) win 65535 <mss 1000>
    > S. 0:0(0) ack 1 win 65535 <mss 1460>
  `);
  assertEquals(stateOf(talk), "SYN-RECEIVED");
  talk.play("< S. 0:0(0) ack 1 win 65535 <mss 1000>");
  assertEquals(stateOf(talk), "ESTABLISHED");
  talk.write(10);
  talk.play("> P. 1:11(10) ack 1 \n < . 1:1(0) ack 11");
});

talkTest("A reset after both have asked refuses the connection (A-06)", (open) => {
  const talk = asked(open);
  talk.play(`
    < S 0:0(0) win 65535 <mss 1000>
    > S. 0:0(0) ack 1
    < R 1:1(0)
  `);
  assertEquals(talk.connection.error, "refused");
});

talkTest("Without a SYN nothing counts while we wait for one (A-07)", (open) => {
  const talk = asked(open);
  talk.play(`
    < F 0:0(0)
    < F. 0:0(0) ack 1
    < P. 0:100(100) ack 1
    < - 0:0(0)
  `);
  assertEquals(stateOf(talk), "SYN-SENT");
});

talkTest("Giving up a SYN sends nothing; a late SYN-ACK is reset (A-08)", (open) => {
  const talk = asked(open);
  talk.abort();
  assertEquals(talk.stack.flowCount, 0);
  talk.play(`
    < S. 0:0(0) ack 1 win 65535 <mss 1000>
    > R 1:1(0)
  `);
});

talkTest("A flow that exists is not opened twice (A-11)", (open) => {
  const talk = asked(open);
  assertThrows(() => talk.connect(), RangeError, "that flow exists already");
});

talkTest("Text on a SYN-ACK is taken (A-02, A-14, RFC 9293 §3.10.7.3)", (open) => {
  const talk = asked(open).play(`
    < S. 0:100(100) ack 1 win 65535 <mss 1000>
    > . 1:1(0) ack 101
    < P. 101:201(100) ack 1
    > . 1:1(0) ack 201
  `);
  assertEquals(talk.read(), 200);
});

talkTest("Text on a SYN that crosses ours waits for the handshake's end (A-05)", (open) => {
  const talk = asked(open).play(`
    < S 0:100(100) win 65535 <mss 1000>
    > S. 0:0(0) ack 1 <mss 1460>
  `);
  assertEquals(talk.read(), 0);
  talk.play(`
    < . 101:101(0) ack 1
    > . 1:1(0) ack 101
  `);
  assertEquals(stateOf(talk), "ESTABLISHED");
  assertEquals(talk.read(), 100);
});

talkTest("The ACK that ends the handshake is never behind the first data (H-17)", (open) => {
  const early = asked(open); // written before: the ACK is on the first segment
  early.write(1500);
  early.play(`
    < S. 0:0(0) ack 1 win 65535 <mss 1000>
    > . 1:1001(1000) ack 1
    > P. 1001:1501(500) ack 1
    < . 1:1(0) ack 1501
  `);
  const late = asked(open); // written after: it has left alone
  late.play(`
    < S. 0:0(0) ack 1 win 65535 <mss 1000>
    > . 1:1(0) ack 1
  `);
  late.write(100);
  late.play(`
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
  `);
});
