import { assertEquals } from "@std/assert";
import { tcpConfig } from "./config.ts";
import { ControlBlock, Owed } from "./control_block.ts";
import { Segment } from "./header.ts";
import { duplicateAcknowledged, newlyAcknowledged, noteSack } from "./recovery.ts";
import { seqAdd, toSeq } from "./seq.ts";

/** A connection with `outstanding` bytes in flight. */
function sender(outstanding: number): ControlBlock {
  const tcb = new ControlBlock(tcpConfig(), toSeq(-5));
  tcb.snd.mss = 1000;
  tcb.snd.wnd = 1 << 20;
  tcb.unacked.write(new Uint8Array(outstanding), 0, outstanding);
  tcb.snd.nxt = tcb.snd.max = seqAdd(tcb.snd.una, outstanding);
  return tcb;
}

Deno.test("Losses are found as well after gigabytes without any (Z-02, S-20)", () => {
  for (const sack of [false, true]) {
    const tcb = sender(0);
    tcb.sack = sack;
    for (let acked = 0; acked < 3 * 2 ** 30; acked += 2 ** 29) {
      tcb.snd.una = tcb.snd.nxt = tcb.snd.max = seqAdd(tcb.snd.una, 2 ** 29);
      newlyAcknowledged(tcb, 2 ** 29, false);
    }
    tcb.unacked.write(new Uint8Array(10_000), 0, 10_000);
    tcb.snd.nxt = tcb.snd.max = seqAdd(tcb.snd.una, 10_000);
    for (let count = 0; count < 3; count++) duplicateAcknowledged(tcb);
    assertEquals(tcb.recovery.active, true);
    assertEquals(tcb.owed & Owed.Retransmit, Owed.Retransmit);
  }
});

Deno.test("Blocks outside of what is outstanding are not noted (X-14)", () => {
  const tcb = sender(10_000);
  const { una, max } = tcb.snd;
  const note = (from: number, to: number): boolean => {
    const segment = new Segment();
    segment.options.addSack(seqAdd(una, from), seqAdd(una, to));
    return noteSack(tcb, segment);
  };
  assertEquals(note(0, 1000), false); // would have been acknowledged
  assertEquals(note(-1000, 0), false);
  assertEquals(note(-1000, 1000), false);
  assertEquals(note(9000, 10_001), false);
  assertEquals(note(5000, 4000), false);
  assertEquals(note(5000, 5000), false);
  assertEquals(note(2 ** 31 - 1, -(2 ** 31)), false);
  assertEquals(note(2 ** 31 - 2, -(2 ** 31) + 1), false); // each is before the next (lesson 20)
  assertEquals(tcb.sacked.count, 0);
  assertEquals(note(9000, 10_000), true);
  assertEquals(tcb.sacked.last?.end, max);
  assertEquals(note(9000, 10_000), false); // no news
});
