import { assertEquals } from "@std/assert";
import { talkTest } from "../harness/talk.ts";

talkTest("Without its protection TCP obeys any reset in the window (RFC 793, R-05)", (open) => {
  const tcp = { blindAttackProtection: false, receiveBuffer: 10_000 };
  const talk = open({ tcp }).establish().play("< R 10001:10001(0)"); // behind the window
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  talk.play("< R 10000:10000(0)");
  assertEquals(talk.connection.error, "reset");
});

talkTest("Without its protection TCP resets upon a SYN in the window (RFC 793, R-08)", (open) => {
  const tcp = { blindAttackProtection: false, receiveBuffer: 10_000 };
  const talk = open({ tcp }).establish().play(`
    < S 20000:20000(0) win 1000
    > . 1:1(0) ack 1
    +1000 < SF 0:0(0) win 1000
    > . 1:1(0) ack 1
    < S 5000:5000(0) win 1000
    > R. 1:1(0) ack 1 win 0
  `);
  assertEquals(talk.connection.error, "reset");
});

talkTest("TCP can judge by its buffer where a window field says less (W-01, R-05)", (open) => {
  const tcp = { acceptableWindow: "buffer", receiveBuffer: 70_000, windowScaling: false } as const;
  const talk = open({ tcp }).establish().play(`
    < R 70001:70001(0)
    < R 70000:70000(0)
    > . 1:1(0) ack 1 win 65535
    < P. 65530:65550(20) ack 1
    > . 1:1(0) ack 1 win 65535
    < . 1:40001(40000) ack 1
    > . 1:1(0) ack 40001
    < P. 40001:65530(25529) ack 1
    > . 1:1(0) ack 65536
  `);
  assertEquals(talk.read(), 65_535); // text was taken as far as it was promised
  talk.play("> . 1:1(0) ack 65536 win 65535");
});

talkTest("TCP can acknowledge every second segment, however small (K-01)", (open) => {
  open({ tcp: { ackDelay: 40, ackSecond: "any" } }).establish().play(`
    < P. 1:11(10) ack 1
    < P. 11:21(10) ack 1
    > . 1:1(0) ack 21
    < P. 21:31(10) ack 1
    +39
    +1
    > . 1:1(0) ack 31
  `);
  open({ tcp: { ackDelay: 40 } }).establish().play(`
    < P. 1:11(10) ack 1
    < P. 11:21(10) ack 1
    +40
    > . 1:1(0) ack 21
  `);
});

talkTest("TCP can take a SYN with a FIN for a SYN (H-11)", (open) => {
  open({ tcp: { synFin: "accept" } }).play(`
    < SF 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < F. 1:1(0) ack 1
    > . 1:1(0) ack 2
  `);
});

talkTest("A SYN with a FIN is no answer to a SYN, unless it is to be one (A-07, H-11)", (open) => {
  for (const synFin of ["drop", "accept"] as const) {
    const talk = open({ tcp: { synFin } });
    talk.connect();
    talk.play(`
      > S 0:0(0)
      < SF 0:0(0) win 65535 <mss 1000>
    `);
    if (synFin === "accept") talk.play("> S. 0:0(0) ack 1");
    assertEquals(talk.connection.info.state, synFin === "drop" ? "SYN-SENT" : "SYN-RECEIVED");
  }
});

talkTest("TCP can move its window with every acknowledgment, by anything (W-08, W-11)", (open) => {
  const tcp = { receiveBuffer: 10_000, windowStep: "any" } as const;
  const talk = open({ tcp }).establish().play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101 win 9900
  `);
  assertEquals(talk.read(), 100); // not worth a packet of its own
  talk.play(`
    < P. 101:201(100) ack 1
    > . 1:1(0) ack 201 win 9900
    < P. 201:9501(9300) ack 1
    > . 1:1(0) ack 9501 win 600
    < P. 9501:10001(500) ack 1
    > . 1:1(0) ack 10001 win 100
  `);
  assertEquals(talk.read(1000), 1000);
  talk.play(`
    < P. 10001:10002(1) ack 1
    > . 1:1(0) ack 10002 win 99
  `); // a small window does not creep
});

talkTest(
  "TCP can answer a FIN that crosses its own with that again (RFC 9293 §3.6, F-06)",
  (open) => {
    for (const repeatFin of [false, true]) {
      const talk = open({ tcp: { repeatFin } }).establish();
      talk.connection.closeWrite();
      talk.play(`
      > F. 1:1(0) ack 1
      < F. 1:1(0) ack 1
      > ${repeatFin ? "F. 1:1(0)" : ". 2:2(0)"} ack 2
      < . 2:2(0) ack 2
    `);
      assertEquals(talk.connection.info.state, "TIME-WAIT");
    }
  },
);

talkTest("TCP says that a reset was the end, though all had been said (R-07)", (open) => {
  const talk = open().establish().play("< F. 1:1(0) ack 1 \n > . 1:1(0) ack 2");
  talk.connection.closeWrite();
  talk.play("> F. 1:1(0) ack 2 \n < R 2:2(0)");
  assertEquals(talk.connection.error, undefined); // RFC 9293 §3.10.7.4: nobody is told
  assertEquals(talk.connection.info.wasReset, true);
});
