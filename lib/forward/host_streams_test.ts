import { assert, assertEquals, assertLess } from "@std/assert";
import { MemoryGuest, type MemoryGuestOptions, pattern } from "../../tests/harness/memory_guest.ts";
import { Notes } from "../../tests/harness/notes.ts";
import { SocketTarget } from "../../tests/harness/socket_target.ts";
import type { IpAddress } from "../ip/address.ts";
import { parseAddress } from "../text/address.ts";
import type { Verdict } from "./policy.ts";

/** A guest whose connections go to `address`, to the ports that it says. */
function guestOf(address: IpAddress, options: MemoryGuestOptions = {}): MemoryGuest {
  return new MemoryGuest(undefined, {
    policy: { decide: ({ target: { port } }) => allow(address, port) },
    ...options,
  });
}

function allow(address: IpAddress, port: number): Verdict {
  return { kind: "allow", target: { hostname: "target", port, address } };
}

/** Descriptors of this process. */
function descriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("a guest that resets before it is established resets the socket (R-15)", async () => {
  await using target = new SocketTarget();
  const observer = new Notes();
  await using guest = guestOf(target.address, { observer });
  guest.connect(target.port).abort(); // its SYN has left: a reset answers the SYN-ACK
  assertEquals(await observer.next(), "opened");
  assertEquals(await observer.next(), "reset by guest, 0 up, 0 down");
  await target.until(() => target.ended === "reset");
});

Deno.test("a socket that says something at once is heard once the guest is established", async () => {
  await using target = new SocketTarget();
  await using guest = guestOf(target.address);
  target.say(pattern(5000));
  target.closeOutput();
  const client = guest.connect(target.port);
  assertEquals(await client.readAll(), pattern(5000));
});

Deno.test("one descriptor after the other serves many flows, and none is left (D-01)", async () => {
  await using target = new SocketTarget();
  const observer = new Notes();
  const guest = guestOf(target.address, { observer });
  let before = 0;
  for (let round = 0; round < 30; round++) {
    const client = await guest.established(target.port);
    await target.until(() => target.accepted === round + 1);
    assertEquals(await observer.next(), "opened");
    if (round === 10) before = descriptors();
    const data = pattern(100 + round);
    await client.write(data);
    await target.until(() => target.taken.length === data.length);
    assertEquals(target.taken, data);
    if (round % 3 === 0) {
      client.abort();
      assertEquals(await observer.next(), `reset by guest, ${data.length} up, 0 down`);
    } else if (round % 3 === 1) {
      target.fail();
      assertEquals(await client.lost(), "reset");
      assertEquals(await observer.next(), `reset by target, ${data.length} up, 0 down`);
    } else {
      target.say(data);
      target.closeOutput();
      client.closeWrite();
      assertEquals(await client.readAll(), data);
      assertEquals(await observer.next(), `closed, ${data.length} up, ${data.length} down`);
    }
    assertEquals(guest.forwarder.openCount, 0);
  }
  await guest.established(target.port);
  await target.until(() => target.accepted === 31);
  assertEquals(descriptors(), before);
  await guest[Symbol.asyncDispose]();
});

Deno.test("a socket that is refused refuses the flow, of either family (H-02)", async () => {
  for (const address of ["127.0.0.1", "::1"]) {
    const target = new SocketTarget({ address });
    const { port } = target;
    await target[Symbol.asyncDispose]();
    const observer = new Notes();
    await using guest = guestOf(parseAddress(address), { observer });
    assertEquals(await guest.connect(port).lost(), "refused");
    assertEquals(await observer.next(), `refused: target:${port}: connection refused`);
  }
});

Deno.test("a socket that the kernel refuses says why, also by a name that we do not know (H-02)", async () => {
  const observer = new Notes();
  await using guest = guestOf(parseAddress("fe80::1"), { observer }); // of which link?
  assertEquals(await guest.connect(7).lost(), "refused");
  assertEquals(await observer.next(), "failed: target:7: EINVAL");
});

Deno.test("flows that are given up while they are dialled make place for others (H-14, D-01)", async () => {
  await using busy = new SocketTarget({ backlog: 0 });
  await using free = new SocketTarget();
  const observer = new Notes();
  await using filling = guestOf(busy.address);
  busy.isAccepting = false;
  await filling.established(busy.port); // from now on its queue is full, and SYNs are dropped
  const before = descriptors();
  await using guest = guestOf(busy.address, {
    observer,
    maxDials: 2,
    tcp: { requestTimeout: 10 },
  });
  const mine = descriptors() - before;
  for (let round = 0; round < 3; round++) {
    guest.connect(busy.port);
    guest.connect(busy.port);
    for (let count = 0; count < 2; count++) {
      assertEquals(await observer.next(), "given up: the guest did not wait");
    }
    assertEquals(descriptors() - before, mine);
  }
  await guest.established(free.port);
  assertEquals(await observer.next(), "opened");
});

Deno.test("a policy that decides later is obeyed as soon as it has (H-02)", async () => {
  await using target = new SocketTarget();
  await using guest = new MemoryGuest(undefined, {
    policy: { decide: ({ target: { port } }) => Promise.resolve(allow(target.address, port)) },
  });
  const client = await guest.established(target.port);
  assertEquals(client.connection.info.totalRetransmits, 0);
});

Deno.test("a flow in a hurry is served beside one that never ends", async () => {
  await using endless = new SocketTarget();
  await using echo = new SocketTarget();
  await using guest = guestOf(echo.address);
  const bulk = await guest.established(endless.port);
  let isOver = false;
  const flood = async () => {
    while (!isOver) await bulk.write(pattern(10_000));
  };
  const flooding = flood();
  const client = await guest.established(echo.port);
  await echo.until(() => echo.accepted === 1);
  for (let round = 1; round <= 50; round++) {
    await client.write(Uint8Array.of(round));
    await echo.until(() => echo.taken.length === round);
    echo.say(Uint8Array.of(round));
    await guest.until(() => client.connection.readable === round);
  }
  isOver = true;
  await flooding;
  assert(endless.taken.length > 0);
});

Deno.test("stopping ends flows while their sockets have something to say, and leaves nothing", async () => {
  const before = descriptors();
  await using target = new SocketTarget();
  const own = descriptors() - before;
  const observer = new Notes();
  const guest = guestOf(target.address, { observer });
  const client = await guest.established(target.port);
  await target.until(() => target.accepted === 1);
  target.say(pattern(100_000));
  target.fail();
  await client.write(pattern(10)).catch(() => {});
  guest.forwarder.stop();
  guest.forwarder.stop();
  await guest[Symbol.asyncDispose]();
  assertEquals(observer.lines.length, 2); // opened, and one end
  assertLess(descriptors() - before, own + 2); // the target's connection may be open
});
