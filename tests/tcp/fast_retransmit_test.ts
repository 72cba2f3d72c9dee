import { pinnedWindow, sendThousands } from "../harness/builders.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

/** A connection without SACK that has five segments in flight. */
function inFlight(open: Open): Conversation {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
  sendThousands(talk, 5);
  return talk;
}

const DUPLICATE = "< . 1:1(0) ack 1";

talkTest("TCP repeats a segment at the third duplicate (X-10)", (open) => {
  inFlight(open).play(`
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
    > . 1:1001(1000) ack 1
    ${DUPLICATE}
    < . 1:1(0) ack 5001
    +60000
  `);
});

talkTest("TCP repeats the next hole when it learns of it (X-10, C-03)", (open) => {
  inFlight(open).play(`
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
    > . 1:1001(1000) ack 1
    < . 1:1(0) ack 2001
    > . 2001:3001(1000) ack 1
    < . 1:1(0) ack 5001
    +60000
  `);
});

talkTest("TCP takes no text, window or FIN for a duplicate (X-10, X-12, lesson 11)", (open) => {
  inFlight(open).play(`
    < . 1:11(10) ack 1
    > . 5001:5001(0) ack 11
    < . 11:21(10) ack 1
    > . 5001:5001(0) ack 21
    < . 21:31(10) ack 1
    > . 5001:5001(0) ack 31
    < . 31:31(0) ack 1 win 60000
    < . 31:31(0) ack 1 win 50000
    < . 31:31(0) ack 1 win 40000
    < . 31:31(0) ack 1
    < . 31:31(0) ack 1
    < F. 31:31(0) ack 1
    > . 5001:5001(0) ack 32
    < . 32:32(0) ack 5001
  `);
});

talkTest("TCP takes no keep-alive for a duplicate (X-12, K-07, lesson 11)", (open) => {
  const talk = inFlight(open);
  for (let count = 0; count < 3; count++) {
    talk.play(`
      < . 0:1(1) ack 1
      > . 5001:5001(0) ack 1
    `);
  }
  talk.play("< . 1:1(0) ack 5001");
});

talkTest("TCP takes nothing for a duplicate when nothing is in flight (X-10)", (open) => {
  open().establish().play(`
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
    +60000
  `);
});

talkTest("TCP repeats fast whatever the congestion window (X-11, C-06, X-17)", (open) => {
  const talk = open({ tcp: { congestion: pinnedWindow(5000), minRto: 1000 } }).establish(
    "mss 1000",
  );
  sendThousands(talk, 5);
  talk.write(3000);
  talk.play(`
    ${DUPLICATE}
    > . 5001:6001(1000) ack 1
    ${DUPLICATE}
    > . 6001:7001(1000) ack 1
    ${DUPLICATE}
    > . 1:1001(1000) ack 1
    > P. 7001:8001(1000) ack 1 // what has left the network makes room
    ${DUPLICATE}
    < . 1:1(0) ack 8001
  `);
});

talkTest("TCP does not repeat into a closed window (X-11)", (open) => {
  const talk = inFlight(open).play(`
    < . 1:1(0) ack 1 win 0
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
  `);
  talk.abort();
  talk.play("> R. 1:1(0) ack 1");
});

talkTest("The congestion window holds back neither FIN nor probe (C-06)", (open) => {
  const talk = open({ tcp: { congestion: pinnedWindow(2000) } }).establish("mss 1000");
  sendThousands(talk, 2);
  talk.closeWrite();
  talk.play(`
    > F. 2001:2001(0) ack 1
    < . 1:1(0) ack 2002
  `);
  const probing = open({ tcp: { congestion: pinnedWindow(0) } }).establish("", 0);
  probing.write(100);
  probing.play("+200 > . 0:1(1) ack 1 junk");
});

talkTest("TCP repeats a repetition that was lost (X-05, lesson 1)", (open) => {
  inFlight(open).play(`
    ${DUPLICATE}
    ${DUPLICATE}
    ${DUPLICATE}
    > . 1:1001(1000) ack 1
    +1000 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 5001
    +60000
  `);
});
