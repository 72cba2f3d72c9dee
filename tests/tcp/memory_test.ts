import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import type { Conversation } from "../harness/script.ts";
import { talkTest } from "../harness/talk.ts";

const MODEST = { receiveBuffer: 400_000, initialReceiveBuffer: 20_000 };

/** Lines in which the peer sends `count` segments of 1000 bytes from `start` on, all at once. */
function segments(start: number, count: number): string {
  const lines = Array.from({ length: count }, (_, i) => {
    const at = start + i * 1000;
    return `< . ${at}:${at + 1000}(1000) ack 1`;
  });
  return ["{", ...lines, "}"].join("\n");
}

/** Takes what the stack has sent, whatever it is. */
function skip(talk: Conversation): void {
  while (talk.takePacket());
}

talkTest(
  "TCP widens its window for an application that reads all of it in a turn (W-21)",
  (open) => {
    const talk = open({ tcp: MODEST }).establish("nop,wscale 7");
    for (let round = 0; round < 20; round++) {
      talk.play(segments(1 + round * 15_000, 15));
      assertEquals(talk.read(), 15_000);
      skip(talk);
      talk.play("+10");
      skip(talk);
    }
    const { receiveBuffer } = talk.connection.info;
    assert(30_000 <= receiveBuffer && receiveBuffer < 35_000, `${receiveBuffer}`);
    talk.play(segments(300_001, 1));
    const sent = talk.takePacket();
    assert(sent?.kind === "tcp" && (sent.window ?? 0) * 8 >= 30_000 - 1000);
  },
);

talkTest("TCP keeps its window for an application that reads slowly (W-21, W-15)", (open) => {
  const talk = open({ tcp: MODEST }).establish("nop,wscale 7");
  for (let round = 0; round < 20; round++) {
    talk.play(segments(1 + round * 5000, 5));
    assertEquals(talk.read(), 5000);
    skip(talk);
    talk.play("+50");
  }
  assertEquals(talk.connection.info.receiveBuffer, 20_000);
});

talkTest(
  "TCP keeps its window for an application that does not read (W-21, W-15, W-09)",
  (open) => {
    const talk = open({ tcp: MODEST }).establish();
    talk.play(segments(1, 20));
    skip(talk);
    talk.play(`
    +1000
    < . 20001:21001(1000) ack 1
    > . 1:1(0) ack 20001 win 0
  `);
    assertEquals(talk.connection.info.receiveBuffer, 20_000);
  },
);

talkTest("TCP widens its window to no more than the buffer (W-21, W-18)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 25_000, initialReceiveBuffer: 20_000 } }).establish();
  for (let round = 0; round < 5; round++) {
    talk.play(segments(1 + round * 20_000, 20));
    assertEquals(talk.read(), 20_000);
    skip(talk);
    talk.play("+10");
  }
  assertEquals(talk.connection.info.receiveBuffer, 25_000);
});

talkTest(
  "TCP gives the memory for a small answer back once that is acknowledged (D-06)",
  (open) => {
    const talk = open().establish();
    talk.write(100);
    skip(talk);
    assert(talk.stack.memory.used > 0);
    talk.play("< . 1:1(0) ack 51");
    assert(talk.stack.memory.used > 0);
    talk.play("< . 1:1(0) ack 101");
    assertEquals(talk.stack.memory.used, 0);
  },
);

talkTest("TCP gives memory back that has been idle for seconds (D-06)", (open) => {
  const talk = open().establish();
  talk.write(10_000);
  skip(talk);
  talk.play(`
    < P. 1:5001(5000) ack 10001
    > . 10001:10001(0) ack 5001
  `);
  const held = talk.stack.memory.used;
  talk.play("+5000");
  assertEquals(talk.stack.memory.used, held - 16_384); // what is unread stays
  assertEquals(talk.read(), 5000);
  talk.play(`
    < . 5001:5001(0) ack 10001
    +5000
  `);
  assertEquals(talk.stack.memory.used, 0);
  assertEquals(talk.stack.nextDeadline, Infinity);
  talk.play(`
    < P. 5001:6001(1000) ack 10001
    > . 10001:10001(0) ack 6001
  `);
  assertEquals(talk.read(), 1000);
});

talkTest("TCP keeps text that came out of order while it is idle (D-06, W-16)", (open) => {
  const talk = open().establish("sackOK");
  talk.play(`
    < . 1001:2001(1000) ack 1
    > . 1:1(0) ack 1 <sack 1001:2001>
    +10000
    < . 1:1001(1000) ack 1
    > . 1:1(0) ack 2001
  `);
  assertEquals(talk.read(), 2000);
});

talkTest("TCP counts no memory of connections that are over (D-06)", (open) => {
  const talk = open().establish().play(`
    < P. 1:5001(5000) ack 1
    > . 1:1(0) ack 5001
    < R. 5001:5001(0) ack 1
  `);
  assertEquals([talk.stack.memory.used, talk.stack.flowCount], [0, 0]);
  assertEquals(talk.read(), 5000); // it is the application's
});

talkTest(
  "TCP does not open windows further while memory is tight (D-06, W-08, SHLD-14)",
  (open) => {
    const talk = open({ tcp: { maxMemory: 20_000, receiveBuffer: 60_000 } }).establish();
    talk.play(`
    < . 1:10001(10000) ack 1
    > . 1:1(0) ack 10001 win 50000
    < . 10001:16001(6000) ack 1
    > . 1:1(0) ack 16001 win 44000 // no less than was promised: 60000 in all
  `);
    assertEquals(talk.stack.memory.used, 16_384);
    assertEquals(talk.read(), 16_000);
    talk.play(`
    < . 16001:17001(1000) ack 1
    > . 1:1(0) ack 17001 win 43000 // the edge stays where it was
  `);
    assertEquals(talk.read(), 1000);
    talk.play(`
    +2000
    < . 17001:18001(1000) ack 1
    > . 1:1(0) ack 18001 win 59000 // it has recovered: what is unread counts
  `);
  },
);

talkTest("TCP takes what it has memory for of what it has promised (D-06, W-16)", (open) => {
  const talk = open({ tcp: { maxMemory: 16_384, receiveBuffer: 60_000 } }).establish();
  talk.play(`
    < . 1:15001(15000) ack 1
    > . 1:1(0) ack 15001 win 45000
    < . 15001:17001(2000) ack 1
    > . 1:1(0) ack 16385 win 43616
    < . 16385:17001(616) ack 1
    > . 1:1(0) ack 16385 win 43616
    < . 20001:21001(1000) ack 1
    > . 1:1(0) ack 16385 win 43616
  `);
  assertEquals(talk.stack.drops.of(Drop.OutOfMemory), 2);
  assertEquals(talk.stack.memory.refusals, 3);
  assertEquals(talk.read(), 16_384);
  talk.play(`
    < . 16385:17001(616) ack 1
    > . 1:1(0) ack 17001 win 43000
  `);
  assertEquals(talk.read(), 616);
});

talkTest("TCP offers a new connection a segment while memory is tight (D-06)", (open) => {
  const talk = open({ tcp: { maxMemory: 10_000, receiveBuffer: 60_000 } }).establish();
  talk.write(8000);
  skip(talk);
  assertEquals(talk.connection.writable, 8192 - 8000);
  talk.port++;
  talk.play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1 win 4096
    < . 1:1(0) ack 1
    < P. 1:1461(1460) ack 1
    > . 1:1(0) ack 1461 win 2636
  `);
  assertEquals(talk.connection.writable, 4096);
  assertEquals(talk.write(5000), 4096);
  talk.play(`
    > . 1:1461(1460) ack 1461
    > . 1461:2921(1460) ack 1461
    > P. 2921:4097(1176) ack 1461
    < . 1461:1461(0) ack 4097
  `);
  talk.port--;
  talk.play("< . 1:1(0) ack 8001");
  assertEquals(talk.connection.writable, 8192);
  talk.play("+5000");
  assertEquals(talk.connection.writable, 524_288);
});
