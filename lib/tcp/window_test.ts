import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { tcpConfig } from "./config.ts";
import { ControlBlock } from "./control_block.ts";
import { seqAdd, seqDiff, toSeq } from "./seq.ts";
import { advertiseWindow, findWindowScale, owesWindowUpdate } from "./window.ts";

Deno.test("findWindowScale() is gVisor's FindWndScale (O-08)", () => {
  const table: readonly [number, number][] = [
    [0, 0],
    [0xffff, 0],
    [0x1_0000, 1],
    [2 * 0xffff, 1],
    [2 * 0xffff + 1, 2],
    [1 << 20, 5],
    [0xffff << 13, 13],
    [(0xffff << 13) + 1, 14],
    [0xffff * 2 ** 14, 14],
    [2 ** 40, 14],
  ];
  for (const [window, scale] of table) assertEquals(findWindowScale(window), scale, `${window}`);
});

/** A connection that can receive `buffer` bytes, with windows in units of 2^scale. */
function receiver(buffer: number, scale: number): ControlBlock {
  const tcb = new ControlBlock(tcpConfig({ receiveBuffer: buffer }), toSeq(0));
  tcb.rcv.nxt = tcb.rcv.edge = toSeq(2 ** 31 - 5000);
  tcb.rcv.mss = 1460;
  tcb.rcv.scale = scale;
  return tcb;
}

const NOTHING = new Uint8Array(1 << 20);

/** Receives and reads at random; calls `check` after each advertisement. */
function play(
  tcb: ControlBlock,
  steps: readonly (readonly [number, number])[],
  check: (field: number) => void,
): void {
  for (const [arrives, isRead] of steps) {
    const room = Math.min(seqDiff(tcb.rcv.edge, tcb.rcv.nxt), tcb.received.free);
    const count = Math.min(arrives, Math.max(room, 0));
    tcb.received.write(NOTHING, 0, count);
    tcb.rcv.nxt = seqAdd(tcb.rcv.nxt, count);
    tcb.received.drop(Math.min(isRead, tcb.received.length));
    check(advertiseWindow(tcb));
  }
}

const steps = fc.array(fc.tuple(fc.nat(9000), fc.nat(9000)), { maxLength: 60 });

Deno.test("advertiseWindow() never moves the right edge left (W-08, lesson 8)", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4096, max: 300_000 }),
      fc.nat(7),
      steps,
      (buffer, scale, steps) => {
        const tcb = receiver(buffer, scale);
        let { edge } = tcb.rcv;
        play(tcb, steps, (field) => {
          assert(Number.isInteger(field) && field >= 0 && field <= 0xffff, `a field of ${field}`);
          const told = seqAdd(tcb.rcv.nxt, field * 2 ** scale);
          // On the wire only the granularity may be lost; the promise itself stands.
          assert(seqDiff(told, edge) > -(2 ** scale));
          assert(seqDiff(tcb.rcv.edge, edge) >= 0);
          const roundedUp = Math.ceil(seqDiff(edge, tcb.rcv.nxt) / 2 ** scale) * 2 ** scale;
          if (roundedUp <= tcb.received.free) assert(seqDiff(told, edge) >= 0);
          assert(seqDiff(told, tcb.rcv.edge) <= 0); // what was told has been noted: O-10
          edge = tcb.rcv.edge;
        });
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("advertiseWindow() promises no more than fits (W-18, W-16)", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4096, max: 300_000 }),
      fc.nat(7),
      steps,
      (buffer, scale, steps) => {
        const tcb = receiver(buffer, scale);
        play(tcb, steps, (field) => {
          assert(field * 2 ** scale <= tcb.received.free);
          assert(seqDiff(tcb.rcv.edge, tcb.rcv.nxt) <= tcb.received.free);
        });
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("advertiseWindow() tells of everything once enough is free (W-10)", () => {
  const tcb = receiver(100_000, 1);
  assertEquals(advertiseWindow(tcb), 50_000);
  tcb.received.write(NOTHING, 0, 100_000);
  tcb.rcv.nxt = seqAdd(tcb.rcv.nxt, 100_000);
  assertEquals(advertiseWindow(tcb), 0);
  tcb.received.drop(1459);
  assertEquals(owesWindowUpdate(tcb), false);
  assertEquals(advertiseWindow(tcb), 0);
  tcb.received.drop(1);
  assertEquals(owesWindowUpdate(tcb), true);
  assertEquals(advertiseWindow(tcb), 730);
  assertEquals(owesWindowUpdate(tcb), false); // it has been told
});

Deno.test("No update is owed for what a field cannot say (W-11)", () => {
  const tcb = receiver(1 << 20, 0);
  assertEquals(advertiseWindow(tcb), 0xffff);
  for (let read = 0; read < 100; read++) assertEquals(owesWindowUpdate(tcb), false);
});
