import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../base/random.ts";
import { MAX_RECORDS, Scoreboard } from "./scoreboard.ts";
import { Mark } from "./sent_records.ts";

/** A scoreboard with `count` segments of 1000 bytes, a millisecond between them. */
function board(count: number): Scoreboard {
  const board = new Scoreboard();
  board.segmentSize = 1000;
  for (let at = 0; at < count; at++) board.sent(1000 * (at + 1), at);
  return board;
}

Deno.test("The pipe is what was sent and not reported, lost or acknowledged (X-13)", () => {
  const sent = board(10);
  assertEquals(sent.pipe, 10_000);
  sent.acknowledge(1500);
  sent.report(4000, 6000);
  assertEquals([sent.pipe, sent.sackedSegments], [6500, 2]);
  sent.loseFirst(1000);
  assertEquals([sent.pipe, sent.unrepaired], [6000, 500]); // the rest of the record
  sent.sentAgain(1500, 2000, 20);
  assertEquals([sent.pipe, sent.unrepaired], [6500, 0]);
});

Deno.test("What was sent before something that has arrived is lost when it is old (X-19)", () => {
  const sent = board(10);
  assertEquals(sent.loseOverdue(4, Infinity, 10, 13), 14); // number 4 will be old enough then
  assertEquals(sent.lost, 4000);
  assertEquals(sent.loseOverdue(4, Infinity, 10, 14), Infinity);
  assertEquals(sent.lost, 5000);
  sent.sentAgain(0, 1000, 20); // as number 10
  sent.sentAgain(1000, 2000, 20); // as number 11
  sent.loseOverdue(10, Infinity, 5, 25);
  assertEquals(sent.again, 1000); // the first copy is lost, too
});

Deno.test("The rest of a super-segment was not sent before the part that has arrived (X-19)", () => {
  const sent = board(0);
  sent.sent(4000, 0);
  sent.sent(8000, 0);
  sent.delivery.begin(0);
  sent.report(5000, 6000);
  const { latest, latestEnd } = sent.delivery;
  sent.loseOverdue(latest, latestEnd, 5, 5);
  assertEquals(sent.lost, 5000); // and nothing from 6000 on
  sent.sentAgain(0, 5000, 10);
  sent.delivery.begin(12);
  sent.acknowledge(2000);
  assertEquals([sent.delivery.latest, sent.delivery.latestEnd], [2, 2000]);
  sent.loseOverdue(2, 2000, 5, 15);
  assertEquals(sent.again, 3000);
});

Deno.test("What one scoreboard gives back does not mix with what another takes (X-16)", () => {
  const first = board(3);
  first.acknowledge(3000);
  const second = board(2);
  first.sent(4000, 7);
  first.sent(5000, 8);
  assertEquals([first.count, first.sentAt(0), first.endOf(1)], [2, 7, 5000]);
  assertEquals([second.count, second.sentAt(0), second.endOf(1)], [2, 0, 2000]);
});

Deno.test("The scoreboard is bounded, whatever is reported (X-16)", () => {
  const sent = board(0);
  for (let at = 1; at <= 2 * MAX_RECORDS; at++) sent.sent(10 * at, at);
  for (let at = 0; at < 20 * MAX_RECORDS; at += 2) sent.report(at + 1, at + 2);
  assert(sent.count <= MAX_RECORDS + 2, `${sent.count}`);
  sent.acknowledge(sent.next);
  assertEquals([sent.count, sent.pipe, sent.sackedSegments], [0, 0, 0]);
});

Deno.test("The sums are those of the records, whatever happens (X-16, Z-01)", () => {
  const random = new SeededRandom(1);
  const sent = board(0);
  for (let now = 0; now < 20_000; now++) {
    const { una, next } = sent;
    sent.delivery.begin(now - 5);
    const dice = random.below(8);
    if (dice < 3) sent.sent(next + 1 + random.below(3000), now);
    else if (dice === 3) sent.acknowledge(una + random.below(next - una + 1));
    else if (dice === 4 && next - una > 2) {
      const start = una + 1 + random.below(next - una - 1);
      sent.report(start, start + 1 + random.below(next - start));
    } else if (dice === 5) sent.loseOverdue(random.below(now + 1), Infinity, 2, now);
    else if (dice === 6 && random.below(10) === 0) sent.loseAll(now - random.below(5));
    else if (sent.unrepaired > 0) {
      const start = sent.startOf(sent.firstUnrepaired);
      sent.sentAgain(start, sent.endOfUnrepaired(sent.firstUnrepaired, start + 1500), now);
    }
    assertEquals(sent.sackedSegments, sent.countSegments(Mark.Sacked, Mark.Sacked));
    assert(sent.pipe >= 0 && sent.unrepaired >= 0 && sent.unrepaired <= sent.lost);
    if (sent.count === 0) assertEquals([sent.lost, sent.again, sent.sacked], [0, 0, 0]);
  }
});

Deno.test("What was reported is not on its way again, though it was sent along (X-09, X-13)", () => {
  const sent = board(3);
  sent.sent(3001, 3); // a FIN
  sent.report(3000, 3001);
  sent.loseFirst(1000);
  sent.lose(1);
  sent.lose(2);
  sent.sentAgain(2000, 3001, 10);
  assertEquals(sent.again, 1000);
  sent.report(2000, 3001);
  assertEquals([sent.again, sent.sacked, sent.pipe], [0, 1001, 0]);
});
