import { assert, assertEquals, assertLess } from "@std/assert";
import { BUFFER, GUEST_BUFFER, joined, type Kind } from "../../tests/harness/joined.ts";
import { pattern } from "../../tests/harness/memory_guest.ts";

/** Registers a test of both kinds of splices. */
function spliceTest(name: string, body: (kind: Kind) => Promise<void>): void {
  for (const kind of ["promises", "events"] as const) {
    Deno.test(kind === "promises" ? name : `on a socket, ${name}`, () => body(kind));
  }
}

spliceTest(
  "a splice keeps what the target does not take at once, in order (W-17)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, client } = scene;
    const data = pattern(200_000);
    target.mostPerWrite = 777;
    await client.write(data);
    await target.until(() => target.taken.length === data.length);
    assertEquals(Uint8Array.from(target.taken), data);
  },
);

spliceTest(
  "a splice passes on the guest's FIN after all its data, and what comes then (F-01)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, client, ends, over } = scene;
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
    await target.until(() => target.ended === "closed");
    assertEquals(ends, ["closed, 50000 up, 100000 down"]);
  },
);

spliceTest(
  "a splice passes on the target's end, and what the guest sends then (F-02)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, client, ends, over } = scene;
    target.say(pattern(10));
    target.closeOutput();
    assertEquals(await client.readAll(), pattern(10));
    await client.write(pattern(300_000));
    assertEquals(target.ended, undefined);
    client.closeWrite();
    await over;
    await target.until(() => target.ended === "closed");
    assertEquals(Uint8Array.from(target.taken), pattern(300_000));
    assertEquals(target.isInputClosed, true);
    assertEquals(ends, ["closed, 300000 up, 10 down"]);
  },
);

spliceTest("a splice hands on much and little that the target says, unchanged", async (kind) => {
  await using scene = await joined(kind);
  const { target, client } = scene;
  const data = pattern(1_000_000);
  let at = 0;
  for (const length of [1, 5000, 1024, 1024, 300_000, 1, 1025, 262_144, 100_000, 1023]) {
    target.say(data.slice(at, at += length));
  }
  target.say(data.slice(at));
  target.closeOutput();
  assertEquals(await client.readAll(), data);
});

spliceTest("a splice resets the target when the guest resets (R-15)", async (kind) => {
  await using scene = await joined(kind);
  const { target, client, ends, over } = scene;
  client.abort();
  await over;
  await target.until(() => target.ended === "reset");
  assertEquals(ends, ["reset by guest, 0 up, 0 down"]);
});

spliceTest(
  "a splice resets the target when the guest resets while a write waits (R-15)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, client, ends, over } = scene;
    target.capacity = 100;
    await client.write(pattern(50_000));
    await target.until(() => target.taken.length === 100);
    client.abort();
    await over;
    await target.until(() => target.ended === "reset");
    const taken = kind === "promises" ? 100 : 50_000; // with what waits in the host's kernel
    assertEquals([target.taken.length, ends], [100, [`reset by guest, ${taken} up, 0 down`]]);
  },
);

spliceTest("a splice resets the guest when reading from the target fails (R-14)", async (kind) => {
  await using scene = await joined(kind);
  const { target, client, ends, over } = scene;
  target.fail();
  assertEquals(await client.lost(), "reset");
  await over;
  assertEquals(ends, ["reset by target, 0 up, 0 down"]);
});

spliceTest(
  "a splice resets the guest when writing to the target fails (R-14, F-22)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, client, over } = scene;
    target.closeOutput();
    assertEquals((await client.readAll()).length, 0);
    target.capacity = 0;
    await client.write(pattern(1000));
    target.fail();
    assertEquals(await client.lost(), "reset");
    await over;
  },
);

spliceTest("a target that takes nothing stops a fast guest, until it does (W-15)", async (kind) => {
  await using scene = await joined(kind);
  const { target, guest, client } = scene;
  target.capacity = 0;
  const data = pattern(kind === "promises" ? 1_000_000 : 8_000_000); // more than all buffers
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

spliceTest(
  "a guest that reads nothing stops reading from a fast target, until it does (S-17)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, guest, client } = scene;
    const data = pattern(1_000_000);
    target.say(data);
    target.closeOutput();
    await guest.until(() => client.connection.info.receiveWindow === 0);
    // The buffers of both ends, and nothing else, are between target and guest.
    assertLess(guest.forwarder.bytesInProgress, GUEST_BUFFER + BUFFER + 1);
    assertEquals(await client.readAll(), data);
  },
);

spliceTest(
  "stopping resets a target that has not got all that the guest has sent",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, guest, client, ends } = scene;
    target.capacity = 10;
    await client.write(pattern(1000));
    await target.until(() => target.taken.length === 10);
    await guest[Symbol.asyncDispose]();
    await target.until(() => target.ended === "reset");
    const taken = kind === "promises" ? 10 : 1000; // with what waits in the host's kernel
    assertEquals([target.taken.length, ends], [10, [`stopped, ${taken} up, 0 down`]]);
  },
);

spliceTest(
  "stopping closes a target that has got all: a reset would take it back (F-21)",
  async (kind) => {
    await using scene = await joined(kind);
    const { target, guest, client, ends } = scene;
    await client.write(pattern(1000));
    client.closeWrite();
    await target.until(() => target.isInputClosed);
    await guest[Symbol.asyncDispose]();
    target.closeOutput();
    await target.until(() => target.ended !== undefined);
    assertEquals([target.ended, ends], ["closed", ["stopped, 1000 up, 0 down"]]);
  },
);
