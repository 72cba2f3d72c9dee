import { assert, assertEquals, assertGreater } from "@std/assert";
import { ScriptedLink } from "../tests/harness/scripted_link.ts";
import { Driver, type DriverOptions, type Shell } from "./driver.ts";
import { Poller } from "./ffi/poller.ts";
import { ipv4 } from "./ip/address.ts";
import { Stack } from "./stack/stack.ts";

const START = 1000;

/** A link that can be looked at; each look takes its time, of a clock that nothing else moves. */
class LookingLink extends ScriptedLink implements Disposable {
  readonly poller: Poller = new Poller();
  readonly clock = { time: START, now: () => this.clock.time };
  /** What is told of a look, whose number and timeout are given. */
  onLook: (count: number, timeout: number) => boolean = () => false;
  /** What was done, in this order. */
  readonly calls: { name: "look" | "wait"; timeout: number; at: number }[] = [];

  look(timeout: number): boolean {
    this.calls.push({ name: "look", timeout, at: this.clock.time });
    assert(timeout >= 0, "A look into the past");
    const isTrue = this.onLook(this.looks.length, timeout);
    this.clock.time += isTrue ? 0.01 : Math.max(0.01, timeout);
    return isTrue;
  }

  wait(timeout: number): Promise<void> {
    this.calls.push({ name: "wait", timeout, at: this.clock.time });
    assert(timeout >= 0, "A wait in the past");
    return this.untilEnded();
  }

  /** Timeouts of the looks so far. */
  get looks(): number[] {
    return this.calls.filter(({ name }) => name === "look").map(({ timeout }) => timeout);
  }

  /** The waits so far: for how long, and when. */
  get waits(): { timeout: number; at: number }[] {
    return this.calls.filter(({ name }) => name === "wait");
  }

  /** Lets a wait end that is going on, and forgets what was done. */
  goOn(): void {
    this.calls.length = 0;
    this.endWait();
  }

  [Symbol.dispose](): void {
    this.poller.close();
  }
}

/** A driver that has had its first wait, which comes before any look. */
async function driven(link: LookingLink, options: DriverOptions, ...shells: Shell[]) {
  const { clock } = link;
  const stack = new Stack(link, { tcp: { initialRto: 1000 } });
  const driver = new Driver(stack, link, { clock, ...options });
  for (const shell of shells) driver.attach(shell);
  const running = driver.run();
  await link.untilWaits(1);
  link.goOn();
  return {
    stack,
    driver,
    [Symbol.asyncDispose]: async () => {
      driver.close();
      await running;
    },
  };
}

for (const [mayBlock, slice] of [[false, 1], [true, 50]] as const) {
  Deno.test(`Driver keeps the thread for ${slice} ms, though something happens all the time (C-10, W-23)`, async () => {
    using link = new LookingLink();
    link.onLook = () => true;
    await using _ = await driven(link, { mayBlock });
    await link.untilWaits(1);
    const [wait] = link.waits;
    assert(wait && wait.at >= START + slice && wait.at < START + slice + 0.1, `${wait?.at}`);
    assertGreater(link.looks.length, slice * 50);
    assertEquals(Math.max(...link.looks), 0);
    link.goOn(); // and again
    await link.untilWaits(1);
    const [next] = link.waits;
    assert(next && next.at >= wait.at + slice && next.at < wait.at + slice + 0.1, `${next?.at}`);
  });

  Deno.test(`Driver keeps the thread for ${slice} ms from a shell that is never done (C-10, W-23)`, async () => {
    using link = new LookingLink();
    const shell = {
      pump: () => {
        link.clock.time += 0.1;
        return true;
      },
    };
    await using _ = await driven(link, { mayBlock }, shell);
    await link.untilWaits(1);
    const [wait] = link.waits;
    assert(wait);
    assertEquals(wait.timeout, 0);
    assert(wait.at >= START + slice && wait.at < START + slice + 0.4, `${wait.at}`);
  });
}

Deno.test("Driver waits after each step, and does not look, while a shell awaits something", async () => {
  using link = new LookingLink();
  link.onLook = () => true;
  await using _ = await driven(link, { mayBlock: true }, { pump: () => true, awaits: true });
  for (let count = 0; count < 5; count++) {
    await link.untilWaits(1);
    assertEquals(link.looks, []);
    link.goOn();
  }
});

Deno.test("Driver looks once after a step, then waits, in a program that has other things to do", async () => {
  using link = new LookingLink();
  link.incoming = [[0], [0]];
  await using _ = await driven(link, {});
  await link.untilWaits(1);
  assertEquals(link.looks, [0]);
});

Deno.test("Driver does not sleep for a moment after little traffic, then for a millisecond", async () => {
  using link = new LookingLink();
  await using _ = await driven(link, { mayBlock: true });
  await link.untilWaits(1);
  link.incoming = [[0]];
  link.goOn();
  await link.untilWaits(1);
  assertEquals(link.looks.slice(0, 3), [0, 0, 0]);
  assertEquals(link.looks.filter((timeout) => timeout > 0), [1]);
  const slept = link.calls.find(({ timeout }) => timeout > 0)?.at ?? 0;
  const began = link.calls[0]?.at ?? 0;
  assert(slept - began >= 0.05 && slept - began < 0.08, `${slept - began}`);
});

Deno.test("Driver sleeps at once after much traffic: others may need the processor", async () => {
  using link = new LookingLink();
  await using _ = await driven(link, { mayBlock: true });
  await link.untilWaits(1);
  link.incoming = Array.from({ length: 20 }, () => Array.from({ length: 1500 }, () => 0));
  link.goOn();
  await link.untilWaits(1);
  assertEquals(link.looks, [0, 1]);
});

Deno.test("Driver waits without end after it has looked in vain, also if it may block", async () => {
  using link = new LookingLink();
  await using _ = await driven(link, { mayBlock: true });
  await link.untilWaits(1);
  assertEquals([link.looks, link.waits.map(({ timeout }) => timeout)], [[0], [Infinity]]);
});

Deno.test("Driver does not look nor wait beyond what is due, nor into the past", async () => {
  using link = new LookingLink();
  await using scene = await driven(link, { mayBlock: true });
  const { stack, driver } = scene;
  await link.untilWaits(1);
  stack.connect({ address: ipv4(0x0a000202), port: 7 }, { address: ipv4(0x0a000264), port: 80 });
  driver.kick();
  for (let count = 0; count < 3; count++) {
    await link.untilWaits(1);
    link.clock.time += 1200; // the timer of the SYN is long over
    link.goOn();
  }
  assertGreater(stack.transmitted, 1);
});

Deno.test("Driver ends when it is closed while it looks", async () => {
  using link = new LookingLink();
  const { driver, [Symbol.asyncDispose]: ended } = await driven(link, { mayBlock: true });
  link.onLook = () => {
    driver.close();
    return true;
  };
  await ended();
  assertEquals([link.isClosed, link.waits.length <= 1], [true, true]);
});

Deno.test("Driver tells shells whether packets wait that the stack has not seen", async () => {
  using link = new LookingLink();
  const told: boolean[] = [];
  await using _ = await driven(link, {}, { pump: (isBehind) => void told.push(isBehind) });
  await link.untilWaits(1);
  told.length = 0;
  link.incoming = Array.from({ length: 130 }, () => [0]);
  link.goOn();
  await link.untilWaits(1);
  assertEquals(told, [true, true, false]);
});
