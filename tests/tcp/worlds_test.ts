/**
 * What random worlds (tests/world) have found, as conversations.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { NewReno } from "../../lib/tcp/new_reno.ts";
import { talkTest } from "../harness/talk.ts";

talkTest(
  "TCP acknowledges at SND.MAX after a timeout, where the peer takes it (RFC 9293 §3.4)",
  (open) => {
    const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
    talk.write(2000);
    // Were its ACK at 1001 again, a peer that has received 2000 would drop it, and so for ever if it
    // repeats text, too.
    talk.play(`
    > . 1:1001(1000) ack 1
    > P. 1001:2001(1000) ack 1
    +1000 > . 1:1001(1000) ack 1
    < P. 1:101(100) ack 1
    > . 2001:2001(0) ack 101
    < . 101:101(0) ack 2001
  `);
  },
);

talkTest(
  "TCP repeats what is less than a segment although more is waiting (S-02, X-05)",
  (open) => {
    const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
    talk.write(100);
    talk.play(`
    > P. 1:101(100) ack 1
    < . 1:1(0) ack 101 win 300
  `);
    talk.write(1000);
    talk.play(`
    +200 > . 101:401(300) ack 1 // overrides its patience with a small window
    +1000 > . 101:401(300) ack 1
    +2000 > . 101:401(300) ack 1
    < . 1:1(0) ack 401 win 65535
    > P. 401:1101(700) ack 1
    < . 1:1(0) ack 1101
  `);
  },
);

talkTest(
  "TCP takes the window of a repeated segment that acknowledges something new (S-03)",
  (open) => {
    const talk = open().establish("mss 1000");
    talk.write(2000);
    talk.play(`
    > . 1:1001(1000) ack 1
    > P. 1001:2001(1000) ack 1
    < . 1001:1101(100) ack 1 win 4000 // its first segment is lost...
    > . 2001:2001(0) ack 1
    < . 1:1001(1000) ack 2001 win 1000 // ...and comes again later, with an older number
    > . 2001:2001(0) ack 1101
  `);
    talk.write(3000);
    talk.play(`
    > . 2001:3001(1000) ack 1101 // and not up to 6001
    < . 1101:1101(0) ack 3001 win 2000
    > . 3001:4001(1000) ack 1101
    > P. 4001:5001(1000) ack 1101
    < . 1101:1101(0) ack 5001
  `);
  },
);

talkTest("TCP counts an ACK with new blocks although it moves SND.UNA (RFC 6675 §2)", (open) => {
  const talk = open().establish("mss 1000,sackOK");
  talk.write(6000);
  talk.play(`
    > . 1:1001(1000) ack 1
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
    > . 3001:4001(1000) ack 1
    > . 4001:5001(1000) ack 1
    > P. 5001:6001(1000) ack 1
    < . 1:1(0) ack 1001 <sack 2001:6001>
    > . 1001:2001(1000) ack 1
    < . 1:1(0) ack 6001
  `);
});

talkTest(
  "Without SACK, TCP sends a duplicate for each segment of a batch (RFC 5681 §4.2)",
  (open) => {
    open().establish("mss 1000").play(`
    {
    < . 1:1001(1000) ack 1
    < . 2001:3001(1000) ack 1
    < . 3001:4001(1000) ack 1
    < . 4001:5001(1000) ack 1
    }
    > . 1:1(0) ack 1001
    > . 1:1(0) ack 1001
    > . 1:1(0) ack 1001
    > . 1:1(0) ack 1001
    < . 1001:2001(1000) ack 1
    > . 1:1(0) ack 5001
  `);
  },
);

Deno.test("NewReno halves an odd number of bytes to a whole number", () => {
  const congestion = new NewReno({ segment: 100, burst: 100, initialWindow: 1000 });
  congestion.reduce(999);
  // With half a byte more, segments ended within a byte.
  assertEquals(congestion.slowStartThreshold, 499);
});

talkTest(
  "TCP repeats a repetition when what it sent after it has arrived (RFC 8985 §6)",
  (open) => {
    const talk = open().establish("mss 1000,sackOK");
    talk.write(5000);
    for (let at = 1; at < 4001; at += 1000) talk.play(`> . ${at}:${at + 1000}(1000) ack 1`);
    talk.play(`
    > P. 4001:5001(1000) ack 1
    < . 1:1(0) ack 1 <sack 1001:5001>
    > . 1:1001(1000) ack 1
  `);
    talk.write(1000);
    talk.play(`
    > P. 5001:6001(1000) ack 1
    < . 1:1(0) ack 1 <sack 1001:6001>
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 6001
  `);
  },
);

talkTest("After a timeout with SACK, TCP finds the next loss without another one", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000,sackOK");
  talk.write(6000);
  for (let at = 1; at < 5001; at += 1000) talk.play(`> . ${at}:${at + 1000}(1000) ack 1`);
  talk.play(`
    > P. 5001:6001(1000) ack 1
    +1000 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
    < . 1:1(0) ack 2001
    > . 3001:4001(1000) ack 1
    > . 4001:5001(1000) ack 1
    < . 1:1(0) ack 2001 <sack 3001:4001> // sent again later than what is missing
    > . 2001:3001(1000) ack 1
    < . 1:1(0) ack 2001 <sack 3001:5001>
    > P. 5001:6001(1000) ack 1
    < . 1:1(0) ack 2001 <sack 3001:6001> // and again
    > . 2001:3001(1000) ack 1
    < . 1:1(0) ack 6001
  `);
});
