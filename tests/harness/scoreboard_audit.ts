/**
 * Adds up the records of a scoreboard, and compares with the sums that it keeps.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { pipe } from "../../lib/tcp/pipe.ts";
import type { ControlBlock } from "../../lib/tcp/control_block.ts";
import type { Scoreboard } from "../../lib/tcp/scoreboard.ts";
import { Mark } from "../../lib/tcp/sent_records.ts";

/** Fails when a sum of `board` is not that of its records, or a record cannot be. */
export function auditScoreboard(board: Scoreboard): void {
  const head = board["head"];
  const tail = board["tail"];
  const sums = { sacked: 0, lost: 0, again: 0, unrepaired: 0, sackedSegments: 0 };
  let at = board.una;
  for (let index = head; index < tail; index++) {
    const marks = board["marksOf"](index);
    const length = board.endOf(index) - at;
    assert(length > 0 && board["segmentsIn"](index) > 0, "an empty record");
    at = board.endOf(index);
    const { Sacked, Lost, Again } = Mark;
    assert(!(marks & Sacked) || !(marks & (Lost | Again)), "reported, and lost or on its way");
    if (marks & Sacked) sums.sacked += length;
    if (marks & Sacked) sums.sackedSegments += board["segmentsIn"](index);
    if (marks & Lost) sums.lost += length;
    if (marks & Again) sums.again += length;
    const isUnrepaired = (marks & (Lost | Again)) === Lost;
    if (isUnrepaired) sums.unrepaired += length;
    assert(!isUnrepaired || index >= board["firstMaybeUnrepaired"], "a loss is passed over");
    const isUnjudged = (marks & (Sacked | Lost | Again)) === 0;
    assert(!isUnjudged || index >= board["firstUnjudged"], "a record is never judged");
  }
  assertEquals(at, board.next, "the records end elsewhere");
  const { sacked, lost, again, unrepaired, sackedSegments } = board;
  assertEquals({ sacked, lost, again, unrepaired, sackedSegments }, sums);
  assert(board.pipe >= 0, "less than nothing is in the network");
}

/** The same for a connection: what stands for duplicates is no more than what is in flight. */
export function auditRecovery(tcb: ControlBlock): void {
  auditScoreboard(tcb.board);
  assert(pipe(tcb) >= 0, "duplicates stand for more than was sent");
  assert(tcb.congestion.window > 0 && Number.isInteger(tcb.congestion.window), "cwnd");
}
