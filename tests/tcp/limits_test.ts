import { assert, assertEquals, assertThrows } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { ipv4 } from "../../lib/ip/address.ts";
import { PEER_ADDRESS, STACK_ADDRESS, STACK_PORT } from "../harness/addresses.ts";
import { talkTest } from "../harness/talk.ts";

const SYN = "< S 0:0(0) win 65535 <mss 1460>";
/** As RFC 5382 REQ-5 has it: 2 hours and 4 minutes. */
const EVICTABLE_AFTER = 7_440_000;

talkTest("A connection in SYN-RECEIVED makes room for a new flow (D-05)", (open) => {
  const talk = open({ tcp: { maxConnections: 2 } });
  talk.port = 1001;
  talk.establish();
  talk.port = 1002;
  talk.play(`${SYN} \n > S. 0:0(0) ack 1`);
  const halfOpen = talk.connection;
  talk.port = 1003;
  talk.play(SYN);
  talk.port = 1002;
  talk.play("> R. 1:1(0) ack 1");
  assertEquals(halfOpen.error, "aborted"); // and who has dialled for it learns of it
  talk.port = 1003;
  talk.play("> S. 0:0(0) ack 1 \n < . 1:1(0) ack 1");
  assertEquals(talk.stack.flowCount, 2);
  talk.port = 1004;
  talk.play(SYN);
  assertEquals(talk.stack.drops.of(Drop.TooManyFlows), 1);
});

talkTest("SYN-RECEIVED is bounded: the oldest go first (D-05, Z-06)", (open) => {
  const talk = open({ tcp: { maxHalfOpen: 2 } });
  for (const port of [1001, 1002]) {
    talk.port = port;
    talk.play(`${SYN} \n > S. 0:0(0) ack 1`);
  }
  talk.port = 1001;
  const oldest = talk.connection;
  talk.port = 1003;
  talk.play(`${SYN} \n > S. 0:0(0) ack 1`);
  talk.port = 1001;
  talk.play("> R. 1:1(0) ack 1");
  assertEquals(oldest.error, "aborted"); // and what was dialled for it is closed
  assertEquals(talk.stack.flowCount, 2);
  for (const port of [1002, 1003]) {
    talk.port = port;
    talk.play("< . 1:1(0) ack 1");
    assertEquals(talk.connection.info.state, "ESTABLISHED");
  }
});

talkTest("TIME-WAIT gives way before SYN-RECEIVED does (D-05)", (open) => {
  const talk = open({ tcp: { maxConnections: 2 } });
  talk.port = 1002;
  talk.play(`${SYN} \n > S. 0:0(0) ack 1`);
  talk.port = 1001;
  talk.establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    < F. 1:1(0) ack 2
    > . 2:2(0) ack 2
  `);
  talk.port = 1003;
  talk.establish();
  talk.port = 1002;
  talk.play("< . 1:1(0) ack 1");
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("The longest idle gives way after 2 h 4 min, not before (D-05, L-04)", (open) => {
  const talk = open({ tcp: { maxConnections: 2 } });
  talk.port = 1001;
  talk.establish();
  talk.play("+5000");
  talk.port = 1002;
  talk.establish();
  talk.port = 1001;
  talk.play(`
    +5000 < P. 1:2(1) ack 1
    > . 1:1(0) ack 2
  `);
  talk.port = 1003;
  talk.play(`+${EVICTABLE_AFTER - 5001} ${SYN}`);
  assertEquals(talk.stack.drops.of(Drop.TooManyFlows), 1);
  talk.play(`+1 ${SYN}`);
  talk.port = 1002;
  talk.play("> R. 1:1(0) ack 1");
  assertEquals(talk.connection.error, "aborted");
  talk.port = 1003;
  talk.play("> S. 0:0(0) ack 1 \n < . 1:1(0) ack 1");
  talk.port = 1001;
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("Who has something to send does not give way, however silent the peer (D-05)", (open) => {
  const talk = open({ tcp: { maxConnections: 1, retries: 1000 } }).establish("", 0);
  talk.write(100);
  talk.suspend(EVICTABLE_AFTER);
  while (talk.takePacket()); // probes
  talk.port = 1001;
  talk.play(SYN);
  assertEquals(talk.stack.drops.of(Drop.TooManyFlows), 1);
});

talkTest("A connection of ours is refused when there is no room for it (D-05)", (open) => {
  const talk = open({ tcp: { maxConnections: 1 } }).establish();
  talk.port = 1001;
  assertThrows(() => talk.connect(), RangeError, "there are 1 flows already");
});

talkTest("A connection without a port gets one that is free (A-11)", (open) => {
  const { stack } = open();
  const own = { address: ipv4(STACK_ADDRESS) };
  const target = { address: ipv4(PEER_ADDRESS), port: 80 };
  const ports = new Set<number>();
  for (let i = 0; i < 100; i++) {
    const { flow } = stack.connect(own, target);
    assert(flow.client.port >= 32_768 && flow.client.port <= 60_999);
    ports.add(flow.client.port);
  }
  assertEquals(ports.size, 100);
  stack.abortAll();
});

talkTest("A port that listens, or whose TIME-WAIT lasts, is not chosen (A-11)", (open) => {
  const { stack } = open();
  const own = { address: ipv4(STACK_ADDRESS) };
  const target = { address: ipv4(PEER_ADDRESS), port: 80 };
  for (let port = 32_768; port <= 60_999; port++) if (port !== 40_000) stack.listen({ port });
  assertEquals(stack.connect(own, target).flow.client.port, 40_000);
  assertThrows(() => stack.connect(own, target), RangeError, "no ephemeral port is free");
  assertEquals(stack.connect(own, { ...target, port: 81 }).flow.client.port, 40_000);
  stack.abortAll();
});

talkTest("Ports that are none are refused", (open) => {
  const { stack } = open();
  const here = { address: ipv4(STACK_ADDRESS), port: STACK_PORT };
  for (const port of [0, -1, 1.5, 65_536]) {
    assertThrows(() => stack.connect(here, { ...here, port }), RangeError, `port ${port}`);
  }
  for (const port of [-1, 1.5, 65_536]) {
    assertThrows(() => stack.connect({ ...here, port }, here), RangeError, `port ${port}`);
  }
});

talkTest("A storm of connections that nobody accepts is bounded (Z-06, D-01, D-02)", (open) => {
  const talk = open();
  const options = { backlog: 20, synBacklog: 30, synCookies: "never" } as const;
  const listener = talk.stack.listen({ port: STACK_PORT }, options);
  for (let client = 0; client < 1000; client++) {
    talk.port = 1000 + client;
    talk.play(SYN);
    if (!talk.takePacket()) continue;
    if (client % 2) talk.play("< P. 1:101(100) ack 1");
    while (talk.takePacket());
  }
  assertEquals([listener.pending, listener.info.halfOpen], [20, 20]);
  assertEquals(talk.stack.flowCount, 40);
  listener.close();
  while (talk.takePacket());
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A client that does not finish its handshake is forgotten in a minute (L-05)", (open) => {
  const talk = open();
  talk.stack.listen({ port: STACK_PORT });
  talk.play(`
    ${SYN}
    > S. 0:0(0) ack 1
    +1000 > S. 0:0(0) ack 1
    +2000 > S. 0:0(0) ack 1
    +4000 > S. 0:0(0) ack 1
    +8000 > S. 0:0(0) ack 1
    +16000 > S. 0:0(0) ack 1
    +32000 > R. 1:1(0) ack 1
  `);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("A request that is not answered is forgotten after 150 s (L-05)", (open) => {
  const talk = open({ holdRequests: true }).play(`
    ${SYN}
    +149999
  `);
  assertEquals(talk.stack.flowCount, 1);
  talk.play("+1");
  assertEquals(talk.stack.flowCount, 0);
});
