import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { joinedTo } from "../../tests/harness/joined.ts";
import { pattern } from "../../tests/harness/memory_guest.ts";
import { Conversation } from "../../tests/harness/script.ts";
import { SocketTarget } from "../../tests/harness/socket_target.ts";
import { fillText } from "../../tests/harness/text.ts";
import { EPOLLIN, EPOLLOUT, Poller } from "../ffi/poller.ts";
import { HostStreams } from "./host_streams.ts";
import type { SocketDial } from "./socket_dial.ts";

Deno.test("a socket's text, its end and a reset are told in this order when all come at once (R-14, W-19)", async () => {
  await using scene = await joinedTo(new SocketTarget());
  const { target, client, over, ends } = scene;
  target.say(pattern(3000));
  target.closeOutput();
  target.fail();
  assertEquals(await client.lost(), "reset");
  const text = new Uint8Array(4000);
  assertEquals(client.connection.read(text), 3000);
  assertEquals(text.subarray(0, 3000), pattern(3000));
  await over;
  assertEquals(ends, ["reset by target, 0 up, 3000 down"]);
});

Deno.test("what a socket has said before a reset reaches a guest that writes meanwhile (R-14)", async () => {
  await using scene = await joinedTo(new SocketTarget());
  const { target, client, over, ends } = scene;
  target.say(pattern(3000));
  target.fail();
  await client.write(pattern(100)); // which finds the connection lost
  assertEquals(await client.lost(), "reset");
  const text = new Uint8Array(4000);
  assertEquals(client.connection.read(text), 3000);
  await over;
  assertEquals(ends, ["reset by target, 0 up, 3000 down"]);
});

Deno.test("a reset that comes after the socket's end reaches a guest that says nothing (R-14, F-22)", async () => {
  await using scene = await joinedTo(new SocketTarget());
  const { target, client, over } = scene;
  target.closeOutput();
  assertEquals((await client.readAll()).length, 0);
  target.fail();
  assertEquals(await client.lost(), "reset");
  await over;
});

/**
 * A conversation whose connection is joined to a target, and moves only when the test says: `turn`
 * looks once, and passes on what there is. The target can say much before anybody looks.
 */
async function byHand(talk: Conversation) {
  const target = new SocketTarget();
  const poller = new Poller();
  const streams = new HostStreams(poller);
  const dialled = Promise.withResolvers<[dial: SocketDial, events: number]>();
  streams.dial(target.address, target.port, (dial, error, events) => {
    assertEquals(error, 0);
    dialled.resolve([dial, events]);
  }).begin();
  for (let isDone = false; !isDone;) {
    poller.look(0);
    isDone = await Promise.race([dialled.promise.then(() => true), target.yield()]) === true;
  }
  const [dial, events] = await dialled.promise;
  await target.until(() => target.accepted === 1);
  const ends: string[] = [];
  const splice = streams.join(talk.connection, dial, events, (end) => ends.push(end));
  const turn = (): boolean => {
    poller.look(0);
    splice.notify();
    return streams.pump();
  };
  turn(); // nothing has come yet
  return {
    target,
    splice,
    ends,
    turn,
    [Symbol.asyncDispose]: async () => {
      splice.stop();
      poller.close();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** `length` bytes as a script expects them of the stack from `start` on. */
function textOf(start: number, length: number): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array(length);
  fillText("stack", start, text);
  return text;
}

Deno.test("a socket's last text and its end leave in one segment (F-03)", async () => {
  const talk = new Conversation().establish();
  await using scene = await byHand(talk);
  scene.target.say(textOf(1, 100));
  scene.target.closeOutput();
  scene.turn();
  talk.play("> FP. 1:101(100) ack 1");
});

Deno.test("a socket's text leaves, then its reset, if both are there at once (R-14)", async () => {
  const talk = new Conversation().establish();
  await using scene = await byHand(talk);
  scene.target.say(textOf(1, 100));
  scene.target.fail();
  assertEquals(scene.turn(), true);
  talk.play("> P. 1:101(100) ack 1");
  assertEquals(scene.turn(), false);
  talk.play("> R. 101:101(0) ack 1");
  assertEquals(scene.ends, ["reset by target"]);
});

Deno.test("a socket's text leaves before its reset, which the guest's text has found (R-14)", async () => {
  const talk = new Conversation().establish();
  await using scene = await byHand(talk);
  scene.target.say(textOf(1, 100));
  scene.target.fail();
  talk.play(`
    < P. 1:51(50) ack 1
    > . 1:1(0) ack 51
  `); // and nobody has looked at the socket
  assertEquals(scene.turn(), true);
  talk.play("> P. 1:101(100) ack 51");
  scene.turn();
  talk.play("> R. 101:101(0) ack 51");
  assertEquals(scene.ends, ["reset by target"]);
});

Deno.test("text behind urgent data of a socket is passed on, too", async () => {
  const talk = new Conversation().establish();
  await using scene = await byHand(talk);
  scene.target.say(textOf(1, 10));
  scene.target.sayUrgently(0xff); // which is not in the stream
  scene.target.say(textOf(11, 20));
  while (scene.turn());
  talk.play("> P. 1:31(30) ack 1");
});

Deno.test("a socket is read on after there was room for its text, but no memory (D-06)", async () => {
  // 64 KiB are not tight, but their double would be more than all.
  const tcp = { sendBuffer: 1 << 20, maxMemory: 98_304 };
  const talk = new Conversation({ tcp }).establish();
  await using scene = await byHand(talk);
  scene.target.say(textOf(1, 200_000));
  for (let turns = 0; turns < 20; turns++) scene.turn();
  let acked = 1;
  while (acked < 200_001) {
    const sent = talk.takePacket();
    if (sent?.kind === "tcp") acked = sent.start + sent.length;
    else assert(scene.splice.bytesDown >= acked, `Nothing moves after ${acked - 1} bytes`);
    talk.play(`
      {
      < . 1:1(0) ack ${acked} win 65535
      }
    `);
    scene.turn();
  }
});

Deno.test("events of a splice that is over, and ends that come twice, change nothing", async () => {
  const talk = new Conversation().establish();
  await using scene = await byHand(talk);
  scene.target.fail();
  scene.turn();
  talk.play("> R. 1:1(0) ack 1");
  scene.splice.ready(EPOLLIN | EPOLLOUT);
  scene.splice.notify();
  scene.splice.stop();
  scene.splice.stop();
  assertEquals([scene.turn(), scene.ends], [false, ["reset by target"]]);
});

for (const maxMemory of [8_192, 40_000, 98_304, 200_000]) {
  Deno.test(`a socket is read to its end with ${maxMemory} bytes of memory for all (D-06, S-17)`, async () => {
    const tcp = { sendBuffer: 1 << 20, maxMemory };
    await using scene = await joinedTo(new SocketTarget({ buffers: 65_536 }), tcp);
    const { target, client, guest } = scene;
    const data = pattern(2_000_000);
    target.say(data);
    target.closeOutput();
    await guest.until(() => client.connection.info.receiveWindow === 0);
    assertEquals(await client.readAll(), data);
  });
}

Deno.test("a socket carries a flow by IPv6", async () => {
  await using scene = await joinedTo(new SocketTarget({ address: "::1" }));
  const { target, client } = scene;
  await client.write(pattern(1000));
  client.closeWrite();
  await target.until(() => target.isInputClosed);
  target.say(pattern(2000));
  target.closeOutput();
  assertEquals([target.taken, await client.readAll()], [pattern(1000), pattern(2000)]);
});

/** What one side says, in pieces. */
const pieces = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.integer({ min: 1, max: 200_000 }),
  ),
  { maxLength: 12 },
);

Deno.test("a splice of a socket changes no byte, whatever is written when (W-17, S-17)", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        up: pieces,
        down: pieces,
        buffers: fc.constantFrom(2048, 20_000, 500_000),
        maxMemory: fc.constantFrom(20_000, 300_000, 1 << 24),
        mostPerWrite: fc.constantFrom(500, 5000, Infinity),
        pauses: fc.array(fc.nat(3), { maxLength: 12 }),
      }),
      async ({ up, down, buffers, maxMemory, mostPerWrite, pauses }) => {
        await using scene = await joinedTo(new SocketTarget({ buffers }), { maxMemory });
        const { target, client, over, ends } = scene;
        target.mostPerWrite = mostPerWrite;
        const pause = async (index: number) => {
          for (let count = pauses[index] ?? 0; count > 0; count--) {
            await crypto.subtle.digest("SHA-1", new Uint8Array(1));
          }
        };
        const sent = pattern(sum(up));
        const answer = pattern(sum(down)).reverse();
        const ask = async () => {
          let at = 0;
          for (const [index, length] of up.entries()) {
            await pause(index);
            await client.write(sent.subarray(at, at += length));
          }
          client.closeWrite();
        };
        const speak = async () => {
          let at = 0;
          for (const [index, length] of down.entries()) {
            await pause(11 - index);
            target.say(answer.slice(at, at += length));
          }
          target.closeOutput();
        };
        const [heard] = await Promise.all([client.readAll(), ask(), speak(), over]);
        await target.until(() => target.ended !== undefined);
        assertEquals(target.ended, "closed");
        assert(sameBytes(heard, answer) && sameBytes(target.taken, sent));
        assertEquals(ends, [`closed, ${sent.length} up, ${answer.length} down`]);
      },
    ),
    { numRuns: 40 },
  );
});

function sum(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + length, 0);
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
