import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../lib/base/random.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

/** A connection whose window is its whole buffer of 10000 bytes, in units of one. */
function small(open: Open): Conversation {
  return open({ tcp: { receiveBuffer: 10_000 } }).establish();
}

talkTest("TCP takes no more than it has promised (W-01, W-02, lesson 8)", (open) => {
  const talk = small(open).play(`
    < . 1:9001(9000) ack 1
    > . 1:1(0) ack 9001 win 1000
  `);
  assertEquals(talk.read(1200), 1200); // too little to tell of
  talk.play(`
    < . 9001:10001(1000) ack 1
    > . 1:1(0) ack 10001 win 0
    < . 10001:10101(100) ack 1
    > . 1:1(0) ack 10001 win 0
    < . 10001:10101(100) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
});

talkTest("TCP never moves the right edge of its window left (W-08, lesson 8)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 100_000 } }).establish("nop,wscale 7");
  let edge = 0;
  let next = 1;
  const random = new SeededRandom(3);
  for (let round = 0; round < 300; round++) {
    const room = Math.min(edge || 65_536, 65_536 + next) - next;
    const length = Math.min(1 + random.below(1500), Math.max(room, 1));
    talk.play(`{\n< . ${next}:${next + length}(${length}) ack 1\n}`);
    for (let sent = talk.takePacket(); sent; sent = talk.takePacket()) {
      assert(sent.kind === "tcp" && sent.ack !== undefined && sent.window !== undefined);
      next = sent.ack;
      const promised = next + sent.window * 2; // 100000 bytes need a scale of 1
      assert(promised > edge - 2, `the edge moved from ${edge} to ${promised}`);
      edge = Math.max(edge, promised);
    }
    talk.read(random.below(2000));
  }
});

talkTest("TCP says when its closed window has opened, at once (W-10, lesson 17)", (open) => {
  const talk = small(open).play(`
    < P. 1:10001(10000) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals(talk.read(1459), 1459);
  talk.play("+60000");
  assertEquals(talk.read(1), 1); // a full segment
  talk.play("> . 1:1(0) ack 10001 win 1460");
});

talkTest("TCP with a small buffer says when half of it is free (W-10)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 4096 }, link: { mtu: 9000 } }).establish("").play(`
    < P. 1:4097(4096) ack 1
    > . 1:1(0) ack 4097 win 0
  `);
  talk.read(2047);
  talk.play("+1000");
  talk.read(1);
  talk.play("> . 1:1(0) ack 4097 win 2048");
});

talkTest("TCP sends no stream of small windows to a reader of single bytes (W-11)", (open) => {
  for (const buffer of [10_000, 524_288]) {
    const talk = open({ tcp: { receiveBuffer: buffer } }).establish().play(`
      < P. 1:10001(10000) ack 1
      > . 1:1(0) ack 10001
    `);
    let updates = 0;
    for (let read = 0; read < 10_000; read++) {
      talk.read(1);
      while (talk.takePacket()) updates++;
    }
    assert(updates <= 10_000 / 1460 + 1, `${updates} window updates`);
  }
});

talkTest("TCP answers a probe of its closed window with the window (W-12)", (open) => {
  const talk = small(open).play(`
    < P. 1:10001(10000) ack 1
    > . 1:1(0) ack 10001 win 0
    < . 10000:10001(1) ack 1
    > . 1:1(0) ack 10001 win 0
    < . 10001:10002(1) ack 1
    > . 1:1(0) ack 10001 win 0
    < . 10000:10000(0) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals(talk.read(), 10_000);
  talk.play("> . 1:1(0) ack 10001 win 10000");
});

talkTest("TCP takes acknowledgments while its window is closed (W-13)", (open) => {
  const talk = small(open);
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < P. 1:10001(10000) ack 1
    > . 101:101(0) ack 10001 win 0
    < . 10001:10001(0) ack 101 win 500
    +60000
  `);
  assertEquals(talk.connection.info.unacknowledged, 0);
  assertEquals(talk.connection.info.sendWindow, 500);
});

talkTest("TCP takes a FIN at RCV.NXT while its window is closed (W-14)", (open) => {
  const talk = small(open).play(`
    < P. 1:10001(10000) ack 1
    > . 1:1(0) ack 10001 win 0
    < F. 10001:10001(0) ack 1
    > . 1:1(0) ack 10002 win 0
  `);
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.read(), 10_000);
});

talkTest("TCP offers a window up to its buffer and no more (W-18, O-08, O-10)", (open) => {
  const largest = 0xffff * 2 ** 14;
  open({ tcp: { receiveBuffer: largest, initialReceiveBuffer: largest } }).play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 14>
    > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 14>
    < . 1:1(0) ack 1
    < P. 1:2(1) ack 1
    > . 1:1(0) ack 2 win 65534
  `);
  open({ tcp: { receiveBuffer: 70_000 } }).play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 14>
    > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 1>
    < . 1:1(0) ack 1
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101 win 34950
  `);
});
