import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import type { Unreachable } from "../../lib/tcp/request.ts";
import { talkTest } from "../harness/talk.ts";

const SYN = "< S 0:0(0) win 65535 <mss 1460>";

talkTest("A rejected request is answered with RST,ACK of the SYN (H-02, R-01)", (open) => {
  const talk = open({ holdRequests: true }).play(SYN);
  talk.takeRequest().reject();
  talk.play("> R. 0:0(0) ack 1 win 0");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A rejected SYN is acknowledged with its text (R-01)", (open) => {
  const talk = open({ holdRequests: true }).play("< S 0:100(100) win 65535 <mss 1460>");
  talk.takeRequest().reject();
  talk.play("> R. 0:0(0) ack 101"); // SEG.SEQ + SEG.LEN
});

talkTest("A rejected client may ask again", (open) => {
  const talk = open({ holdRequests: true }).play(SYN);
  talk.takeRequest().reject();
  talk.play(`
    > R. 0:0(0) ack 1
    ${SYN}
  `);
  assertEquals(talk.requests.length, 1);
});

for (
  const [what, code] of [
    ["network", "net_unreachable"],
    ["host", "host_unreachable"],
    ["prohibited", "admin_prohib"],
  ] satisfies [Unreachable, string][]
) {
  talkTest(`A request for an unreachable ${what} is answered with ICMP (H-02)`, (open) => {
    const talk = open({ holdRequests: true }).play(SYN);
    talk.takeRequest().unreachable(what);
    talk.play(`> icmp unreachable ${code} [0:0(0)]`);
    assertEquals(talk.stack.flowCount, 0);
  });
}

talkTest("An ignored request leaves nothing behind, and the next SYN asks again", (open) => {
  const talk = open({ holdRequests: true }).play(SYN);
  talk.takeRequest().ignore();
  assertEquals(talk.stack.flowCount, 0);
  talk.play(`+1000 ${SYN}`);
  talk.accept();
  talk.play(`
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
});

talkTest("Only the first answer to a request counts", (open) => {
  const talk = open({ holdRequests: true }).play(SYN);
  const [request] = talk.requests;
  assert(request);
  talk.accept();
  request.reject();
  request.ignore();
  request.unreachable("host");
  assertEquals(request.accept(), undefined);
  talk.play(`
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("A request names its client and its target", (open) => {
  const talk = open({ holdRequests: true }).play(SYN);
  const { flow } = talk.takeRequest();
  assertEquals(flow.protocol, 6);
  assertEquals([flow.client.address.w3, flow.client.port], [0x0a00_0002, 40_000]);
  assertEquals([flow.target.address.w3, flow.target.port], [0x5db8_d822, 80]);
});

talkTest("A request is withdrawn when its client stops asking", (open) => {
  const talk = open({ holdRequests: true, tcp: { requestTimeout: 10_000 } }).play(`
    ${SYN}
    +9999 ${SYN}
    +9999
  `);
  const request = talk.takeRequest();
  assert(!request.isWithdrawn);
  talk.play("+1");
  assert(request.isWithdrawn);
  assertEquals(talk.takeRequest(), request); // whoever dials learns of it
  assertEquals(talk.stack.flowCount, 0);
  request.reject();
});

talkTest("SYNs beyond the most requests are dropped without an answer (D-01)", (open) => {
  const talk = open({ holdRequests: true, tcp: { maxRequests: 3 } });
  for (let client = 0; client < 5; client++) {
    talk.port = 41_000 + client;
    talk.play(SYN);
  }
  assertEquals(talk.requests.length, 3);
  assertEquals(talk.stack.drops.of(Drop.TooManyRequests), 2);
  talk.takeRequest().reject();
  talk.port = 41_000;
  talk.play("> R. 0:0(0) ack 1");
  talk.port = 41_004;
  talk.play(`+1000 ${SYN}`);
  assertEquals(talk.requests.length, 3);
});

talkTest("SYNs beyond the most connections are dropped without an answer (D-05)", (open) => {
  const talk = open({ tcp: { maxConnections: 1 } }).establish();
  talk.port = 41_000;
  talk.play(SYN);
  assertEquals(talk.stack.drops.of(Drop.TooManyFlows), 1);
  assertEquals(talk.stack.flowCount, 1);
});

talkTest("A connection in TIME-WAIT makes room for a new flow (D-05, F-17)", (open) => {
  const talk = open({ tcp: { maxConnections: 1 } }).establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
  talk.port = 41_000;
  talk.establish();
  assertEquals(talk.stack.flowCount, 1);
});
