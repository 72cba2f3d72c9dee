import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../lib/tcp/connection.ts";
import type { Listener, ListenOptions } from "../../lib/tcp/listener.ts";
import { Drop } from "../../lib/base/drop.ts";
import type { TcpSpec } from "../harness/packet_spec.ts";
import { PEER_PORT, STACK_PORT } from "../harness/addresses.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

const SYN = "< S 0:0(0) win 65535 <mss 1400,sackOK,nop,wscale 7>";
const TIMED_SYN = "< S 0:0(0) win 65535 <mss 1400,sackOK,TS val 50 ecr 0,nop,wscale 7>";

interface Pressed {
  readonly talk: Conversation;
  readonly listener: Listener;
}

/** A listener whose SYN queue is full. */
function pressed(open: Open, options: ListenOptions = {}): Pressed {
  const talk = open();
  const listener = talk.stack.listen({ port: STACK_PORT }, { synBacklog: 1, ...options });
  talk.port = 1001;
  talk.play("< S 0:0(0) win 65535 <mss 1460> \n > S. 0:0(0) ack 1");
  talk.port = 1002;
  return { talk, listener };
}

/** Sends `syn`, and takes the SYN-ACK, whose number cannot be foreseen. */
function ask(talk: Conversation, syn = SYN): TcpSpec {
  talk.play(syn);
  const answer = talk.takePacket();
  assert(answer?.kind === "tcp", "there is no SYN-ACK");
  assertEquals(answer.ack, 1);
  return answer;
}

/** The ACK that brings the cookie of `answer` back. */
const back = ({ start }: TcpSpec): string => `< . 1:1(0) ack ${start + 1} win 512`;

function optionsOf({ options = [] }: TcpSpec): string[] {
  return options.map((option) => option.kind).filter((kind) => kind !== "nop");
}

function take(listener: Listener): Connection {
  const connection = listener.accept();
  assert(connection, "there is nothing to accept");
  return connection;
}

talkTest("A full SYN queue answers with a cookie and keeps nothing (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const answer = ask(talk);
  assertEquals(talk.stack.flowCount, 1);
  assertEquals([listener.info.halfOpen, listener.info.cookiesSent], [1, 1]);
  talk.play(back(answer));
  assertEquals(listener.info.cookiesAccepted, 1);
  const connection = take(listener);
  assertEquals(connection.info.state, "ESTABLISHED");
  assertEquals(connection.info.segmentSize, 1300); // the next in the table, without timestamps
  end(talk);
});

talkTest("Without timestamps a cookie offers neither SACK nor a window scale (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const answer = ask(talk);
  assertEquals(optionsOf(answer), ["mss"]);
  talk.play(back(answer));
  assertEquals(take(listener).info.sendWindow, 512);
  end(talk);
});

talkTest("With timestamps a cookie remembers SACK and the window scale (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const answer = ask(talk, TIMED_SYN);
  assertEquals(optionsOf(answer).sort(), ["TS", "mss", "sackOK", "wscale"]);
  const ack = answer.start + 1;
  const time = answer.options?.find((option) => option.kind === "TS");
  assert(time?.kind === "TS");
  assert(time.val <= talk.now && time.val > talk.now - 128, "it is not the time, or in the future");
  talk.play(`+30 < . 1:1(0) ack ${ack} win 512 <nop,nop,TS val 51 ecr ${time.val}>`);
  const connection = take(listener);
  assertEquals(connection.info.sendWindow, 512 * 128);
  assertEquals(connection.info.rtt, 0); // what came back is not the time
  talk.play(`
    < P. 101:201(100) ack ${ack} <nop,nop,TS val 52 ecr ${time.val}>
    > . ${ack}:${ack}(0) ack 1 <nop,nop,TS val 30 ecr 51,nop,nop,sack 101:201>
  `);
  end(talk);
});

talkTest("A window scale of none is remembered, too (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const { start, options } = ask(talk, "< S 0:0(0) win 65535 <mss 1400,nop,nop,TS val 50 ecr 0>");
  const time = options?.find((option) => option.kind === "TS");
  assert(time?.kind === "TS");
  talk.play(`< . 1:1(0) ack ${start + 1} win 512 <nop,nop,TS val 51 ecr ${time.val}>`);
  assertEquals(take(listener).info.sendWindow, 512);
  end(talk);
});

talkTest("Data and FIN on the ACK that brings a cookie back count (D-03, H-10)", (open) => {
  const { talk, listener } = pressed(open);
  const ack = ask(talk).start + 1;
  talk.play(`
    < FP. 1:101(100) ack ${ack}
    > . ${ack}:${ack}(0) ack 102
  `);
  const connection = take(listener);
  assertEquals(connection.read(new Uint8Array(200)), 100);
  assert(connection.isAtEnd);
  end(talk);
});

talkTest("A forged cookie is reset (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const { start } = ask(talk);
  for (const wrong of [start + 5, start - 3, start + (1 << 24) + 1, start ^ 0x55]) {
    talk.play(`
      < . 1:1(0) ack ${wrong}
      > R ${wrong}:${wrong}(0)
    `);
  }
  talk.play(`
    < . 5:5(0) ack ${start + 1}
    > R ${start + 1}:${start + 1}(0)
  `);
  talk.port = 1003; // another's
  talk.play(`< . 1:1(0) ack ${start + 1}`);
  assertEquals(talk.takePacket()?.kind, "tcp");
  assertEquals([listener.pending, listener.info.cookiesAccepted], [0, 0]);
  end(talk);
});

talkTest("A cookie does not take for the first text what comes a little later (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const { start } = ask(talk);
  for (const seq of [2, 3, 4]) { // the ACK, and a byte or more, have been lost
    talk.play(`
      < P. ${seq}:${seq + 10}(10) ack ${start + 1}
      > R ${start + 1}:${start + 1}(0)
    `);
  }
  assertEquals(listener.info.cookiesAccepted, 0);
  end(talk);
});

talkTest("A cookie is too old when the counter has gone up twice (D-03)", (open) => {
  const talk = open(); // at 5 s; the counter goes up every 64
  const listener = talk.stack.listen({ port: STACK_PORT }, { synCookies: "always" });
  const late = ask(talk);
  talk.port = 1001;
  const old = ask(talk);
  talk.port = 1002;
  talk.play("+122000");
  ask(talk); // cookies are still in use
  talk.port = 1001;
  talk.play(back(old));
  assertEquals(listener.info.cookiesAccepted, 1);
  talk.port = PEER_PORT;
  talk.play(`
    +1000 ${back(late)}
    > R ${late.start + 1}:${late.start + 1}(0)
  `);
  assertEquals(listener.info.cookiesAccepted, 1);
});

talkTest("Cookies are neither given nor taken once there is room again (D-03)", (open) => {
  const { talk, listener } = pressed(open);
  const { start } = ask(talk);
  end(talk);
  talk.port = 1003;
  talk.play(`
    +128000 < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < R 1:1(0)
  `);
  assertEquals(listener.info.cookiesSent, 1);
  talk.port = 1002;
  talk.play(`
    < . 1:1(0) ack ${start + 1}
    > R ${start + 1}:${start + 1}(0)
  `);
});

talkTest(
  "A connection that a cookie has opened takes the ACK when it comes again (D-04)",
  (open) => {
    const { talk, listener } = pressed(open);
    const answer = ask(talk);
    talk.play(back(answer));
    talk.play(back(answer));
    const ack = answer.start + 1;
    talk.play(`
    < P. 1:101(100) ack ${ack}
    > . ${ack}:${ack}(0) ack 101
  `);
    assertEquals([listener.info.cookiesAccepted, talk.stack.flowCount], [1, 2]);
    end(talk);
  },
);

talkTest("A connection in SYN-RECEIVED is asked before any cookie (D-04, H-06)", (open) => {
  const { talk, listener } = pressed(open);
  ask(talk); // cookies are in use
  talk.port = 1001;
  talk.play(`
    < . 1:1(0) ack 99
    > R 99:99(0)
    < . 1:1(0) ack 1
  `);
  assertEquals([listener.pending, listener.info.cookiesAccepted], [1, 0]);
});

talkTest("A cookie waits while the accept queue is full (D-02, D-03)", (open) => {
  const { talk, listener } = pressed(open, { backlog: 1 });
  const answer = ask(talk);
  talk.port = 1001;
  talk.play("< . 1:1(0) ack 1");
  talk.port = 1002;
  talk.play(back(answer));
  assertEquals(talk.stack.drops.of(Drop.ListenerFull), 1);
  take(listener);
  talk.play(back(answer));
  assertEquals(listener.pending, 1);
});

talkTest("A peer with smaller segments than a cookie can say gets none (D-03, O-05)", (open) => {
  const { talk, listener } = pressed(open);
  talk.play("< S 0:0(0) win 65535 <mss 400>");
  assertEquals(listener.info.cookiesSent, 0);
  assertEquals(talk.stack.drops.of(Drop.TooManyRequests), 1);
  const answer = ask(talk, "< S 0:0(0) win 65535");
  talk.play(back(answer));
  assertEquals(take(listener).info.segmentSize, 536);
  end(talk);
});

talkTest("Cookies may be used always, or never (D-03)", (open) => {
  const { talk, listener } = pressed(open, { synCookies: "never" });
  talk.play(SYN);
  assertEquals(listener.info.droppedSyns, 1);
  const other = talk.stack.listen({ port: 9 }, { synCookies: "always" });
  listener.close();
  assertEquals(other.info.halfOpen, 0);
  talk.port = 1001;
  talk.play("> R. 1:1(0) ack 1");
  other.close();
  const always = talk.stack.listen({ port: STACK_PORT }, { synCookies: "always" });
  talk.port = 1002;
  talk.play(back(ask(talk)));
  assertEquals([always.pending, always.info.halfOpen], [1, 0]);
});

/** Ends the connection that fills the SYN queue. */
function end(talk: Conversation): void {
  talk.port = 1001;
  talk.play("< R 1:1(0)");
}
