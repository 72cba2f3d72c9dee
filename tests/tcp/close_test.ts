import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

talkTest("TCP tells of the client's end and goes on talking (F-01, F-02, lesson 18)", (open) => {
  const talk = open().establish().play(`
    < PF. 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals(talk.events(), "Readable EndOfStream");
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.read(), 100);
  assertEquals(talk.connection.isAtEnd, true);
  for (let hour = 0; hour < 3; hour++) {
    talk.play("+3600000");
    talk.write(100);
    const start = 1 + 100 * hour;
    talk.play(`
      > P. ${start}:${start + 100}(100) ack 102
      < . 102:102(0) ack ${start + 100}
    `);
  }
  talk.closeWrite();
  assertEquals(talk.connection.info.state, "LAST-ACK");
  talk.play(`
    > F. 301:301(0) ack 102
    < . 102:102(0) ack 302
  `);
  assertEquals(talk.events(), "Writable Closed");
  assertEquals(talk.connection.error, undefined);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP closes its side and listens for hours (F-02, F-07, F-09, lesson 18)", (open) => {
  const talk = open().establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < P. 1:101(100) ack 1 // in FIN-WAIT-1
    > . 2:2(0) ack 101
    < . 101:101(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
  talk.play(`
    +7200000 < P. 101:201(100) ack 2
    > . 2:2(0) ack 201
  `);
  assertEquals(talk.read(), 200);
  talk.play(`
    < PF. 201:301(100) ack 2
    > . 2:2(0) ack 302
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
  assertEquals(talk.read(), 100);
  assertEquals(talk.connection.isAtEnd, true);
});

talkTest("TCP closes when the FIN is queued, and sends it with text (F-03, lesson 5)", (open) => {
  const talk = open().establish("", 1460);
  talk.write(1500);
  talk.closeWrite();
  assertEquals(talk.connection.info.state, "FIN-WAIT-1");
  talk.play(`
    > . 1:1461(1460) ack 1
    < . 1:1(0) ack 1461
    > FP. 1461:1501(40) ack 1
    < . 1:1(0) ack 1502
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
});

talkTest("TCP sends the FIN alone when the window has no room for it (F-03)", (open) => {
  const talk = open().establish("", 100);
  talk.writeLast(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
    > F. 101:101(0) ack 1
    < . 1:1(0) ack 102
  `);
});

talkTest("TCP puts the FIN on the last text when both fit (F-03)", (open) => {
  const talk = open().establish("", 1561);
  talk.writeLast(1560);
  talk.play(`
    > . 1:1461(1460) ack 1
    > FP. 1461:1561(100) ack 1
    < . 1:1(0) ack 1562
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
});

talkTest("Each event is told of once (lesson 15)", (open) => {
  const talk = open().establish().play(`
    < PF. 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals(talk.events(), "Readable EndOfStream");
  assertEquals(talk.events(), "");
  talk.play(`
    < PF. 1:101(100) ack 1
    > . 1:1(0) ack 102
    < . 102:102(0) ack 1
  `);
  talk.read();
  assertEquals(talk.events(), "");
  assertEquals(talk.stack.nextConnection(), undefined);
});

talkTest("TCP sends a FIN that was asked for before the handshake was complete (F-03)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
  `);
  talk.write(10);
  talk.closeWrite();
  assertEquals(talk.connection.info.state, "SYN-RECEIVED");
  talk.play(`
    < . 1:1(0) ack 1
    > FP. 1:11(10) ack 1
    < . 1:1(0) ack 12
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
});

talkTest("TCP stays in FIN-WAIT-1 until the FIN itself is acknowledged (F-04)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play("> P. 1:101(100) ack 1");
  talk.closeWrite();
  talk.play(`
    > F. 101:101(0) ack 1
    < . 1:1(0) ack 101
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-1");
  talk.play(`
    +200 > F. 101:101(0) ack 1
    < . 1:1(0) ack 102
  `);
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
});

/** Our FIN has been sent and is not acknowledged. */
function finWait1(open: Open): Conversation {
  const talk = open().establish();
  talk.closeWrite();
  return talk.play("> F. 1:1(0) ack 1");
}

talkTest("TCP goes from FIN-WAIT-1 by FIN-WAIT-2 to TIME-WAIT (F-05)", (open) => {
  const talk = finWait1(open).play("< . 1:1(0) ack 2");
  assertEquals(talk.connection.info.state, "FIN-WAIT-2");
  talk.play(`
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("TCP goes by CLOSING to TIME-WAIT when both close at once (F-05, F-06)", (open) => {
  const talk = finWait1(open).play(`
    < F. 1:1(0) ack 1
    > . 2:2(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "CLOSING");
  talk.play("< . 2:2(0) ack 2");
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("TCP closes at once with text on the way from both sides (F-06)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play("> P. 1:101(100) ack 1");
  talk.closeWrite();
  talk.play(`
    > F. 101:101(0) ack 1
    < PF. 1:51(50) ack 1
    > . 102:102(0) ack 52
    < . 52:52(0) ack 102
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
  assertEquals(talk.read(), 50);
});

talkTest("TCP acknowledges a FIN in FIN-WAIT-2 although its ACK field is old (F-08)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play("> P. 1:101(100) ack 1");
  talk.closeWrite();
  talk.play(`
    > F. 101:101(0) ack 1
    < . 1:1(0) ack 102
    < F. 1:1(0) ack 51
    > . 102:102(0) ack 2
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("TCP acknowledges a repeated FIN and sends no window updates after it (F-10)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 4096 } }).establish().play(`
    < P. 1:4097(4096) ack 1
    > . 1:1(0) ack 4097 win 0
    < F. 4097:4097(0) ack 1
    > . 1:1(0) ack 4098
    < F. 4097:4097(0) ack 1
    > . 1:1(0) ack 4098
  `);
  assertEquals(talk.read(), 4096);
  talk.play("+60000");
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
});

talkTest("TCP leaves LAST-ACK only for an ACK of its FIN (F-11)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < F. 1:1(0) ack 1
    > . 101:101(0) ack 2
  `);
  talk.closeWrite();
  talk.play(`
    > F. 101:101(0) ack 2
    < . 2:2(0) ack 101
  `);
  assertEquals(talk.connection.info.state, "LAST-ACK");
  talk.play(`
    < F. 1:1(0) ack 101
    > . 102:102(0) ack 2
    < . 2:2(0) ack 102
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP resets what comes when all is over (F-11, R-02)", (open) => {
  const talk = open().establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 2
    < . 2:2(0) ack 2
    < . 2:2(0) ack 2
    > R 2:2(0)
  `);
});

talkTest("An abort with unread and unsent text resets and discards (F-19)", (open) => {
  const talk = open().establish("", 100);
  talk.write(5000);
  talk.play(`
    > . 1:101(100) ack 1
    < P. 1:51(50) ack 1
    > . 101:101(0) ack 51
  `);
  talk.abort();
  talk.play("> R. 101:101(0) ack 51");
  assertEquals(talk.connection.readable, 0);
  talk.abort();
  talk.play("+60000");
});

talkTest("All flows get a reset when the stack ends (F-20)", (open) => {
  const talk = open().establish();
  talk.port = 41_000;
  talk.establish();
  talk.stack.abortAll();
  talk.port = 40_000;
  const ends = [talk.takePacket(), talk.takePacket(), talk.takePacket()];
  assertEquals(ends.map((packet) => packet?.kind === "tcp" && packet.flags), [0x14, 0x14, false]);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("Requests are refused when the stack ends (F-20)", (open) => {
  const talk = open({ holdRequests: true }).play("< S 0:0(0) win 65535 <mss 1460>");
  talk.stack.abortAll();
  talk.play("> R. 0:0(0) ack 1");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A reset after a half-close reaches the client (F-22, R-14, lesson 17)", (open) => {
  const talk = finWait1(open).play("< . 1:1(0) ack 2");
  talk.abort();
  talk.play("> R. 2:2(0) ack 1");
  const waiting = open().establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
  waiting.abort();
  waiting.play("> R. 1:1(0) ack 2");
});

talkTest("TCP does not loop when both windows are closed (F-23, lesson 20)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 4096 } }).establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < P. 1:4097(4096) ack 2 win 0
    > . 2:2(0) ack 4097 win 0
    < F. 4097:4097(0) ack 2 win 0
    > . 2:2(0) ack 4098
    < . 4098:4098(0) ack 2 win 0
    < . 4098:4098(0) ack 2 win 0
    +59999
  `);
  assertEquals(talk.connection.info.state, "TIME-WAIT");
});

talkTest("Text behind a FIN is not taken (F-12)", (open) => {
  const talk = open().establish().play(`
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
    < P. 2:102(100) ack 1
  `);
  assertEquals(talk.connection.readable, 0);
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.stack.drops.of(Drop.None), 0);
});
