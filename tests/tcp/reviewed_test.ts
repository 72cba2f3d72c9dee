/**
 * What a reading of the code by others has found.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { ipv4 } from "../../lib/ip/address.ts";
import { EVICTABLE_AFTER } from "../../lib/tcp/flows.ts";
import { STACK_ADDRESS, STACK_PORT } from "../harness/addresses.ts";
import { parseScript } from "../harness/parser.ts";
import { talkTest } from "../harness/talk.ts";
import { encodeSegment } from "../harness/wire.ts";

const OWN = { address: ipv4(STACK_ADDRESS), port: STACK_PORT };
const SYN = "< S 0:0(0) win 65535 <mss 1460>";

talkTest(
  "A peer that talks all the time does not keep a small window from being used (S-02)",
  (open) => {
    const talk = open().establish();
    talk.play("< . 1:1(0) ack 1 win 1000");
    talk.write(5000);
    talk.play(`
    +100
    < P. 1:11(10) ack 1 win 1000
    > . 1:1(0) ack 11
    +99
    < P. 11:21(10) ack 1 win 1000
    > . 1:1(0) ack 21
    +1
    > . 1:1001(1000) ack 21
  `);
    talk.abort();
    talk.takePacket();
  },
);

talkTest(
  "A window that opens and closes does not keep what is corked waiting (S-02)",
  (open) => {
    const talk = open({ tcp: { cork: true } }).establish();
    talk.write(100);
    talk.play(`
    +150 < . 1:1(0) ack 1 win 0
    +1 < . 1:1(0) ack 1 win 65535
    +48
    +1
    > P. 1:101(100) ack 1
  `);
    talk.abort();
    talk.takePacket();
  },
);

talkTest(
  "However long it was closed, a window that opens keeps nobody waiting for more (S-02)",
  (open) => {
    const talk = open({ tcp: { cork: true, minRto: 10_000 } }).establish();
    talk.play("< . 1:1(0) ack 1 win 0");
    talk.write(100);
    talk.play(`
    +10000 > . 0:1(1) ack 1 junk
    < . 1:1(0) ack 1 win 0
    +5 < . 1:1(0) ack 1 win 65535
    +199
    +1
    > P. 1:101(100) ack 1
  `);
    talk.abort();
    talk.takePacket();
  },
);

talkTest(
  "The window of a SYN-ACK is not scaled when both have asked (A-05, O-09, H-20)",
  (open) => {
    const talk = open();
    talk.connect();
    talk.play(`
    > S 0:0(0)
    < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
    > S. 0:0(0) ack 1
    < S. 0:0(0) ack 1 win 1000 <mss 1460,nop,wscale 7>
  `);
    assertEquals(talk.connection.info.sendWindow, 1000);
  },
);

talkTest("What is consumed after an abort is no longer there to be consumed (F-19)", (open) => {
  const talk = open().establish();
  talk.play("< P. 1:101(100) ack 1 \n > . 1:1(0) ack 101");
  const { connection } = talk;
  const span = connection.readableSpan();
  talk.abort();
  talk.play("> R. 1:1(0) ack 101");
  connection.consume(span.length);
  assertEquals(connection.readable, 0);
});

talkTest("A SYN that there is no room for does not end a TIME-WAIT (F-16, D-01)", (open) => {
  const talk = open({ tcp: { maxRequests: 1 }, holdRequests: true });
  talk.play("< S 0:0(0) win 65535 <mss 1460>");
  const connection = talk.accept();
  talk.play("> S. 0:0(0) ack 1 \n < . 1:1(0) ack 1");
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
  talk.port = 50_000;
  talk.play("< S 0:0(0) win 65535 <mss 1460>");
  talk.port = 40_000;
  talk.play("< S 100000:100000(0) win 65535 <mss 1460>");
  assertEquals(connection.info.state, "TIME-WAIT");
});

talkTest("A duplicate tells nothing of a segment that is alone (X-10)", (open) => {
  const talk = open().establish();
  const before = talk.connection.info.congestionWindow;
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1
    < . 1:1(0) ack 1001
  `);
  assertEquals(talk.connection.info.congestionWindow >= before, true);
});

talkTest("A reset in LAST-ACK is a reset while there is text to be acknowledged (R-07)", (open) => {
  for (const [text, error] of [[100, "reset"], [0, undefined]] as const) {
    const talk = open().establish();
    talk.play("< F. 1:1(0) ack 1 \n > . 1:1(0) ack 2");
    if (text > 0) talk.writeLast(text);
    else talk.closeWrite();
    talk.takePacket();
    talk.play("< R. 2:2(0) ack 1");
    assertEquals(talk.connection.info.state, "CLOSED");
    assertEquals(talk.connection.error, error);
  }
});

talkTest("Text out of order does not pass a full accept queue (D-02)", (open) => {
  const talk = open();
  const listener = talk.stack.listen(OWN, { backlog: 1 });
  talk.port = 40_001;
  talk.play(`${SYN} \n > S. 0:0(0) ack 1`);
  talk.port = 40_000;
  talk.play(`${SYN} \n > S. 0:0(0) ack 1 \n < . 1:1(0) ack 1`);
  talk.port = 40_001;
  talk.play("< P. 101:201(100) ack 1");
  assertEquals([listener.pending, listener.info.halfOpen, listener.info.overflows], [1, 1, 1]);
});

talkTest("An ACK with another number does not end deferring (H-18)", (open) => {
  const talk = open();
  const listener = talk.stack.listen(OWN, { deferAccept: 5000 });
  talk.play(`${SYN} \n > S. 0:0(0) ack 1 \n < . 2:2(0) ack 1`);
  assertEquals([listener.pending, talk.stack.drops.of(Drop.Deferred)], [0, 1]);
});

talkTest("Accepting cannot be deferred for ever (H-18)", (open) => {
  for (const deferAccept of [-1, NaN, Infinity]) {
    assertThrows(() => open().stack.listen(OWN, { deferAccept }), RangeError, "defer");
  }
});

talkTest(
  "A SYN with an older timestamp does not end TIME-WAIT (F-16, O-16, RFC 6191 §2)",
  (open) => {
    const talk = open().establish("nop,nop,TS val 0 ecr 0");
    talk.closeWrite();
    talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2 <nop,nop,TS val 200 ecr 0>
    > . 2:2(0) ack 2
    < S 90000:90000(0) win 65535 <mss 1460,nop,nop,TS val 100 ecr 0>
    > . 2:2(0) ack 2
    < S 1:1(0) win 65535 <mss 1460,nop,nop,TS val 200 ecr 0>
  `);
    assertEquals(talk.connection.info.state, "TIME-WAIT");
    talk.play(`
    < S 90000:90000(0) win 65535 <mss 1460,nop,nop,TS val 200 ecr 0>
    > S. 1000000:1000000(0) ack 90001
    < . 90001:90001(0) ack 1000001 <nop,nop,TS val 200 ecr 0>
  `);
    assertEquals(talk.connection.info.state, "ESTABLISHED");
  },
);

talkTest("Nobody connects to an address of no host, or of another family (H-19)", (open) => {
  const { stack } = open();
  const unique = { w0: 0xfd00_0000 | 0, w1: 0, w2: 0, w3: 1 };
  const everybody = { w0: 0xff02_0000 | 0, w1: 0, w2: 0, w3: 1 };
  for (const address of [ipv4(0xe000_0001), ipv4(0xffff_ffff), ipv4(0)]) {
    assertThrows(() => stack.connect(OWN, { address, port: 80 }), RangeError, "no single host");
  }
  const toEverybody = () => stack.connect({ address: unique }, { address: everybody, port: 80 });
  assertThrows(toEverybody, RangeError, "no single host");
  const across = () => stack.connect({ address: unique }, { address: ipv4(1 << 24), port: 80 });
  assertThrows(across, RangeError, "different versions");
  assertEquals(stack.flowCount, 0);
});

talkTest("Text with a SYN that comes for nobody is answered with a reset (A-05, R-18)", (open) => {
  const talk = open();
  const connection = talk.connect();
  talk.play(`
    > S 0:0(0)
    < S 0:100(100) win 1000 <mss 1460>
    > S. 0:0(0) ack 1
  `);
  connection.close();
  talk.play(`
    < . 101:101(0) ack 1
    > R 1:1(0)
  `);
  assertEquals([connection.error, talk.stack.flowCount], ["reset", 0]);
});

talkTest(
  "Whoever only knows the ports does not keep a dead peer alive (L-01, RFC 5961)",
  (open) => {
    const talk = open({ tcp: { keepAlive: { idle: 1000, interval: 1000, count: 2 } } }).establish();
    talk.play(`
    +900 < . 900000000:900000000(0) ack 1
    > . 1:1(0) ack 1
    < . 1:1(0) ack 900000000
    +100
    > . 0:0(0) ack 1
    +900 < R 900000000:900000000(0)
    +100
    > . 0:0(0) ack 1
    +999 < . 900000000:900000000(0) ack 1
    > . 1:1(0) ack 1
    +1
    > R. 1:1(0) ack 1
  `);
    assertEquals(talk.connection.error, "timeout");
  },
);

talkTest("A peer that probes us is alive (L-01, R-12)", (open) => {
  const talk = open({ tcp: { keepAlive: { idle: 1000, interval: 1000, count: 1 } } }).establish();
  for (let i = 0; i < 5; i++) talk.play("+900 < . 0:0(0) ack 1 \n > . 1:1(0) ack 1");
  talk.play("+999");
});

talkTest("Keep-alive needs pauses: without them its timer would never end (L-01, L-06)", (open) => {
  const { connection } = open().establish();
  for (const wrong of [{ idle: 0 }, { interval: 0 }, { interval: NaN }, { count: 0 }]) {
    const keepAlive = { idle: 1000, interval: 1000, count: 1, ...wrong };
    assertThrows(() => connection.setOptions({ keepAlive }), RangeError, "keepAlive");
  }
});

talkTest("A SYN before the reset of its forerunner has left opens a flow (H-15)", (open) => {
  const talk = open().establish();
  const [step] = parseScript("< S 90000:90000(0) win 65535 <mss 1460>");
  assert(step?.kind === "receive" && step.packet.kind === "tcp");
  const syn = encodeSegment(talk.toWire(step.packet));
  talk.connection.abort();
  talk.inject(syn);
  talk.play(`
    > R. 1:1(0) ack 1
    > S. 1000000:1000000(0) ack 90001
    < . 90001:90001(0) ack 1000001
  `);
  assertEquals([talk.connection.info.state, talk.stack.flowCount], ["ESTABLISHED", 1]);
});

talkTest("Who has something to read does not give way (D-05)", (open) => {
  const talk = open({ tcp: { maxConnections: 1 } }).establish();
  talk.play("< P. 1:101(100) ack 1 \n > . 1:1(0) ack 101");
  talk.suspend(EVICTABLE_AFTER);
  talk.port = 1001;
  talk.play(SYN);
  assertEquals(talk.stack.drops.of(Drop.TooManyFlows), 1);
});

talkTest("A flow that leaves TIME-WAIT gets no cookie but a later number (F-16, D-03)", (open) => {
  const talk = open().establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
  const listener = talk.stack.listen(OWN, { synCookies: "always" });
  talk.play(`
    +1000 < S 3:3(0) win 65535 <mss 1460>
    > S. 1000000:1000000(0) ack 4
    < . 4:4(0) ack 1000001
  `);
  assertEquals(listener.info.cookiesSent, 0);
  assertEquals(listener.accept()?.info.state, "ESTABLISHED");
  talk.port = 41_000;
  talk.play(SYN);
  talk.takePacket();
  assertEquals(listener.info.cookiesSent, 1);
});
