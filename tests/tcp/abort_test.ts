/**
 * ABORT and CLOSE in every state: RFC 9293 §3.10.4, §3.10.5.
 */
import { assertEquals } from "@std/assert";
import { enterState, SYNCHRONIZED, TIME_WAIT, UNSYNCHRONIZED } from "../harness/states.ts";
import { talkTest } from "../harness/talk.ts";

const STATES = [...UNSYNCHRONIZED, ...SYNCHRONIZED, TIME_WAIT];
/** In these both sides have said everything, or the other side knows of nothing. */
const SILENT = ["SYN-SENT", "CLOSING", "LAST-ACK", "TIME-WAIT"];

for (const state of STATES) {
  const { name, next, max, isActive = false } = state;
  const which = name === "SYN-RECEIVED" && isActive ? `${name} after our own SYN` : name;

  talkTest(`An abort in ${which} leaves nothing behind (F-19, R-14)`, (open) => {
    const talk = open();
    enterState(talk, state);
    talk.abort();
    if (!SILENT.includes(name)) talk.play(`> R. ${max}:${max}(0) ack ${next}`);
    assertEquals(talk.stack.flowCount, 0);
    talk.abort(); // once more is no harm
    talk.connection.close();
    talk.play("+600000");
    assertEquals(talk.connection.writable, 0);
  });

  talkTest(`A close in ${which} ends in peace, or says that it does not (F-18, F-20)`, (open) => {
    const talk = open({ tcp: { retries: 3, synRetries: 3, initialRto: 30_000, minRto: 30_000 } });
    enterState(talk, state);
    const connection = talk.connection;
    connection.close();
    connection.close();
    const isEstablished = name === "ESTABLISHED" || name === "CLOSE-WAIT";
    if (isEstablished) talk.play(`> F. ${max}:${max}(0) ack ${next}`);
    while (talk.stack.flowCount > 0) { // nobody answers: it goes on for a bounded time
      talk.suspend(10_000);
      while (talk.takePacket());
      assertEquals(talk.now <= 600_000, true);
    }
  });
}

talkTest("A closed connection answers as CLOSED does when it is over (F-19, R-02)", (open) => {
  const talk = open().establish();
  talk.connection.setOptions({ linger: 0 });
  talk.connection.close();
  talk.play(`
    > R. 1:1(0) ack 1
    < P. 1:11(10) ack 1
    > R 1:1(0)
  `);
});
