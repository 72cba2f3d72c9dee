import { assert, assertEquals, assertLess } from "@std/assert";
import { dialerOf, FakeTarget, MemoryGuest, pattern } from "../../tests/harness/memory_guest.ts";
import type { FlowObserver } from "./observer.ts";

const BUFFER = 262_144;
const GUEST_BUFFER = 65_536;

/** A guest with one connection to a target that does what the test says. */
async function joined() {
  const target = new FakeTarget();
  const ends: string[] = [];
  const over = Promise.withResolvers<void>();
  const observer: FlowObserver = {
    opened: () => {},
    refused: () => {},
    closed: (_flow, end, up, down) => {
      ends.push(`${end}, ${up} up, ${down} down`);
      over.resolve();
    },
  };
  const guest = new MemoryGuest(dialerOf(target), {
    observer,
    tcp: { sendBuffer: BUFFER, receiveBuffer: BUFFER },
    guestBuffer: GUEST_BUFFER,
  });
  const client = await guest.established();
  return { target, guest, client, ends, over: over.promise };
}

Deno.test("a splice keeps what the target does not take at once, in order (W-17)", async () => {
  const { target, guest, client } = await joined();
  await using _ = guest;
  const data = pattern(200_000);
  target.mostPerWrite = 777;
  await client.write(data);
  await target.until(() => target.taken.length === data.length);
  assertEquals(Uint8Array.from(target.taken), data);
});

Deno.test("a splice passes on the guest's FIN after all its data, and what comes then (F-01)", async () => {
  const { target, guest, client, ends, over } = await joined();
  await using _ = guest;
  target.mostPerWrite = 1000;
  await client.write(pattern(50_000));
  client.closeWrite();
  await target.until(() => target.isInputClosed);
  assertEquals(target.taken.length, 50_000);
  assertEquals(target.ended, undefined);
  target.say(pattern(100_000));
  target.closeOutput();
  assertEquals(await client.readAll(), pattern(100_000));
  await over;
  assertEquals(target.ended, "closed");
  assertEquals(ends, ["closed, 50000 up, 100000 down"]);
});

Deno.test("a splice passes on the target's end, and what the guest sends then (F-02)", async () => {
  const { target, guest, client, ends, over } = await joined();
  await using _ = guest;
  target.say(pattern(10));
  target.closeOutput();
  assertEquals(await client.readAll(), pattern(10));
  await client.write(pattern(300_000));
  assertEquals(target.ended, undefined);
  client.closeWrite();
  await over;
  assertEquals(Uint8Array.from(target.taken), pattern(300_000));
  assertEquals([target.isInputClosed, target.ended], [true, "closed"]);
  assertEquals(ends, ["closed, 300000 up, 10 down"]);
});

Deno.test("a splice hands on much and little that the target says, unchanged", async () => {
  const { target, guest, client } = await joined();
  await using _ = guest;
  const data = pattern(1_000_000);
  let at = 0;
  for (const length of [1, 5000, 1024, 1024, 300_000, 1, 1025, 262_144, 100_000, 1023]) {
    target.say(data.slice(at, at += length));
  }
  target.say(data.slice(at));
  target.closeOutput();
  assertEquals(await client.readAll(), data);
});

Deno.test("a splice resets the target when the guest resets (R-15)", async () => {
  const { target, guest, client, ends, over } = await joined();
  await using _ = guest;
  client.abort();
  await over;
  assertEquals(target.ended, "reset");
  assertEquals(ends, ["reset by guest, 0 up, 0 down"]);
});

Deno.test("a splice resets the target when the guest resets while a write waits (R-15)", async () => {
  const { target, guest, client, ends, over } = await joined();
  await using _ = guest;
  target.capacity = 100;
  await client.write(pattern(50_000));
  await target.until(() => target.taken.length === 100);
  client.abort();
  await over;
  assertEquals(target.ended, "reset");
  assertEquals(ends, ["reset by guest, 100 up, 0 down"]);
});

Deno.test("a splice resets the guest when reading from the target fails (R-14)", async () => {
  const { target, guest, client, ends, over } = await joined();
  await using _ = guest;
  target.fail();
  assertEquals(await client.lost(), "reset");
  await over;
  assertEquals(ends, ["reset by target, 0 up, 0 down"]);
});

Deno.test("a splice resets the guest when writing to the target fails (R-14, F-22)", async () => {
  const { target, guest, client, over } = await joined();
  await using _ = guest;
  target.closeOutput();
  assertEquals((await client.readAll()).length, 0);
  target.capacity = 0;
  await client.write(pattern(1000));
  target.fail();
  assertEquals(await client.lost(), "reset");
  await over;
});

Deno.test("a target that takes nothing stops a fast guest, until it does (W-15)", async () => {
  const { target, guest, client } = await joined();
  await using _ = guest;
  target.capacity = 0;
  const data = pattern(1_000_000);
  let isWritten = false;
  const writing = client.write(data).then(() => isWritten = true);
  // All buffers on the way are full when the guest's stack has stopped sending.
  await guest.until(() => client.connection.info.sendWindow === 0);
  assert(!isWritten);
  assertEquals(target.taken.length, 0);
  target.makeRoom(Infinity);
  await writing;
  client.closeWrite();
  await target.until(() => target.isInputClosed);
  assertEquals(Uint8Array.from(target.taken), data);
});

Deno.test("a guest that reads nothing stops reading from a fast target, until it does (S-17)", async () => {
  const { target, guest, client } = await joined();
  await using _ = guest;
  const data = pattern(1_000_000);
  target.say(data);
  target.closeOutput();
  await guest.until(() => client.connection.info.receiveWindow === 0);
  // The buffers of both ends, and nothing else, are between target and guest.
  assertLess(target.given, GUEST_BUFFER + BUFFER + 1);
  assertEquals(await client.readAll(), data);
});

Deno.test("stopping resets a target that has not got all that the guest has sent", async () => {
  const { target, guest, client, ends } = await joined();
  target.capacity = 10;
  await client.write(pattern(1000));
  await target.until(() => target.taken.length === 10);
  await guest[Symbol.asyncDispose]();
  assertEquals([target.ended, ends], ["reset", ["stopped, 10 up, 0 down"]]);
});

Deno.test("stopping closes a target that has got all: a reset would take it back (F-21)", async () => {
  const { target, guest, client, ends } = await joined();
  await client.write(pattern(1000));
  client.closeWrite();
  await target.until(() => target.isInputClosed);
  await guest[Symbol.asyncDispose]();
  assertEquals([target.ended, ends], ["closed", ["stopped, 1000 up, 0 down"]]);
});
