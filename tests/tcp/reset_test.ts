import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import type { Conversation } from "../harness/script.ts";
import { enterState, type ReachableState, SYNCHRONIZED } from "../harness/states.ts";
import { type Open, talkTest } from "../harness/talk.ts";

talkTest("TCP resets what belongs to no connection as CLOSED does (R-01, R-02, R-03)", (open) => {
  const talk = open().play(`
    < . 1:1(0) ack 4294967290
    > R 4294967290:4294967290(0) win 0
    < P. 1:101(100) ack 9
    > R 9:9(0)
    < S. 0:0(0) ack 3000000000
    > R 3000000000:3000000000(0)
    < FP. 1:101(100) ack 8
    > R 8:8(0)
    < F 7:7(0)
    > R. 0:0(0) ack 8
    < P 7:107(100)
    > R. 0:0(0) ack 107
    < - 7:7(0)
    > R. 0:0(0) ack 7
    < R 1:1(0)
    < R. 1:1(0) ack 1
    < RS 1:1(0)
  `);
  assertEquals(talk.stack.flowCount, 0);
});

function inState(open: Open, state: ReachableState): Conversation {
  const talk = open({ tcp: { receiveBuffer: 50_000, minRto: 60_000 } });
  enterState(talk, state);
  talk.events();
  return talk;
}

for (const state of SYNCHRONIZED) {
  const { name, next, max } = state;
  const at = (seq: number) => `${seq}:${seq}(0)`;

  talkTest(`TCP in ${name} ends upon a RST at RCV.NXT (R-04, R-07, R-17)`, (open) => {
    const talk = inState(open, state);
    talk.play(`
      < R ${at(next)}
      +600000
    `);
    assertEquals(talk.events(), "Closed");
    assertEquals(talk.stack.flowCount, 0);
    const isDone = name === "CLOSING" || name === "LAST-ACK"; // RFC 9293 §3.10.7.4: just CLOSED
    assertEquals(talk.connection.error, isDone ? undefined : "reset");
  });

  talkTest(
    `TCP in ${name} answers a RST elsewhere in the window with a challenge (R-05, R-07)`,
    (open) => {
      const talk = inState(open, state);
      const challenge = `> . ${at(max)} ack ${next}`;
      talk.play(`
        < R ${at(next + 1)}
        ${challenge}
        +500 < R. ${at(next + 40_000)} ack 1
        ${challenge}
      `);
      assertEquals(talk.connection.info.state, name);
      assertEquals(talk.connection.error, undefined);
    },
  );

  talkTest(`TCP in ${name} drops a RST outside the window in silence (R-06, R-07)`, (open) => {
    const talk = inState(open, state);
    talk.play(`
      < R ${at(next - 1)}
      < R ${at(next + 50_000)}
      < R ${at(next + 1_000_000)}
      < R ${at(next - 1_000_000)}
      < R. ${at(next + 2 ** 31 - 1)} ack 1
    `);
    assertEquals(talk.connection.info.state, name);
  });

  talkTest(
    `TCP in ${name} answers a SYN with a challenge, not oftener than allowed (R-08, R-11)`,
    (open) => {
      const talk = inState(open, state);
      const challenge = `> . ${at(max)} ack ${next}`;
      talk.play(`
        < S ${at(next)} win 1000 <mss 1460>
        ${challenge}
        +100 < S ${at(next + 100)} win 1000 <mss 1460>
        < S 0:0(0) win 65535 <mss 1460>
        < S. 0:0(0) ack 1
      `);
      assertEquals(talk.connection.info.state, name);
    },
  );

  talkTest(
    `TCP in ${name} answers an ACK of what it never sent with a challenge (R-10, F-12)`,
    (open) => {
      const talk = inState(open, state);
      const challenge = `> . ${at(max)} ack ${next}`;
      talk.play(`
        < . ${at(next)} ack 3
        ${challenge}
        +500 < . ${at(next)} ack ${1 - 70_000}
        ${challenge}
        +500 < P. ${next}:${next + 5}(5) ack ${2 ** 31 - 1}
        ${challenge}
      `);
      assertEquals(talk.connection.info.state, name);
      assertEquals(talk.connection.readable, 0);
    },
  );

  talkTest(`TCP in ${name} answers text outside the window with an ACK (F-12, W-01)`, (open) => {
    const talk = inState(open, state);
    const answer = `> . ${at(max)} ack ${next}`;
    talk.play(`
      < P. ${next + 60_000}:${next + 60_100}(100) ack ${max}
      ${answer}
      < P. ${next - 100}:${next}(100) ack ${max}
      ${answer}
    `);
    const last = { "FIN-WAIT-1": "", "CLOSING": "", "LAST-ACK": "" };
    if (!(name in last)) assertEquals(talk.connection.info.state, name);
    assertEquals(talk.connection.readable, 0);
  });
}

talkTest("TCP takes a RST at RCV.NXT while its window is closed (R-04, W-13)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 4096 } }).establish();
  talk.play(`
    < P. 1:4097(4096) ack 1
    > . 1:1(0) ack 4097 win 0
    < R 4097:4097(0)
  `);
  assertEquals(talk.connection.error, "reset");
  assertEquals(talk.events(), "Readable Closed");
});

talkTest("TCP ends when a restarted client resets the challenge (R-09)", (open) => {
  const talk = open().establish();
  talk.play(`
    +60000 < S 7000000:7000000(0) win 65535 <mss 1460>
    > . 1:1(0) ack 1
    < R 1:1(0)
    +1000 < S 7000000:7000000(0) win 65535 <mss 1460>
    > S. 1000000:1000000(0) ack 7000001
    < . 7000001:7000001(0) ack 1000001
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP limits challenges for each connection by itself (R-11)", (open) => {
  const talk = open().establish();
  talk.play(`
    < R 2:2(0)
    > . 1:1(0) ack 1
    < R 2:2(0)
  `);
  talk.port = 41_000;
  talk.establish();
  talk.play(`
    < R 2:2(0)
    > . 1:1(0) ack 1
    +499 < R 2:2(0)
    +1 < R 2:2(0)
    > . 1:1(0) ack 1
  `);
});

talkTest("TCP answers old text and window probes every time (R-12, W-12)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 4096 } }).establish();
  talk.play(`
    < P. 1:4097(4096) ack 1
    > . 1:1(0) ack 4097 win 0
    < . 4096:4097(1) ack 1
    > . 1:1(0) ack 4097 win 0
    < . 4096:4097(1) ack 1
    > . 1:1(0) ack 4097 win 0
    < . 4097:4098(1) ack 1
    > . 1:1(0) ack 4097 win 0
    < . 4097:4098(1) ack 1
    > . 1:1(0) ack 4097 win 0
    < P. 1:1001(1000) ack 1
    > . 1:1(0) ack 4097 win 0
    < P. 1:1001(1000) ack 1
    > . 1:1(0) ack 4097 win 0
  `);
  assertEquals(talk.read(), 4096);
  talk.play("> . 1:1(0) ack 4097 win 4096");
});

talkTest("TCP drops segments without ACK, and delivers nothing of them (R-13)", (open) => {
  const talk = open().establish();
  talk.play(`
    < P 1:101(100)
    < - 1:101(100)
    < F 1:1(0)
  `);
  assertEquals(talk.connection.readable, 0);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.stack.drops.of(Drop.InvalidFlags), 3);
});

talkTest("An abort resets at SND.NXT and acknowledges RCV.NXT (R-14, R-18, F-19)", (open) => {
  const talk = open().establish();
  talk.write(100);
  talk.play(`
    > P. 1:101(100) ack 1
    < P. 1:51(50) ack 101
    > . 101:101(0) ack 51
  `);
  talk.abort();
  talk.play(`
    > R. 101:101(0) ack 51
    < P. 51:101(50) ack 101
    > R 101:101(0)
  `);
  assertEquals(talk.connection.error, "aborted");
  assertEquals(talk.events(), "Readable Writable Closed");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("An abort with unsent text resets where the peer can take it (R-16)", (open) => {
  const talk = open().establish("", 1000);
  talk.write(5000);
  talk.play("> . 1:1001(1000) ack 1");
  talk.abort();
  talk.play("> R. 1001:1001(0) ack 1");
});

talkTest("An abort before the window has opened resets at SND.UNA (R-16)", (open) => {
  const talk = open().establish();
  talk.write(1000);
  talk.play(`
    > P. 1:1001(1000) ack 1
    < . 1:1(0) ack 1 win 0
  `);
  talk.abort(); // the peer has dropped the text: what it expects is 1
  talk.play("> R. 1:1(0) ack 1");
});

talkTest("An abort in SYN-RECEIVED resets behind our SYN (R-16, F-19)", (open) => {
  for (const window of [0, 1000]) {
    const talk = open().play(`
      < S 0:0(0) win ${window} <mss 1460>
      > S. 0:0(0) ack 1
    `);
    talk.abort();
    talk.play("> R. 1:1(0) ack 1");
  }
});
