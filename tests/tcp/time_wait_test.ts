import { assertEquals } from "@std/assert";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

const TIME_WAIT = 60_000;

/** Both sides have closed, we first. */
function timeWait(open: Open, options: Parameters<Open>[0] = {}, offer = ""): Conversation {
  const talk = open(options).establish(offer);
  talk.closeWrite();
  return talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
}

talkTest("TCP goes from FIN-WAIT-1 to TIME-WAIT when FIN and ACK come together (F-05)", (open) => {
  const talk = timeWait(open);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
  assertEquals(talk.events(), "EndOfStream");
  talk.play(`+${TIME_WAIT}`);
  assertEquals(talk.events(), "Closed");
});

talkTest("TIME-WAIT lasts two maximum segment lifetimes (F-13)", (open) => {
  const talk = timeWait(open).play(`+${TIME_WAIT - 1}`);
  assertEquals(talk.stack.flowCount, 1);
  talk.play("+1");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A repeated FIN in TIME-WAIT is acknowledged and begins it anew (F-14)", (open) => {
  const talk = timeWait(open).play(`
    +50000 < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
    +59999
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
  talk.play("+1");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("Other segments in TIME-WAIT do not prolong it (F-14)", (open) => {
  const talk = timeWait(open).play(`
    +50000 < P. 5000001:5000101(100) ack 2
    > . 2:2(0) ack 2
    < F. 5000001:5000101(100) ack 2 // no repetition of the FIN that we know
    > . 2:2(0) ack 2
    < . 2:2(0) ack 2
    < P. 1:1(0) ack 2
    > . 2:2(0) ack 2
    +10000
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TIME-WAIT answers what cannot be, though it is in the window (F-12, F-14)", (open) => {
  timeWait(open).play(`
    < . 2:2(0) ack 2
    < . 3:3(0) ack 2
    > . 2:2(0) ack 2
    < F. 3:3(0) ack 2
    > . 2:2(0) ack 2
    < P. 2:12(10) ack 2
    > . 2:2(0) ack 2
    < F 2:2(0)
    +60000
  `);
});

talkTest("TIME-WAIT is not ended by a reset (F-15)", (open) => {
  const talk = timeWait(open).play(`
    < R 2:2(0)
    < R. 2:2(0) ack 2
    < R 3:3(0)
    < R 1:1(0)
    +59999
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("A SYN with a higher number opens a new connection in TIME-WAIT (F-16)", (open) => {
  const talk = timeWait(open).play(`
    +1000 < S 3:3(0) win 65535 <mss 1460>
    > S. 1000000:1000000(0) ack 4
    < . 4:4(0) ack 1000001
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  talk.play("+120000"); // nothing is left of the old one
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.stack.flowCount, 1);
});

talkTest("A SYN with an old number does not (F-16)", (open) => {
  const talk = timeWait(open).play(`
    < S 2:2(0) win 65535 <mss 1460>
    > . 2:2(0) ack 2
    +500 < S -5000:-5000(0) win 65535 <mss 1460>
    > . 2:2(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("A SYN with a newer timestamp opens a new connection in TIME-WAIT (F-16)", (open) => {
  const talk = timeWait(open, {}, "TS val 0 ecr 0");
  talk.play(`
    +1000 < S -5000:-5000(0) win 65535 <mss 1460,TS val 1 ecr 0>
    > S. 1000000:1000000(0) ack -4999
    < . -4999:-4999(0) ack 1000001 <nop,nop,TS val 2 ecr 1000>
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("A new connection in TIME-WAIT begins behind what the old one has sent (F-16)", (open) => {
  const talk = open().establish("", 60_000);
  let sent = 1;
  for (; sent < 1_000_000; sent += 50_000) { // to where the next initial sequence number would be
    talk.write(50_000);
    for (let at = sent; at < sent + 50_000; at += 1460) talk.takePacket();
    talk.play(`< . 1:1(0) ack ${sent + 50_000}`);
  }
  talk.closeWrite();
  talk.play(`
    > F. ${sent}:${sent}(0) ack 1
    < F. 1:1(0) ack ${sent + 1}
    > . ${sent + 1}:${sent + 1}(0) ack 2
    +1000 < S 9:9(0) win 65535 <mss 1460>
    > S. ${sent + 65_538}:${sent + 65_538}(0) ack 10
    < . 10:10(0) ack ${sent + 65_539}
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TIME-WAIT is bounded: the oldest go first (F-17)", (open) => {
  const talk = open({ tcp: { maxTimeWait: 3 } });
  for (let port = 41_000; port < 41_005; port++) {
    talk.port = port;
    talk.establish();
    talk.closeWrite();
    talk.play(`
      > F. 1:1(0) ack 1
      < F. 1:1(0) ack 2
      > . 2:2(0) ack 2
      +1000
    `);
  }
  assertEquals(talk.stack.flowCount, 3);
  talk.port = 41_000;
  talk.play(`
    < . 2:2(0) ack 2
    > R 2:2(0)
  `);
  talk.port = 41_004;
  talk.play(`
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
});
