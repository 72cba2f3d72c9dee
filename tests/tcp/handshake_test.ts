import { assert, assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { ACK_BIT, SYN_BIT } from "../harness/packet_spec.ts";
import { encodeSegment } from "../harness/wire.ts";
import { parseScript } from "../harness/parser.ts";
import type { Conversation } from "../harness/script.ts";
import { talkTest } from "../harness/talk.ts";

const SYN = "< S 0:0(0) win 65535 <mss 1460>";

talkTest("TCP answers a SYN with its own and is established by its ACK (H-01)", (open) => {
  const talk = open({ holdRequests: true }).play(SYN);
  talk.accept();
  assertEquals(talk.connection.info.state, "SYN-RECEIVED");
  talk.play("> S. 0:0(0) ack 1");
  assertEquals(talk.events(), "");
  talk.play("< . 1:1(0) ack 1");
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.events(), "Established Writable");
});

talkTest("TCP withholds the SYN-ACK until the request is accepted (H-02)", (open) => {
  const talk = open({ holdRequests: true }).play(`
    ${SYN}
    +20000
  `);
  talk.accept();
  talk.play(`
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP absorbs SYNs that repeat a pending request (H-03)", (open) => {
  const talk = open({ holdRequests: true }).play(`
    ${SYN}
    +1000 ${SYN}
    +2000 ${SYN}
  `);
  assertEquals(talk.requests.length, 1);
  assertEquals(talk.stack.drops.of(Drop.RequestPending), 2);
  talk.accept();
  talk.play(`
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
});

talkTest("TCP starts over when a SYN with another number comes meanwhile (H-04)", (open) => {
  const talk = open({ holdRequests: true }).play(`
    ${SYN}
    +1000 < S 5000:5000(0) win 65535 <mss 1460>
  `);
  const old = talk.takeRequest();
  assert(old.isWithdrawn);
  assertEquals(talk.takeRequest(), old); // whoever dials learns of it
  assertEquals(old.accept(), undefined);
  old.reject(); // too late: it must not hit the new attempt
  assertEquals(talk.requests.length, 1);
  talk.accept();
  talk.play(`
    > S. 0:0(0) ack 5001
    < . 5001:5001(0) ack 1
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP repeats the SYN-ACK ever later and gives up (H-05, O-22, X-09)", (open) => {
  const synAck = "> S. 0:0(0) ack 1 <mss 1460,sackOK,nop,wscale 4>";
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1460,sackOK,nop,wscale 7>
    ${synAck}
    +1000 ${synAck}
    +2000 ${synAck}
    +4000 ${synAck}
    +8000 ${synAck}
    +16000 ${synAck}
    +32000 > R. 1:1(0) ack 1
    +600000
  `);
  assertEquals(talk.connection.error, "timeout");
  assertEquals(talk.events(), "Closed");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP repeats the SYN-ACK at once when the SYN comes again (H-05)", (open) => {
  open().play(`
    ${SYN}
    > S. 0:0(0) ack 1
    +300 ${SYN}
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
    +60000
  `);
});

talkTest("TCP resets a wrong ACK in SYN-RECEIVED and stays there (H-06, lesson 22)", (open) => {
  const talk = open().play(`
    ${SYN}
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 0
    > R 0:0(0)
    < . 1:1(0) ack 2
    > R 2:2(0)
    < P. 1:101(100) ack 5000
    > R 5000:5000(0)
    < . 1:1(0) ack -100000
    > R -100000:-100000(0)
  `);
  assertEquals(talk.connection.info.state, "SYN-RECEIVED");
  talk.play("< . 1:1(0) ack 1");
  assertEquals(talk.connection.info.state, "ESTABLISHED");
  assertEquals(talk.connection.readable, 0);
});

talkTest("TCP answers in SYN-RECEIVED with a scaled window (H-07, lesson 22)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 7>
    > S. 0:0(0) ack 1 win 65535
    < . 1000000:1000000(0) ack 1
    > . 1:1(0) ack 1 win 32768
    +499 < . 1000000:1000000(0) ack 1
    +1 < . 1000000:1000000(0) ack 1
    > . 1:1(0) ack 1 win 32768
  `);
  assertEquals(talk.connection.info.state, "SYN-RECEIVED");
  talk.play("< . 1:1(0) ack 1");
});

talkTest("TCP ends in SYN-RECEIVED upon a RST at RCV.NXT (H-08)", (open) => {
  const talk = open().play(`
    ${SYN}
    > S. 0:0(0) ack 1
    < R 1:1(0)
    +600000
  `);
  assertEquals(talk.connection.error, "reset");
  assertEquals(talk.events(), "Closed");
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP is not ended in SYN-RECEIVED by a RST elsewhere (H-09)", (open) => {
  const talk = open().play(`
    ${SYN}
    > S. 0:0(0) ack 1
    < R 0:0(0)
    < R 100000:100000(0)
    < R 2:2(0)
    > . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.info.state, "SYN-RECEIVED");
  talk.play("< . 1:1(0) ack 1");
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP takes text and FIN of the ACK that completes the handshake (H-10)", (open) => {
  const talk = open().play(`
    ${SYN}
    > S. 0:0(0) ack 1
    < PF. 1:101(100) ack 1
    > . 1:1(0) ack 102
  `);
  assertEquals(talk.events(), "Established Readable Writable EndOfStream");
  assertEquals(talk.connection.info.state, "CLOSE-WAIT");
  assertEquals(talk.read(), 100);
});

talkTest("TCP takes text in SYN-RECEIVED only with the right ACK (H-10, R-13)", (open) => {
  const talk = open().play(`
    ${SYN}
    > S. 0:0(0) ack 1
    < P 1:101(100)
    < F 1:1(0)
    < - 1:11(10)
  `);
  assertEquals(talk.connection.info.state, "SYN-RECEIVED");
  talk.play("< . 1:1(0) ack 1");
  assertEquals(talk.connection.readable, 0);
});

talkTest("TCP drops SYN with FIN, and a FIN for nobody is answered (H-11, R-01)", (open) => {
  const talk = open().play(`
    < SF 0:0(0) win 65535 <mss 1460>
    < F 0:0(0)
    > R. 0:0(0) ack 1
  `);
  assertEquals(talk.requests.length, 0);
  assertEquals(talk.stack.flowCount, 0);
  assertEquals(talk.stack.drops.of(Drop.InvalidFlags), 1);
});

talkTest("TCP does not acknowledge text on a SYN, and takes it afterwards (H-12, O-18)", (open) => {
  const talk = open().play(`
    < S 0:100(100) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.readable, 0);
  talk.play(`
    < P. 1:101(100) ack 1
    > . 1:1(0) ack 101
  `);
  assertEquals(talk.read(), 100);
});

talkTest("TCP in LISTEN resets an ACK and ignores the rest (H-13)", (open) => {
  const talk = open({ holdRequests: true }).play(`
    ${SYN}
    < . 1:1(0) ack 4294967295
    > R 4294967295:4294967295(0)
    < S. 0:0(0) ack 77
    > R 77:77(0)
    < - 1:1(0)
    < P 1:11(10)
    < SR 0:0(0)
    < R. 500:500(0) ack 1
    < RF 9:9(0)
  `);
  assertEquals(talk.requests.length, 1);
  talk.accept();
  talk.play(`
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
  `);
});

talkTest("TCP ignores a SYN with RST when there is nothing (H-13)", (open) => {
  const talk = open().play("< SR 0:0(0)");
  assertEquals(talk.requests.length, 0);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP has room again after probes of SYN, SYN-ACK, RST (H-14, lesson 19)", (open) => {
  const talk = open({ tcp: { maxRequests: 2, maxConnections: 2 } });
  for (let probe = 0; probe < 10; probe++) {
    talk.port = 41_000 + probe;
    talk.play(`
      ${SYN}
      > S. 0:0(0) ack 1
      < R 1:1(0)
    `);
    assertEquals(talk.events(), "Closed");
  }
  assertEquals(talk.stack.flowCount, 0);
  talk.port = 50_000;
  talk.establish();
});

talkTest("TCP frees the place of a request whose client gives up (H-14, lesson 19)", (open) => {
  const talk = open({ holdRequests: true, tcp: { maxRequests: 1 } });
  for (let probe = 0; probe < 10; probe++) {
    talk.port = 41_000 + probe;
    talk.play(`
      ${SYN}
      < R 1:1(0)
    `);
    assert(talk.takeRequest().isWithdrawn);
  }
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP takes a SYN behind a RST of the same flow in one batch (H-15, lesson 10)", (open) => {
  const talk = open().establish();
  talk.play(`
    {
    < R 1:1(0)
    < S 90000:90000(0) win 65535 <mss 1460>
    }
    > S. 1000000:1000000(0) ack 90001
    < . 90001:90001(0) ack 1000001
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

talkTest("TCP takes a SYN behind a FIN of the same flow in one batch (H-15, lesson 10)", (open) => {
  const talk = open().establish();
  talk.closeWrite();
  talk.play(`
    > F. 1:1(0) ack 1
    {
    < F. 1:1(0) ack 2
    < S 90000:90000(0) win 65535 <mss 1460>
    }
    > S. 1000000:1000000(0) ack 90001
    < . 90001:90001(0) ack 1000001
  `);
  assertEquals(talk.connection.info.state, "ESTABLISHED");
});

/** Sends a SYN, changed by `change`, and says how it was dropped. */
function injectSyn(talk: Conversation, change: Parameters<typeof Object.assign>[1]): void {
  const [step] = parseScript(SYN);
  assert(step?.kind === "receive" && step.packet.kind === "tcp");
  talk.inject(encodeSegment({ ...talk.toWire(step.packet), ...change }));
}

talkTest("TCP discards a SYN from or to what is no host (H-19, R-17)", (open) => {
  const talk = open();
  const sources = [0, 0x7f000001, 0xe0000001, 0xffffffff, 0xf0000001];
  for (const source of sources) injectSyn(talk, { source });
  injectSyn(talk, { sourcePort: 0 });
  assertEquals(talk.stack.drops.of(Drop.InvalidSource), sources.length + 1);

  const destinations = [0, 0xe0000001, 0xffffffff, 0xf0000001];
  for (const destination of destinations) injectSyn(talk, { destination });
  injectSyn(talk, { destinationPort: 0 });
  // Not even a reset for what nobody has asked for:
  injectSyn(talk, { destination: 0xe0000001, flags: ACK_BIT });
  injectSyn(talk, { destination: 0xe0000001, flags: SYN_BIT | ACK_BIT });
  assertEquals(talk.stack.drops.of(Drop.InvalidDestination), destinations.length + 3);
  assertEquals(talk.stack.flowCount, 0);
});

talkTest("TCP never scales the window of a SYN-ACK, nor reads that of a SYN so (H-20)", (open) => {
  const talk = open({ tcp: { receiveBuffer: 1 << 20 } }).play(`
    < S 0:0(0) win 1000 <mss 1460,nop,wscale 7>
    > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 5>
  `);
  assertEquals(talk.connection.info.sendWindow, 1000);
  talk.play("< . 1:1(0) ack 1 win 1000");
  assertEquals(talk.connection.info.sendWindow, 128_000);
});

talkTest("TCP says its buffer in the SYN-ACK when that is small (H-20, W-18)", (open) => {
  open({ tcp: { receiveBuffer: 20_000 } }).play(`
    ${SYN}
    > S. 0:0(0) ack 1 win 20000
    < . 1:1(0) ack 1
  `);
});
