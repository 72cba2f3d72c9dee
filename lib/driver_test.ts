import { assert, assertEquals, assertRejects } from "@std/assert";
import { ScriptedLink } from "../tests/harness/scripted_link.ts";
import { Drop } from "./base/drop.ts";
import { ChecksumState, HEADROOM, PacketBuffer } from "./base/packet_buffer.ts";
import { Driver } from "./driver.ts";
import { ipv4 } from "./ip/address.ts";
import { SendResult } from "./link/link.ts";
import { Stack } from "./stack/stack.ts";

/** A link that says what is done to it. */
class FakeLink extends ScriptedLink {
  /** What {@linkcode send} answers. */
  answer: SendResult = SendResult.Sent;
  /** Packets offered, as text. */
  readonly offered: string[] = [];
  /** Arguments of each wait. */
  readonly waits: { timeout: number; writable: boolean }[] = [];
  wakes = 0;

  override send(packet: PacketBuffer): SendResult {
    this.offered.push(packet.bytes.slice(packet.start, packet.end).toHex());
    return this.answer;
  }

  wait(timeout: number, writable: boolean): Promise<void> {
    this.waits.push({ timeout, writable });
    return this.untilEnded();
  }

  override wake(): void {
    this.wakes++;
    super.wake();
  }

  /** Resolves when the driver waits for the `count`th time. */
  async untilWaiting(count: number): Promise<{ timeout: number; writable: boolean }> {
    await this.untilWaits(count);
    return this.waits[count - 1]!; // there are as many
  }
}

function driven(link: FakeLink = new FakeLink()) {
  const clock = { time: 1000, now: () => clock.time };
  const stack = new Stack(link, { tcp: { initialRto: 1000 } });
  const driver = new Driver(stack, link, { clock });
  let port = 1000;
  const connect = () => {
    const client = { address: ipv4(0x0a000202), port: port++ };
    return stack.connect(client, { address: ipv4(0x0a000264), port: 80 });
  };
  return { clock, link, stack, driver, connect };
}

Deno.test("Driver waits without end when there is nothing to do", async () => {
  const { link, driver } = driven();
  const running = driver.run();
  assertEquals(await link.untilWaiting(1), { timeout: Infinity, writable: false });
  driver.close();
  await running;
  assert(link.isClosed);
});

Deno.test("Driver keeps a packet for which the link is full, and offers it again (S-18, G-08)", async () => {
  const { link, stack, driver, connect } = driven();
  link.answer = SendResult.Full;
  connect();
  const running = driver.run();
  assertEquals((await link.untilWaiting(1)).writable, true);
  link.endWait();
  assertEquals((await link.untilWaiting(2)).writable, true);
  link.answer = SendResult.Sent;
  link.endWait();
  assertEquals((await link.untilWaiting(3)).writable, false);
  assertEquals(link.offered.length, 3);
  assertEquals(new Set(link.offered).size, 1);
  assertEquals([stack.transmitted, stack.drops.snapshot()], [1, {}]);
  driver.close();
  await running;
});

/** A link that takes packets from where they are. */
class GatheringLink extends FakeLink {
  override readonly checksumOffload = true;
  override readonly maxSegmentation = 60_000;
  readonly gathers = true;
  /** The memory that the last packet went on in. */
  tail = new Uint8Array(0);
  readonly #whole = new PacketBuffer(HEADROOM + 65_536);

  override send(packet: PacketBuffer): SendResult {
    this.tail = packet.tail;
    this.#whole.copyFrom(packet);
    return super.send(this.#whole);
  }
}

/** Takes what was offered last to `peer`, and what that answers to the link. */
function answer(peer: Stack, link: FakeLink): void {
  const packet = new PacketBuffer(HEADROOM + 65_536);
  packet.clear();
  const bytes = Uint8Array.fromHex(link.offered.at(-1) ?? "");
  packet.bytes.set(bytes, packet.append(bytes.length));
  packet.checksumState = ChecksumState.Verified;
  peer.receive(packet, 1000);
  peer.nextRequest()?.accept();
  while (peer.transmit(packet, 1000)) {
    link.incoming.push([...packet.bytes.subarray(packet.start, packet.end)]);
  }
}

Deno.test("Driver keeps a packet whole, whatever becomes of the memory that it was in", async () => {
  const link = new GatheringLink();
  const { driver, connect } = driven(link);
  const connection = connect();
  const running = driver.run();
  await link.untilWaiting(1);
  answer(new Stack({ mtu: 1500, checksumOffload: false, maxSegmentation: 0 }), link);
  link.answer = SendResult.Full;
  connection.write(Uint8Array.from({ length: 50_000 }, (_, i) => i * 7 + (i >> 8)));
  link.endWait();
  await link.untilWaiting(2);
  const { tail } = link;
  assert(tail.length > 0);
  tail.fill(0);
  link.endWait();
  await link.untilWaiting(3);
  assertEquals(link.tail.length, 0);
  const [first, second] = link.offered.slice(-2);
  assert(first === second && (first?.length ?? 0) > 2 * 8192);
  driver.close();
  await running;
});

Deno.test("Driver counts a packet that the link refuses, and goes on with the next (Z-04)", async () => {
  const { link, stack, driver, connect } = driven();
  link.answer = SendResult.Refused;
  connect();
  connect();
  const running = driver.run();
  await link.untilWaiting(1);
  assertEquals([link.offered.length, stack.drops.of(Drop.LinkRefused)], [2, 2]);
  driver.close();
  await running;
});

Deno.test("Driver sends at once what a kick makes possible, and wakes for its deadline", async () => {
  const { link, driver, connect } = driven();
  const running = driver.run();
  await link.untilWaiting(1);
  connect();
  driver.kick();
  assertEquals([link.offered.length, link.wakes], [1, 1]);
  assert((await link.untilWaiting(2)).timeout <= 1000);
  driver.kick();
  assertEquals([link.offered.length, link.wakes], [1, 1]);
  driver.close();
  await running;
});

Deno.test("Driver wakes when a kick finds the link full, to wait for room", async () => {
  const { link, driver, connect } = driven();
  const running = driver.run();
  await link.untilWaiting(1);
  link.answer = SendResult.Full;
  connect();
  driver.kick();
  assertEquals(link.wakes, 1);
  assertEquals((await link.untilWaiting(2)).writable, true);
  driver.close();
  await running;
});

Deno.test("Driver lets several shells pull, in the order in which they came", async () => {
  const { link, driver } = driven();
  const pumped: string[] = [];
  driver.attach({ pump: () => void pumped.push("one") });
  driver.attach({ pump: () => void pumped.push("two") });
  const running = driver.run();
  await link.untilWaiting(1);
  assertEquals(pumped, ["one", "two"]);
  driver.close();
  await running;
});

Deno.test("Driver ignores kicks from inside a step, which sends in any case", async () => {
  const { link, driver, connect } = driven();
  let isFirst = true;
  driver.attach({
    pump: () => {
      if (isFirst) connect();
      isFirst = false;
      driver.kick();
      assertEquals(link.offered, []);
    },
  });
  const running = driver.run();
  await link.untilWaiting(1);
  assertEquals([link.offered.length, link.wakes], [1, 0]);
  driver.close();
  await running;
});

Deno.test("Driver runs what is due, and sends it", async () => {
  const { clock, link, driver, connect } = driven();
  connect();
  const running = driver.run();
  const { timeout } = await link.untilWaiting(1);
  assert(timeout > 0 && timeout <= 1000);
  clock.time += 1000;
  link.endWait();
  await link.untilWaiting(2);
  assertEquals(link.offered.length, 2); // the SYN again
  driver.close();
  await running;
});

Deno.test("Driver lets others run between bursts, however much there is (C-10, W-23)", async () => {
  const { link, stack, driver, connect } = driven();
  for (let i = 0; i < 150; i++) connect();
  link.incoming = Array.from({ length: 150 }, () => [0]);
  const running = driver.run();
  const steps: [received: number, sent: number, timeout: number][] = [];
  for (let step = 1; link.incoming.length > 0 || step < 4; step++) {
    const { timeout } = await link.untilWaiting(step);
    steps.push([stack.received, link.offered.length, timeout]);
    link.endWait();
  }
  assertEquals(steps.slice(0, 2), [[64, 64, 0], [128, 128, 0]]);
  assertEquals(steps[2]?.slice(0, 2), [150, 150]);
  assert((steps[2]?.[2] ?? 0) > 0);
  driver.close();
  await running;
});

Deno.test("Driver ends when its link is gone", async () => {
  const { link, driver } = driven();
  const running = driver.run();
  await link.untilWaiting(1);
  link.close();
  link.endWait();
  await running;
});

Deno.test("Driver does nothing upon a kick after its end", async () => {
  const { link, driver, connect } = driven();
  const running = driver.run();
  driver.close();
  await running;
  const { wakes } = link;
  connect();
  driver.kick();
  assertEquals([link.offered.length, link.wakes], [0, wakes]);
});

Deno.test("Driver ends with an error of a step, and does not blame who has kicked it", async () => {
  const { driver, link } = driven();
  let isWrong = false;
  driver.attach({
    pump() {
      if (isWrong) throw new Error("a mistake in the shell");
    },
  });
  const running = driver.run();
  isWrong = true;
  driver.kick();
  await assertRejects(() => running, Error, "a mistake in the shell");
  assertEquals(link.isClosed, true);
});

Deno.test("Driver sends all that is owed before it ends, however much that is", async () => {
  const { link, driver, connect } = driven();
  for (let count = 0; count < 150; count++) connect();
  driver.close();
  await driver.run();
  assertEquals(link.offered.length, 150);
});
