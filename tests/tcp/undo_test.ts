import { assertEquals } from "@std/assert";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

const RTT = 100;

/** Ten segments of 1000 bytes leave at 100 ms, on a path of 100 ms; `options` beside the MSS. */
function inFlight(open: Open, options: string, tcp: TcpOptions = {}): Conversation {
  const talk = open({ tcp: { initialWindow: 0, ...tcp } }).play(`
    < S 0:0(0) win 65535 <${options}>
    > S. 0:0(0) ack 1
    +${RTT} < . 1:1(0) ack 1${stamp(options, RTT)}
  `);
  talk.write(10_000);
  for (let count = 0; count < 10; count++) talk.takePacket();
  return talk;
}

/** Timestamps of the peer that echo ours of the time `echoed`, where they were agreed on. */
function stamp(options: string, echoed: number): string {
  return options.includes("TS") ? ` <nop,nop,TS val ${RTT} ecr ${echoed}>` : "";
}

function windows({ connection: { info } }: Conversation): (number | string)[] {
  return [info.congestionState, info.congestionWindow, info.slowStartThreshold];
}

talkTest("A timeout that was too early is taken back by F-RTO (X-20, RFC 5682 §3.1)", (open) => {
  const talk = inFlight(open, "mss 1000");
  talk.play("+300 > . 1:1001(1000) ack 1");
  assertEquals(windows(talk), ["loss", 1000, 7000]);
  talk.write(2000);
  talk.play(`
    +10 < . 1:1(0) ack 1001 // of which copy?
    > . 10001:11001(1000) ack 1 // new data will tell
    > P. 11001:12001(1000) ack 1
    +10 < . 1:1(0) ack 2001 // of something that was sent once
  `);
  assertEquals(windows(talk), ["open", 11_000, Infinity]); // slow start goes on
  assertEquals(talk.connection.info.backoffs, 0);
  talk.play("< . 1:1(0) ack 12001");
});

talkTest("A timeout that was right is not taken back (X-20, RFC 5682 §3.1)", (open) => {
  const talk = inFlight(open, "mss 1000");
  talk.write(2000);
  talk.play(`
    +300 > . 1:1001(1000) ack 1
    +100 < . 1:1(0) ack 1001
    > . 10001:11001(1000) ack 1
    > P. 11001:12001(1000) ack 1
    +100 < . 1:1(0) ack 1001 // a duplicate: the rest is lost, too
    > . 1001:2001(1000) ack 1
  `);
  assertEquals(talk.connection.info.congestionState, "loss");
  talk.play("< . 1:1(0) ack 12001");
});

talkTest("An old timestamp takes a timeout back (X-20, RFC 3522 §3.2)", (open) => {
  const options = "mss 1012,TS val 0 ecr 0";
  const talk = inFlight(open, options);
  talk.play(`
    +300 > . 1:1001(1000) ack 1
    +10 < . 1:1(0) ack 1001${stamp(options, 100)}
  `);
  assertEquals(windows(talk).slice(0, 1), ["open"]);
  assertEquals(talk.connection.info.congestionWindow >= 10_000, true);
  talk.play(`< . 1:1(0) ack 10001${stamp(options, 100)}`);
});

talkTest("Duplicates of all that was sent again take a recovery back (X-20, RFC 3708)", (open) => {
  const talk = inFlight(open, "mss 1000,sackOK");
  talk.play(`
    +100 < . 1:1(0) ack 1 <sack 1001:4001>
    > . 1:1001(1000) ack 1
  `);
  assertEquals(windows(talk).slice(0, 1), ["recovery"]);
  talk.play(`
    +10 < . 1:1(0) ack 10001 // it was only overtaken
    +90 < . 1:1(0) ack 10001 <sack 1:1001> // and came twice
  `);
  assertEquals(windows(talk), ["open", 10_000, Infinity]);
  assertEquals(talk.connection.info.totalRetransmits, 1);
});

talkTest(
  "Once packets have overtaken each other TCP waits for them (X-19, RFC 8985 §6.2)",
  (open) => {
    const talk = inFlight(open, "mss 1000,sackOK");
    talk.play(`
    +100 < . 1:1(0) ack 1 <sack 1001:2001> // less than three: it waits
    +10 < . 1:1(0) ack 4001 // and it has come
    < . 1:1(0) ack 4001 <sack 5001:10001> // now even three are no proof
    +10 < . 1:1(0) ack 10001
    +60000
  `);
    assertEquals(talk.connection.info.totalRetransmits, 0);
    assertEquals(talk.connection.info.congestionWindow >= 10_000, true);
  },
);

talkTest("What is overtaken by more than a quarter of a round trip is lost (X-19)", (open) => {
  const talk = inFlight(open, "mss 1000,sackOK");
  talk.play(`
    +100 < . 1:1(0) ack 1 <sack 1001:2001>
    +24
    +1 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 10001
    +60000
  `);
});

talkTest("TcpInfo counts segments as they are (X-13, C-08)", (open) => {
  const talk = inFlight(open, "mss 1000,sackOK");
  talk.play(`
    +100 < . 1:1(0) ack 1 <sack 3001:7001> // four have arrived: as many may leave
    > . 1:1001(1000) ack 1
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
  `);
  const { info } = talk.connection;
  assertEquals(
    [info.unackedSegments, info.sackedSegments, info.lostSegments, info.retransmittedSegments],
    [10, 4, 3, 3],
  );
  talk.play("< . 1:1(0) ack 10001");
});
