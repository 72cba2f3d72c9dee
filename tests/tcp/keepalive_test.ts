import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

const HOUR = 3_600_000;
const keepAlive = { idle: 2 * HOUR, interval: 75_000, count: 3 };
const PROBE = "> . 0:1(1) ack 1 junk";

talkTest("TCP does not ask idle peers for a sign of life unless told to (L-01, L-04)", (open) => {
  const talk = open().establish().play(`+${100 * HOUR}`);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP probes after the idle time, and gives up without an answer (L-01)", (open) => {
  const talk = open({ tcp: { keepAlive } }).establish().play(`
    +${2 * HOUR} ${PROBE}
    +75000 ${PROBE}
    +75000 ${PROBE}
    +75000 > R. 1:1(0) ack 1
  `);
  assertEquals(talk.connection.error, "timeout");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP counts the idle time from what it has heard last (L-01)", (open) => {
  const talk = open({ tcp: { keepAlive } }).establish().play(`
    +1000 < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    +${2 * HOUR} > . 0:1(1) ack 101 junk
    +10 < . 101:101(0) ack 1
    +${2 * HOUR} > . 0:1(1) ack 101 junk
    < . 101:101(0) ack 1
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP sends no keep-alive while text is outstanding (L-02)", (open) => {
  const talk = open({
    tcp: { keepAlive: { idle: 1000, interval: 1000, count: 2 }, minRto: 30_000 },
  }).establish();
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    +29999
    +1 > P. 1:101(100) ack 1
    < . 1:1(0) ack 101
    +1000 > . 100:101(1) ack 1 junk
    < . 1:1(0) ack 101
  `);
});

talkTest("A keep-alive carries the timestamps that were agreed on (O-14, L-01)", (open) => {
  open({ tcp: { keepAlive: { idle: 1000, interval: 500, count: 1 } } })
    .establish("TS val 0 ecr 0").play(`
      +1000 > . 0:1(1) ack 1 <nop,nop,TS val 1000 ecr 0> junk
      +500 > R. 1:1(0) ack 1
    `);
});

talkTest("Keep-alives go on in CLOSE-WAIT and FIN-WAIT-2 (L-01, F-09)", (open) => {
  const talk = open({ tcp: { keepAlive } }).establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < . 1:1(0) ack 2
    +${2 * HOUR} > . 1:2(1) ack 1 junk
    < . 1:1(0) ack 2
    +${2 * HOUR} > . 1:2(1) ack 1 junk
    +75000 > . 1:2(1) ack 1 junk
    +75000 > . 1:2(1) ack 1 junk
    +75000 > R. 2:2(0) ack 1
  `);
});
