import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import type { Listener } from "../../lib/tcp/listener.ts";
import { STACK_PORT } from "../harness/addresses.ts";
import type { Conversation } from "../harness/script.ts";
import { type Open, talkTest } from "../harness/talk.ts";

/** A listener for clients that have something to say, and one that has not said it yet. */
function silent(open: Open): { talk: Conversation; listener: Listener } {
  const talk = open();
  const listener = talk.stack.listen({ port: STACK_PORT }, { deferAccept: 5000, synRetries: 1 });
  talk.play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
  assertEquals([listener.pending, talk.stack.drops.of(Drop.Deferred)], [0, 1]);
  return { talk, listener };
}

talkTest("A deferred connection is accepted with its first data (H-18)", (open) => {
  const { talk, listener } = silent(open);
  talk.play(`
    +4000 < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
  `);
  assertEquals([listener.pending, listener.accept()?.readable], [1, 100]);
});

talkTest("A deferred client that stays silent is asked again, and accepted then (H-18)", (open) => {
  const { talk, listener } = silent(open);
  talk.play(`
    +5000 > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
  assertEquals(listener.pending, 1);
});

talkTest("A deferred client that is gone is given up (H-18)", (open) => {
  const { talk, listener } = silent(open);
  talk.play(`
    +5000 > S. 0:0(0) ack 1
    +2000 > R. 1:1(0) ack 1
  `);
  assertEquals([listener.info.halfOpen, listener.pending, talk.stack.flowCount], [0, 0, 0]);
});
