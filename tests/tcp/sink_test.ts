import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";
import { isText } from "../harness/text.ts";

/** Takes what comes, as far as the test lets it, and knows in which order it has to come. */
class Sink {
  /** Bytes that have come, here or from the queue. */
  count = 0;
  /** How much of each text it takes. */
  most = Infinity;
  /** The lengths of what it was offered. */
  readonly offers: number[] = [];
  readonly #talk: Conversation;

  constructor(talk: Conversation) {
    this.#talk = talk;
    talk.connection.deliverTo((bytes, start, end) => {
      this.offers.push(end - start);
      const taken = Math.min(end - start, this.most);
      this.#see(bytes.subarray(start, start + taken));
      return taken;
    });
  }

  /** Reads what was queued; returns how much that was. */
  read(): number {
    const bytes = new Uint8Array(this.#talk.connection.readable);
    this.#talk.connection.read(bytes);
    this.#see(bytes);
    return bytes.length;
  }

  #see(bytes: Uint8Array): void {
    assert(isText("peer", 1 + this.count, bytes), `Wrong bytes after ${this.count}`);
    this.count += bytes.length;
  }
}

/** A connection with a sink, whose window is its whole buffer of 10000 bytes. */
function sunk(open: Open, options = ""): { talk: Conversation; sink: Sink } {
  const talk = open({ tcp: { receiveBuffer: 10_000 } }).establish(options);
  return { talk, sink: new Sink(talk) };
}

talkTest("TCP hands text to a sink at once, and its window stays open (W-16, W-22)", (open) => {
  const { talk, sink } = sunk(open);
  talk.play(`
    < . 1:2001(2000) ack 1
    > . 1:1(0) ack 2001 win 10000
    < P. 2001:2051(50) ack 1
    > . 1:1(0) ack 2051
  `);
  assertEquals([sink.offers, sink.count, talk.connection.readable], [[2000, 50], 2050, 0]);
  assertEquals(talk.events(), "");
});

talkTest("TCP queues what a sink leaves, and what comes behind that (W-16, W-17)", (open) => {
  const { talk, sink } = sunk(open);
  sink.most = 2060;
  talk.play(`
    < P. 1:2101(2100) ack 1
    > . 1:1(0) ack 2101 win 9960
  `);
  assertEquals([talk.events(), talk.connection.readable], ["Readable", 40]);
  sink.most = Infinity;
  talk.play(`
    < P. 2101:4101(2000) ack 1
    > . 1:1(0) ack 4101 win 7960
  `);
  assertEquals([sink.offers, talk.events()], [[2100], "Readable"]);
  assertEquals([sink.read(), sink.count], [2040, 4100]);
  talk.play(`
    < P. 4101:6101(2000) ack 1
    > . 1:1(0) ack 6101 win 10000
  `);
  assertEquals([sink.offers, sink.count, talk.events()], [[2100, 2000], 6100, ""]);
});

talkTest("TCP closes its window before a sink that takes nothing (W-15, W-09)", (open) => {
  const { talk, sink } = sunk(open);
  sink.most = 0;
  talk.play(`
    < P. 1:10001(10000) ack 1
    > . 1:1(0) ack 10001 win 0
    < P. 10001:10101(100) ack 1
    > . 1:1(0) ack 10001 win 0
  `);
  assertEquals([sink.offers, sink.count], [[10_000], 0]);
  sink.most = Infinity;
  assertEquals(sink.read(), 10_000);
  talk.play(`
    > . 1:1(0) ack 10001 win 10000
    < P. 10001:10101(100) ack 1
    > . 1:1(0) ack 10101
  `);
  assertEquals([sink.offers, sink.count], [[10_000, 100], 10_100]);
});

talkTest("TCP queues text that fills a hole, and what came before it (W-04, W-05)", (open) => {
  const { talk, sink } = sunk(open, "sackOK");
  talk.play(`
    < P. 101:201(100) ack 1
    > . 1:1(0) ack 1 <sack 101:201>
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 201 <>
    < P. 201:301(100) ack 1
    > . 1:1(0) ack 301 <>
  `);
  assertEquals([sink.offers, talk.events()], [[], "Readable"]);
  assertEquals([sink.read(), sink.count], [300, 300]);
  talk.play(`
    < P. 301:401(100) ack 1
    > . 1:1(0) ack 401 <>
  `);
  assertEquals([sink.offers, sink.count], [[100], 400]);
});

talkTest(
  "TCP hands no byte to a sink twice, nor one from outside of its window (W-02, W-03)",
  (open) => {
    const { talk, sink } = sunk(open);
    talk.play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    < P. 51:151(100) ack 1
    > . 1:1(0) ack 151
    < P. 20001:20101(100) ack 1
    > . 1:1(0) ack 151
    < P. 151:10251(10100) ack 1
    > . 1:1(0) ack 10001 win 10000
  `);
    assertEquals([sink.offers, sink.count], [[100, 50, 9850], 10_000]);
    assertEquals(talk.stack.drops.of(Drop.OutOfWindow), 1);
  },
);

talkTest("TCP hands no text with an old timestamp to a sink (O-16, RFC 7323 §5.3)", (open) => {
  const talk = open();
  talk.play(`
    < S 0:0(0) win 65535 <mss 1460,TS val 7 ecr 0>
    > S. 0:0(0) ack 1 <mss 1460,TS val 0 ecr 7>
    +10 < . 1:1(0) ack 1 <nop,nop,TS val 17 ecr 0>
  `);
  const sink = new Sink(talk);
  talk.play(`
    < P. 1:101(100) ack 1 <nop,nop,TS val 27 ecr 0>
    > . 1:1(0) ack 101 <nop,nop,TS val 10 ecr 27>
    < P. 101:201(100) ack 1 <nop,nop,TS val 16 ecr 0>
    > . 1:1(0) ack 101 <nop,nop,TS val 10 ecr 27>
  `);
  assertEquals([sink.count, talk.stack.drops.of(Drop.OldTimestamp)], [100, 1]);
});

talkTest("TCP tells of a FIN that comes with text for a sink (F-01, W-19)", (open) => {
  const { talk, sink } = sunk(open);
  talk.play(`
    < FP. 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals([sink.count, talk.connection.isAtEnd, talk.events()], [100, true, "EndOfStream"]);
});

talkTest("TCP is not at the end while something is queued that a sink has left (W-19)", (open) => {
  const { talk, sink } = sunk(open);
  sink.most = 99;
  talk.play(`
    < FP. 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals([talk.connection.isAtEnd, talk.events()], [false, "Readable EndOfStream"]);
  assertEquals([sink.read(), talk.connection.isAtEnd], [1, true]);
});

talkTest("TCP hands nothing to a sink once reading is closed (W-20)", (open) => {
  const { talk, sink } = sunk(open);
  talk.connection.closeRead();
  talk.play(`
    < P. 1:2001(2000) ack 1
    > . 1:1(0) ack 2001 win 10000
  `);
  assertEquals([sink.offers, talk.connection.readable, talk.events()], [[], 0, ""]);
});

talkTest("TCP hands urgent text to a sink as any other (U-01)", (open) => {
  const { talk, sink } = sunk(open);
  talk.play(`
    < PU. 1:101(100) ack 1 urg 50
    > . 1:1(0) ack 101
  `);
  assertEquals(sink.count, 100);
});

talkTest("TCP widens its window for a sink that takes all of it (W-21)", (open) => {
  const tcp = { receiveBuffer: 400_000, initialReceiveBuffer: 20_000 };
  const talk = open({ tcp }).establish("nop,wscale 7");
  const sink = new Sink(talk);
  for (let round = 0; round < 20; round++) {
    const lines = Array.from({ length: 15 }, (_, i) => {
      const at = 1 + round * 15_000 + i * 1000;
      return `< . ${at}:${at + 1000}(1000) ack 1`;
    });
    talk.play(["{", ...lines, "}"].join("\n"));
    while (talk.takePacket());
    talk.play("+10");
    while (talk.takePacket());
  }
  assertEquals([sink.count, talk.connection.readable], [300_000, 0]);
  const { receiveBuffer } = talk.connection.info;
  assert(30_000 <= receiveBuffer && receiveBuffer < 35_000, `${receiveBuffer}`);
});

talkTest("TCP hands a sink what comes with the last ACK of the handshake (H-01)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 10_000 } });
  talk.play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
  `);
  const sink = new Sink(talk);
  talk.play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
  `);
  assertEquals(sink.count, 100);
});
