import { assertEquals } from "@std/assert";
import { SocketTarget } from "../../tests/harness/socket_target.ts";
import { Poller } from "../ffi/poller.ts";
import { SocketDial } from "./socket_dial.ts";

Deno.test("a socket that has not begun to connect is not taken for one whose connection is lost", async () => {
  await using target = new SocketTarget();
  const poller = new Poller();
  const answers: number[] = [];
  const dial = new SocketDial(target.address, target.port, poller, (_, error) => {
    answers.push(error);
  });
  poller.look(0); // as a thread may that waits meanwhile: to the kernel it has hung up
  dial.begin();
  while (answers.length === 0) await poller.wait();
  assertEquals(answers, [0]);
  dial.abort();
  poller.close();
});
