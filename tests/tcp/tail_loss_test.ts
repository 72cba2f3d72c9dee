import { assertEquals } from "@std/assert";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import { pinnedWindow, sendThousands } from "../harness/builders.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

/** A connection with SACK and a round trip of 20 ms, with nothing in flight; the next byte is 1001. */
function measured(open: Open, tcp: TcpOptions = {}): Conversation {
  const talk = open({ tcp: { minRto: 1000, ...tcp } }).establish("mss 1000,sackOK");
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    +20
    < . 1:1(0) ack 1001
  `);
  return talk;
}

talkTest("TCP asks for a lost tail after two round trips, and fills the hole (X-18)", (open) => {
  const talk = measured(open);
  sendThousands(talk, 5, 1001);
  talk.play(`
    +20
    < . 1:1(0) ack 2001
    +42
    > P. 5001:6001(1000) ack 1
    +20
    < . 1:1(0) ack 2001 <sack 5001:6001>
    > . 2001:3001(1000) ack 1 // a segment for each that arrives
    < . 1:1(0) ack 3001 <sack 5001:6001>
    > . 3001:4001(1000) ack 1
    > . 4001:5001(1000) ack 1
    < . 1:1(0) ack 6001
    +60000
  `);
});

talkTest("TCP probes with new data where there are any, cwnd or not (X-18, C-06)", (open) => {
  const talk = measured(open, { congestion: pinnedWindow(2000) });
  talk.write(4000);
  talk.play(`
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
    +42
    > . 3001:4001(1000) ack 1
    < . 1:1(0) ack 4001
    > P. 4001:5001(1000) ack 1
    < . 1:1(0) ack 5001
    +60000
  `);
});

talkTest("TCP gives a single segment the time of a delayed acknowledgment (X-18)", (open) => {
  const talk = measured(open, { minRto: 200, initialRto: 200 });
  sendThousands(talk, 1, 1001);
  talk.play(`
    +219 // no later than the timeout, which it puts off
    +1
    > P. 1001:2001(1000) ack 1
    < . 1:1(0) ack 2001
    +60000
  `);
});

talkTest("TCP probes once, and leaves the rest to the timeout (X-18, X-05)", (open) => {
  const talk = measured(open);
  sendThousands(talk, 2, 1001);
  talk.play(`
    +42
    > P. 2001:3001(1000) ack 1
    +1019
    +1
    > . 1001:2001(1000) ack 1
    < . 1:1(0) ack 3001
    +60000
  `);
});

talkTest(
  "TCP does not probe without SACK, nor beyond a window that has closed (X-18, S-04)",
  (open) => {
    const plain = open({ tcp: { minRto: 1000 } }).establish("mss 1000");
    plain.write(1000);
    plain.play("> P. 1:1001(1000) ack 1 \n +20 \n < . 1:1(0) ack 1001");
    sendThousands(plain, 2, 1001);
    plain.play("+999 \n < . 1:1(0) ack 3001");

    const closed = measured(open);
    sendThousands(closed, 2, 1001);
    closed.play("< . 1:1(0) ack 1001 win 0 \n +900 \n < . 1:1(0) ack 3001 win 1000");
  },
);

talkTest(
  "A probe that has repaired a loss lowers the window; one that came twice does not (X-18)",
  (open) => {
    for (const blocks of ["", " <sack 2001:3001>"]) {
      const talk = measured(open);
      const before = talk.connection.info.congestionWindow;
      sendThousands(talk, 2, 1001);
      talk.play(`
      +42
      > P. 2001:3001(1000) ack 1
      < . 1:1(0) ack 3001${blocks}
    `);
      assertEquals(talk.connection.info.congestionWindow < before, blocks === "");
    }
  },
);
