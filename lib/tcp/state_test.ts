import { assertEquals, assertThrows } from "@std/assert";
import { tcpConfig } from "./config.ts";
import { ControlBlock, Event } from "./control_block.ts";
import { Deadlines, Wait } from "./deadlines.ts";
import { NEVER } from "../base/clock.ts";
import { toSeq } from "./seq.ts";
import { isSuccessor, State, stateName } from "./state.ts";

Deno.test("States have the RFC's names", () => {
  assertEquals(Object.values(State).map(stateName), [
    "CLOSED",
    "SYN-SENT",
    "SYN-RECEIVED",
    "ESTABLISHED",
    "FIN-WAIT-1",
    "FIN-WAIT-2",
    "CLOSE-WAIT",
    "CLOSING",
    "LAST-ACK",
    "TIME-WAIT",
  ]);
});

Deno.test("Every state but CLOSED can end, and TIME-WAIT and LAST-ACK in no other way", () => {
  const states = Object.values(State);
  for (const state of states) {
    assertEquals(isSuccessor(state, State.Closed), state !== State.Closed);
    assertEquals(isSuccessor(state, state), false);
  }
  for (const last of [State.TimeWait, State.LastAck]) {
    assertEquals(states.filter((next) => isSuccessor(last, next)), [State.Closed]);
  }
});

Deno.test("A connection goes only where there is an arrow, and tells of it", () => {
  const tcb = new ControlBlock(tcpConfig(), toSeq(0));
  assertThrows(() => tcb.enter(State.Established), Error, "from CLOSED to ESTABLISHED");
  tcb.enter(State.SynReceived);
  assertEquals(tcb.events, 0);
  tcb.enter(State.Established);
  assertEquals(tcb.events, Event.Established);
  assertThrows(() => tcb.enter(State.TimeWait), Error, "from ESTABLISHED to TIME-WAIT");
  tcb.fail("reset");
  assertEquals(tcb.events, Event.Established | Event.Closed);
  assertEquals(tcb.error, "reset");
});

Deno.test("Deadlines know the soonest and fire once", () => {
  const deadlines = new Deadlines();
  assertEquals(deadlines.next, NEVER);
  deadlines.set(Wait.KeepAlive, 300);
  deadlines.set(Wait.Retransmit, 100);
  assertEquals(deadlines.next, 100);
  assertEquals(deadlines.take(Wait.Retransmit, 99), false);
  assertEquals(deadlines.take(Wait.Retransmit, 100), true);
  assertEquals(deadlines.take(Wait.Retransmit, 1e9), false);
  assertEquals([deadlines.isSet(Wait.Retransmit), deadlines.isSet(Wait.KeepAlive)], [false, true]);
  deadlines.stopAll();
  assertEquals(deadlines.next, NEVER);
});
