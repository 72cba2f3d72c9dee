import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";
import { fillText } from "../harness/text.ts";

/** A connection whose window is its whole buffer of 10000 bytes, in units of one. */
function small(open: Open, options = ""): Conversation {
  return open({ tcp: { receiveBuffer: 10_000 } }).establish(options);
}

talkTest("TCP takes text, acknowledges it and tells of it (W-16, W-22)", (open) => {
  const talk = small(open).play(`
    < . 1:101(100) ack 1
    > . 1:1(0) ack 101 win 9900
  `);
  assertEquals(talk.events(), "Readable"); // although nothing was pushed
  assertEquals(talk.read(60), 60);
  assertEquals(talk.read(), 40);
  assertEquals(talk.read(), 0);
});

talkTest("TCP takes a segment that fills the window to the last byte (W-01, W-09)", (open) => {
  const talk = small(open).play(`
    < P. 1:10001(10000) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals(talk.connection.readable, 10_000);
  assertEquals(talk.connection.info.receiveWindow, 0);
});

talkTest("TCP takes nothing from outside of its window (W-01)", (open) => {
  const talk = small(open).play(`
    < P. 10001:10101(100) ack 1
    > . 1:1(0) ack 1 win 10000
    < P. -100:1(101) ack 1
    > . 1:1(0) ack 1 win 10000
    < P. 2000000001:2000000101(100) ack 1
    > . 1:1(0) ack 1 win 10000
  `);
  assertEquals(talk.connection.readable, 0);
  assertEquals(talk.stack.drops.of(Drop.OutOfWindow), 2);
});

talkTest("TCP takes a byte at the right edge but none behind it (W-01, W-02)", (open) => {
  const talk = small(open).play(`
    < . 10000:10100(100) ack 1
    > . 1:1(0) ack 1 win 10000
    < P. 1:10000(9999) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals(talk.read(), 10_000);
  talk.play("> . 1:1(0) ack 10001 win 10000");
});

talkTest("TCP cuts old text off the front and takes the new (W-02)", (open) => {
  const talk = small(open).play(`
    < . 1:101(100) ack 1
    > . 1:1(0) ack 101
    < P. 51:151(100) ack 1
    > . 1:1(0) ack 151
  `);
  assertEquals(talk.read(), 150);
});

talkTest("TCP cuts off what is behind its window, FIN included (W-02)", (open) => {
  const talk = small(open).play(`
    < . 1:9001(9000) ack 1
    > . 1:1(0) ack 9001 win 1000
    < PF. 9001:11001(2000) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.events(), "Readable");
  assertEquals(talk.read(), 10_000);
  talk.play(`
    > . 1:1(0) ack 10001 win 10000
    < PF. 10001:11001(1000) ack 1
    > . 1:1(0) ack 11002
  `);
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.read(), 1000);
});

talkTest("TCP acknowledges a duplicate at once (W-03)", (open) => {
  small(open).play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
  `);
});

talkTest("TCP reports a duplicate with D-SACK (W-03, O-12)", (open) => {
  small(open, "sackOK").play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101 <>
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101 <sack 1:101>
    < P. 101:201(100) ack 1
    > . 1:1(0) ack 201 <>
  `);
});

/** All orders of `items`. */
function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [index, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(index, 1))) yield [item, ...rest];
  }
}

/** Hands pieces of text to the stack, ignoring its ACKs, and says how much became readable. */
function deliver(talk: Conversation, pieces: readonly (readonly [number, number])[]): number {
  for (const [start, end] of pieces) {
    talk.play(`
      {
      < . ${start}:${end}(${end - start}) ack 1
      }
    `);
    while (talk.takePacket());
  }
  return talk.connection.readable;
}

talkTest("TCP puts five segments of any order together (W-04)", (open) => {
  const talk = open();
  const pieces = [[1, 101], [101, 201], [201, 301], [301, 401], [401, 501]] as const;
  let port = 41_000;
  for (const order of permutations(pieces)) {
    talk.port = port++;
    talk.establish(port % 2 ? "sackOK" : "");
    assertEquals(deliver(talk, order), 500);
    assertEquals(talk.read(), 500); // which compares the bytes
  }
});

talkTest("TCP puts overlapping segments of any order together (W-04, Z-02)", (open) => {
  const random = new SeededRandom(7);
  const talk = open();
  for (let port = 41_000; port < 41_100; port++) {
    talk.port = port;
    talk.establish();
    const pieces: [number, number][] = [];
    for (let count = 0; count < 12; count++) {
      const start = 1 + random.below(900);
      pieces.push([start, start + 1 + random.below(200)]);
    }
    deliver(talk, pieces);
    deliver(talk, [[1, 1101]]);
    assertEquals(talk.read(), 1100);
  }
});

talkTest("TCP keeps the bytes that came first (W-05)", (open) => {
  const talk = small(open).play(`
    < . 101:201(100) ack 1
    > . 1:1(0) ack 1
    < . 51:251(200) ack 1 junk
    > . 1:1(0) ack 1
    < . 101:201(100) ack 1 junk
    > . 1:1(0) ack 1
  `);
  talk.play(`
    < . 1:51(50) ack 1
    > . 1:1(0) ack 251
  `);
  const bytes = new Uint8Array(250);
  assertEquals(talk.connection.read(bytes), 250);
  const expected = new Uint8Array(250);
  fillText("peer", 1, expected);
  for (let at = 50; at < 250; at++) if (at < 100 || at >= 200) expected[at]! ^= 0xff;
  assertEquals(bytes, expected);
});

talkTest("TCP keeps the bytes that it has acknowledged (W-05)", (open) => {
  const talk = small(open).play(`
    < . 1:101(100) ack 1
    > . 1:1(0) ack 101
    < . 1:101(100) ack 1 junk
    > . 1:1(0) ack 101
  `);
  assertEquals(talk.read(), 100);
});

talkTest("TCP bounds what it keeps out of order, and takes what is in order (W-06)", (open) => {
  const talk = open().establish("sackOK");
  for (let hole = 0; hole < 500; hole++) { // every second byte, from behind
    const at = 1002 - 2 * hole;
    deliver(talk, [[at, at + 1]]);
  }
  const { drops } = talk.stack;
  assertEquals(drops.of(Drop.ReassemblyFull), 0); // the newest is always the lowest
  for (let hole = 0; hole < 500; hole++) deliver(talk, [[2001 + 2 * hole, 2002 + 2 * hole]]);
  assert(drops.of(Drop.ReassemblyFull) > 400);
  assertEquals(deliver(talk, [[1, 1500]]), 1499);
  assertEquals(talk.read(), 1499);
});

talkTest("TCP remembers a FIN that is out of order (W-07, K-03)", (open) => {
  const talk = small(open).play(`
    < F. 101:201(100) ack 1
    > . 1:1(0) ack 1
    +1000
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  talk.play(`
    < . 1:101(100) ack 1
    > . 1:1(0) ack 202
  `);
  assertEquals(talk.events(), "Readable EndOfStream");
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.read(), 200);
});

talkTest("TCP takes the first of two FINs at different places (W-07)", (open) => {
  const talk = small(open).play(`
    < F. 101:101(0) ack 1
    > . 1:1(0) ack 1
    < F. 201:301(100) ack 1
    > . 1:1(0) ack 1
    < . 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.read(), 100);
});

talkTest("TCP never tells of a FIN that it does not act upon (W-07, Z-01)", (open) => {
  const talk = small(open).play(`
    < . 51:101(50) ack 1
    > . 1:1(0) ack 1
    < F. 61:61(0) ack 1 // in the middle of text that came before
    > . 1:1(0) ack 1
    < . 1:51(50) ack 1
    > . 1:1(0) ack 101
  `);
  talk.read();
  assertEquals(talk.connection.isAtEnd, talk.connection.info.state === "CLOSE-WAIT");
});

talkTest("TCP lets what was received be read after a FIN, then says so (W-19)", (open) => {
  const talk = small(open).play(`
    < PF. 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals(talk.connection.isAtEnd, false);
  assertEquals(talk.read(60), 60);
  assertEquals(talk.connection.isAtEnd, false);
  assertEquals(talk.read(), 40);
  assertEquals(talk.connection.isAtEnd, true);
  assertEquals(talk.read(), 0);
});

talkTest("TCP lets what was received be read after a reset, which it tells of (W-19)", (open) => {
  const talk = small(open).play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    < R 101:101(0)
  `);
  assertEquals(talk.connection.error, "reset");
  assertEquals(talk.connection.isAtEnd, false);
  assertEquals(talk.read(), 100);
});

talkTest("TCP acknowledges a batch of segments once (W-24, K-02)", (open) => {
  const talk = small(open).play(`
    {
    < . 1:1001(1000) ack 1
    < . 1001:2001(1000) ack 1
    < P. 2001:3001(1000) ack 1
    }
    > . 1:1(0) ack 3001
  `);
  assertEquals(talk.read(), 3000);
});
