import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

const HOUR = 3_600_000;
const keepAlive = { idle: 2 * HOUR, interval: 75_000, count: 3 };
const PROBE = "> . 0:0(0) ack 1";

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
    +${2 * HOUR} > . 0:0(0) ack 101
    +10 < . 101:101(0) ack 1
    +${2 * HOUR} > . 0:0(0) ack 101
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
    +1000 > . 100:100(0) ack 1
    < . 1:1(0) ack 101
  `);
});

talkTest("A keep-alive carries the timestamps that were agreed on (O-14, L-01)", (open) => {
  open({ tcp: { keepAlive: { idle: 1000, interval: 500, count: 1 } } })
    .establish("TS val 0 ecr 0").play(`
      +1000 > . 0:0(0) ack 1 <nop,nop,TS val 1000 ecr 0>
      +500 > R. 1:1(0) ack 1
    `);
});

talkTest("Keep-alives go on in CLOSE-WAIT and FIN-WAIT-2 (L-01, F-09)", (open) => {
  const talk = open({ tcp: { keepAlive } }).establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < . 1:1(0) ack 2
    +${2 * HOUR} > . 1:1(0) ack 1
    < . 1:1(0) ack 2
    +${2 * HOUR} > . 1:1(0) ack 1
    +75000 > . 1:1(0) ack 1
    +75000 > . 1:1(0) ack 1
    +75000 > R. 2:2(0) ack 1
  `);
});

talkTest("Keep-alives can be asked for, changed and ended at any time (L-01)", (open) => {
  const talk = open().establish().play("+5000");
  talk.connection.setOptions({ keepAlive: { idle: 7000, interval: 1000, count: 9 } });
  talk.play(`
    +2000 > . 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
  talk.connection.setOptions({ keepAlive: { idle: 1000, interval: 500, count: 9 } });
  talk.play(`
    +1000 > . 0:0(0) ack 1
    +500 > . 0:0(0) ack 1
  `);
  talk.connection.setOptions({ keepAlive: undefined });
  talk.play(`+${100 * HOUR}`);
});

talkTest("A keep-alive that is asked for after a long silence leaves at once (L-01)", (open) => {
  const talk = open().establish().play("+5000");
  talk.connection.setOptions({ keepAlive: { idle: 3000, interval: 1000, count: 9 } });
  talk.play("+0 > . 0:0(0) ack 1");
});

talkTest("A user timeout replaces the number of keep-alives, as in Linux (L-01, L-03)", (open) => {
  const talk = open().establish();
  talk.connection.setOptions({
    keepAlive: { idle: 1000, interval: 1000, count: 1 },
    userTimeout: 3500,
  });
  talk.play(`
    +1000 > . 0:0(0) ack 1
    +1000 > . 0:0(0) ack 1
    +1000 > . 0:0(0) ack 1
    +1000 > R. 1:1(0) ack 1
  `);
  assertEquals(talk.connection.error, "timeout");
});
