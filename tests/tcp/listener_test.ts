import { assert, assertEquals, assertThrows } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { ipv4 } from "../../lib/ip/address.ts";
import type { Connection } from "../../lib/tcp/connection.ts";
import type { Listener, ListenOptions } from "../../lib/tcp/listener.ts";
import { STACK_ADDRESS, STACK_PORT } from "../harness/addresses.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

const SYN = "< S 0:0(0) win 65535 <mss 1460>";
const HANDSHAKE = `
  ${SYN}
  > S. 0:0(0) ack 1
  < . 1:1(0) ack 1
`;

interface Listening {
  readonly talk: Conversation;
  readonly listener: Listener;
}

/** A stack that listens where the scripts' packets go. */
function listening(open: Open, options: ListenOptions = {}): Listening {
  const talk = open();
  const listener = talk.stack.listen(
    { address: ipv4(STACK_ADDRESS), port: STACK_PORT },
    options,
  );
  return { talk, listener };
}

/** Plays `script` as the client with this port. */
function playFrom(talk: Conversation, port: number, script: string): void {
  talk.port = port;
  talk.play(script);
}

function take(listener: Listener): Connection {
  const connection = listener.accept();
  assert(connection, "there is nothing to accept");
  return connection;
}

const text = (connection: Connection): number => connection.read(new Uint8Array(10_000));

talkTest("A listener answers a SYN, and its ACK makes a connection (H-01)", (open) => {
  const { talk, listener } = listening(open);
  talk.play(`
    ${SYN}
    > S. 0:0(0) ack 1
  `);
  assertEquals([listener.info.halfOpen, listener.pending], [1, 0]);
  assertEquals(talk.stack.nextListener(), undefined);
  talk.play("< . 1:1(0) ack 1");
  assertEquals([listener.info.halfOpen, listener.pending], [0, 1]);
  assertEquals(talk.stack.nextListener(), listener);
  assertEquals(talk.stack.nextConnection(), undefined); // nobody has it yet
  const connection = take(listener);
  assertEquals(talk.stack.nextConnection(), connection);
  assertEquals(connection.info.state, "ESTABLISHED");
  assertEquals(connection.flow.client.port, talk.port);
  assertEquals(listener.accept(), undefined);
  assertEquals(talk.requests.length, 0);
});

talkTest("What a client says before it is accepted is kept for the application (H-10)", (open) => {
  const { talk, listener } = listening(open);
  talk.play(`
    ${SYN}
    > S. 0:0(0) ack 1
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    < F. 101:101(0) ack 1
    > . 1:1(0) ack 102
  `);
  const connection = take(listener);
  assertEquals(text(connection), 100);
  assert(connection.isAtEnd);
});

talkTest("A connection may be over before it is accepted; what came is there", (open) => {
  const { talk, listener } = listening(open);
  talk.play(`
    ${HANDSHAKE}
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
    < R 101:101(0)
  `);
  assertEquals(talk.stack.flowCount, 0);
  const connection = take(listener);
  assertEquals(connection.error, "reset");
  assertEquals(talk.stack.nextConnection(), connection);
});

talkTest("A full accept queue drops SYNs and the ACKs of handshakes (D-02)", (open) => {
  const { talk, listener } = listening(open, { backlog: 1 });
  playFrom(talk, 1001, `${SYN} \n > S. 0:0(0) ack 1`);
  playFrom(talk, 1002, HANDSHAKE);
  playFrom(talk, 1003, SYN);
  playFrom(talk, 1001, "< P. 1:101(100) ack 1");
  assertEquals(talk.stack.drops.of(Drop.ListenerFull), 2);
  assertEquals([listener.pending, listener.info.overflows], [1, 2]);
  take(listener);
  // The SYN-ACK goes again, so that the client repeats what was dropped.
  playFrom(
    talk,
    1001,
    `
    +1000 > S. 0:0(0) ack 1
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
  `,
  );
  assertEquals(text(take(listener)), 100);
  playFrom(talk, 1003, HANDSHAKE);
  assertEquals(listener.pending, 1);
});

talkTest("A wrong ACK is reset although the accept queue is full (D-02, H-06)", (open) => {
  const { talk } = listening(open, { backlog: 1 });
  playFrom(talk, 1001, `${SYN} \n > S. 0:0(0) ack 1`);
  playFrom(talk, 1002, HANDSHAKE);
  playFrom(talk, 1001, "< . 1:1(0) ack 2 \n > R 2:2(0) \n < R 1:1(0)");
  assertEquals(talk.stack.flowCount, 1);
});

talkTest("Connections in SYN-RECEIVED are bounded; a reset makes room (D-01, H-08)", (open) => {
  const { talk, listener } = listening(open, { synBacklog: 2, synCookies: "never" });
  for (const port of [1001, 1002]) playFrom(talk, port, `${SYN} \n > S. 0:0(0) ack 1`);
  playFrom(talk, 1003, SYN);
  assertEquals(talk.stack.drops.of(Drop.TooManyRequests), 1);
  assertEquals([listener.info.halfOpen, listener.info.droppedSyns], [2, 1]);
  playFrom(talk, 1001, "< R 1:1(0)");
  assertEquals([listener.info.halfOpen, talk.stack.flowCount], [1, 1]);
  assertEquals(talk.stack.nextConnection(), undefined); // nobody had heard of it
  playFrom(talk, 1003, HANDSHAKE);
  playFrom(talk, 1002, "< R 1:1(0)");
});

talkTest("A SYN-ACK is repeated, and given up without a word to anybody (H-05, X-09)", (open) => {
  const { talk, listener } = listening(open, { synRetries: 1 });
  talk.play(`
    ${SYN}
    > S. 0:0(0) ack 1
    +1000 > S. 0:0(0) ack 1
    +2000 > R. 1:1(0) ack 1
  `);
  assertEquals(listener.info.halfOpen, 0);
  assertEquals(talk.stack.nextConnection(), undefined);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A listener that closes resets what nobody has accepted (D-08)", (open) => {
  const { talk, listener } = listening(open);
  playFrom(talk, 1001, HANDSHAKE);
  const accepted = take(listener);
  playFrom(talk, 1002, `${SYN} \n > S. 0:0(0) ack 1`);
  playFrom(talk, 1003, HANDSHAKE);
  listener.close();
  listener.close();
  playFrom(talk, 1002, "> R. 1:1(0) ack 1");
  playFrom(talk, 1003, "> R. 1:1(0) ack 1");
  assertEquals([listener.pending, talk.stack.flowCount], [0, 1]);
  assertEquals(talk.stack.nextConnection(), accepted);
  assertEquals(talk.stack.nextConnection(), undefined);
  playFrom(talk, 1004, SYN); // a request again, which the conversation accepts
  talk.play("> S. 0:0(0) ack 1 \n < R 1:1(0)");
});

talkTest("A listener without an address takes connections to any (H-01)", (open) => {
  const talk = open();
  const any = talk.stack.listen({ port: STACK_PORT });
  talk.play(HANDSHAKE);
  assertEquals(any.pending, 1);
  const exact = talk.stack.listen({ address: ipv4(STACK_ADDRESS), port: STACK_PORT });
  playFrom(talk, 1001, HANDSHAKE);
  assertEquals([any.pending, exact.pending], [1, 1]); // the closer match
});

talkTest("Only the listener's port is listened on; the rest are requests", (open) => {
  const talk = open();
  const other = talk.stack.listen({ port: STACK_PORT + 1 });
  talk.establish();
  assertEquals(other.pending, 0);
});

talkTest("A place is listened on once, and settings that cannot be are refused", (open) => {
  const { talk, listener } = listening(open);
  const { own } = listener;
  assertThrows(() => talk.stack.listen(own), RangeError, "somebody does already");
  assertThrows(() => talk.stack.listen({ port: 0 }), RangeError, "port 0");
  assertThrows(() => talk.stack.listen({ port: 65_536 }), RangeError, "port 65536");
  assertThrows(() => talk.stack.listen({ port: 1 }, { backlog: 0 }), RangeError, "backlog of 0");
  assertThrows(() => talk.stack.listen({ port: 1 }, { ackDelay: 501 }), RangeError);
  listener.close();
  talk.stack.listen(own);
});

talkTest("Connections have the settings of their listener", (open) => {
  const { talk } = listening(open, { maxSegmentSize: 500, windowScale: 9 });
  talk.play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 7>
    > S. 0:0(0) ack 1 <mss 500,nop,wscale 9>
    < R 1:1(0)
  `);
});
