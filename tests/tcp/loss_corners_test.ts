import { sendThousands } from "../harness/builders.ts";
import { talkTest } from "../harness/talk.ts";

talkTest("F-RTO does not wait for new data that are held back (X-20, RFC 5682 §3.1)", (open) => {
  const talk = open({ tcp: { minRto: 1000, nagle: true } }).establish("mss 1000");
  talk.write(5500);
  talk.play(`
    > . 1:1001(1000) ack 1
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
    > . 3001:4001(1000) ack 1
    > . 4001:5001(1000) ack 1
    +1000 > . 1:1001(1000) ack 1
    < . 1:1(0) ack 1001 // Nagle's algorithm holds back the only new data
    > . 1001:2001(1000) ack 1
    > . 2001:3001(1000) ack 1
    < . 1:1(0) ack 5001
    > P. 5001:5501(500) ack 1
    < . 1:1(0) ack 5501
    +60000
  `);
});

talkTest("A probe that is late does not repeat what was reported meanwhile (X-18)", (open) => {
  const talk = open({ tcp: { minRto: 1000 } }).establish("mss 1000,sackOK");
  talk.write(1000);
  talk.play("> P. 1:1001(1000) ack 1 \n +20 < . 1:1(0) ack 1001");
  sendThousands(talk, 3, 1001);
  talk.play(`
    {
    +42
    < . 1:1(0) ack 1001 <sack 3001:4001>
    }
    +1 > . 1001:2001(1000) ack 1
    < . 1:1(0) ack 2001 <sack 3001:4001>
    > . 2001:3001(1000) ack 1
    < . 1:1(0) ack 4001
    +60000
  `);
});
