import { assertEquals } from "@std/assert";
import { Drop } from "../../lib/base/drop.ts";
import { parseScript } from "../harness/parser.ts";
import type { Conversation } from "../harness/script.ts";
import { talkTest } from "../harness/talk.ts";
import { encodeSegment } from "../harness/wire.ts";

/** The bytes of the packet that `line` sends. */
function bytesOf(talk: Conversation, line: string): Uint8Array<ArrayBuffer> {
  const [step] = parseScript(line);
  if (step?.kind !== "receive" || step.packet.kind !== "tcp") throw new SyntaxError(line);
  return encodeSegment(talk.toWire(step.packet));
}

talkTest("TCP skips options that it does not know and stops at the end (O-01)", (open) => {
  open().play(`
    < S 0:0(0) win 65535 <raw fe04aabb,nop,mss 1000,nop,wscale 3,raw 22020000>
    > S. 0:0(0) ack 1 <mss 1460,nop,wscale 4>
    < . 1:1(0) ack 1
  `);
});

talkTest("TCP reads nothing behind the end of the options (O-01)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1000,eol,nop,nop,wscale 3>
    > S. 0:0(0) ack 1 <mss 1460>
    < . 1:1(0) ack 1
  `);
  assertEquals(talk.connection.info.segmentSize, 1000);
});

for (
  const [what, options] of [
    ["a length of 0", "mss 1000,raw 0300"],
    ["a length of 1", "mss 1000,raw 0301"],
    ["a length beyond the header", "mss 1000,raw 0309"],
    ["no length", "mss 1000,nop,nop,nop,raw 03"],
    ["the wrong length for its kind", "mss 1000,raw 03040202,raw 0406ffffffff,raw 0804ffff"],
  ] as const
) {
  talkTest(`TCP takes a SYN with an option that has ${what} (O-01)`, (open) => {
    const talk = open().play(`
      < S 0:0(0) win 65535 <${options}>
      > S. 0:0(0) ack 1 <mss 1460>
      < . 1:1(0) ack 1
    `);
    assertEquals(talk.connection.info.segmentSize, 1000);
  });
}

talkTest("TCP reads options in any segment (O-01)", (open) => {
  const talk = open().establish();
  talk.play(`
    < P. 1:101(100) ack 1 <raw fd08010203040506,nop,nop,mss 9>
    > . 1:1(0) ack 101
    < P. 101:201(100) ack 1 <raw 0500>
    > . 1:1(0) ack 201
  `);
  assertEquals(talk.read(), 200);
});

talkTest("TCP drops and counts a data offset that cannot be (O-02)", (open) => {
  const talk = open().establish();
  for (const [offset, reason] of [[4, Drop.Malformed], [0, Drop.Malformed], [15, Drop.Truncated]]) {
    const bytes = bytesOf(talk, "< P. 1:11(10) ack 1");
    bytes[32] = offset! << 4;
    const before = talk.stack.drops.of(reason as Drop);
    talk.inject(bytes);
    assertEquals(talk.stack.drops.of(reason as Drop), before + 1);
  }
  talk.inject(bytesOf(talk, "< P. 1:11(10) ack 1").subarray(0, 30));
  assertEquals(talk.stack.drops.of(Drop.Truncated), 2);
  assertEquals(talk.connection.readable, 0);
});

talkTest("TCP announces the MTU less 40 and never less because of options (O-03)", (open) => {
  for (const mtu of [1500, 9000, 576, 65_535]) {
    open({ link: { mtu } }).play(`
      < S 0:0(0) win 65535 <mss 500,sackOK,TS val 0 ecr 0,nop,wscale 7>
      > S. 0:0(0) ack 1 <mss ${mtu - 40},sackOK,TS val 0 ecr 0,wscale 4>
      < . 1:1(0) ack 1 <nop,nop,TS val 0 ecr 0>
      < P. 1:2(1) ack 1 <nop,nop,TS val 0 ecr 0>
      > . 1:1(0) ack 2 <nop,nop,TS val 0 ecr 0>
    `);
  }
});

talkTest("TCP sends at most 536 bytes to a peer that does not say (O-04)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535
    > S. 0:0(0) ack 1 <mss 1460>
    < . 1:1(0) ack 1
  `);
  talk.write(600);
  talk.play(`
    > . 1:537(536) ack 1
    > P. 537:601(64) ack 1
    < . 1:1(0) ack 601
  `);
});

for (const mss of [0, 1, 20, 47]) {
  talkTest(
    `TCP makes progress with a peer that asks for an MSS of ${mss} (O-05, lesson 14)`,
    (open) => {
      const talk = open().play(`
        < S 0:0(0) win 65535 <mss ${mss},sackOK,TS val 0 ecr 0>
        > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 0 ecr 0>
        < . 1:1(0) ack 1 <nop,nop,TS val 0 ecr 0>
        < . 101:102(1) ack 1 <nop,nop,TS val 0 ecr 0> // more options than MSS
        > . 1:1(0) ack 1 <TS val 0 ecr 0,sack 101:102>
        < . 103:104(1) ack 1 <nop,nop,TS val 0 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 0,sack 103:104 101:102>
        < . 105:106(1) ack 1 <nop,nop,TS val 0 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 0,sack 105:106 103:104 101:102>
      `);
      talk.write(500);
      let next = 1;
      let packets = 0;
      for (let sent = talk.takePacket(); sent; sent = talk.takePacket()) {
        assertEquals(sent.kind === "tcp" && sent.start, next);
        next += sent.kind === "tcp" ? sent.length : 0;
        packets++;
      }
      assertEquals(next, 501);
      assertEquals(packets <= 500, true);
    },
  );
}

talkTest("TCP takes the options off what it sends in each segment (O-06)", (open) => {
  const talk = open().establish("mss 1000,sackOK,TS val 0 ecr 0");
  talk.write(1976);
  talk.play(`
    > . 1:989(988) ack 1
    > P. 989:1977(988) ack 1
    < . 1:1(0) ack 1977 <nop,nop,TS val 0 ecr 0>
    < . 101:201(100) ack 1977 <nop,nop,TS val 0 ecr 0>
    > . 1977:1977(0) ack 1 <TS val 0 ecr 0,sack 101:201>
  `);
  talk.write(1000);
  talk.play(`
    > . 1977:2953(976) ack 1 <TS val 0 ecr 0,sack 101:201>
    > P. 2953:2977(24) ack 1 <TS val 0 ecr 0,sack 101:201>
    < . 1:1(0) ack 2977 <nop,nop,TS val 0 ecr 0>
  `);
});

talkTest("TCP sends no more than its own MTU takes, whatever the peer asks for (O-06)", (open) => {
  const talk = open({ link: { mtu: 1000 } }).establish("mss 8960");
  talk.write(1000);
  talk.play(`
    > . 1:961(960) ack 1
    > P. 961:1001(40) ack 1
    < . 1:1(0) ack 1001
  `);
});

talkTest("TCP scales windows only when both sides say so (O-07)", (open) => {
  const plain = open().play(`
    < S 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1 win 65535 <mss 1460>
    < . 1:1(0) ack 1 win 100
    < P. 1:2(1) ack 1 win 100
    > . 1:1(0) ack 2 win 65534
  `);
  assertEquals(plain.connection.info.sendWindow, 100);
  const off = open({ tcp: { windowScaling: false } }).play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 7>
    > S. 0:0(0) ack 1 win 65535 <mss 1460>
    < . 1:1(0) ack 1 win 100
  `);
  assertEquals(off.connection.info.sendWindow, 100);
});

talkTest("TCP scales by 14 when the peer says more (O-07)", (open) => {
  const talk = open().play(`
    < S 0:0(0) win 65535 <mss 1460,nop,wscale 15>
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1 win 3
  `);
  assertEquals(talk.connection.info.sendWindow, 3 << 14);
});

talkTest("TCP scales the windows of all segments but the SYN (O-09)", (open) => {
  const talk = open().establish("nop,wscale 2", 100);
  assertEquals(talk.connection.info.sendWindow, 400);
  talk.write(1000);
  talk.play(`
    > . 1:401(400) ack 1
    < P. 1:11(10) ack 401 win 120
    > . 401:881(480) ack 11
    < . 11:11(0) ack 881 win 200
    > P. 881:1001(120) ack 11
    < F. 11:11(0) ack 1001 win 77
    > . 1001:1001(0) ack 12
  `);
  assertEquals(talk.connection.info.sendWindow, 308);
});

talkTest("TCP takes a SYN that asks for ECN, and does not grant it (O-20)", (open) => {
  const talk = open().play(`
    < SEW 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < . 1:1(0) ack 1
    < PEW. 1:11(10) ack 1
    > . 1:1(0) ack 11
  `);
  assertEquals(talk.read(), 10);
});

talkTest("TCP ignores reserved bits (O-21)", (open) => {
  const talk = open().play(`
    < SEWA 0:0(0) win 65535 <mss 1460>
    > S. 0:0(0) ack 1
    < .A 1:1(0) ack 1
  `);
  for (const bits of [0x02, 0x04, 0x08, 0x0e]) {
    const { readable } = talk.connection;
    const at = 1 + readable;
    const bytes = bytesOf(talk, `< P. ${at}:${at + 10}(10) ack 1`);
    bytes[32]! |= bits;
    bytes[36]! -= bits; // the checksum
    talk.inject(bytes);
    talk.play(`> . 1:1(0) ack ${at + 10}`);
  }
  assertEquals(talk.read(), 40);
});

talkTest("TCP drops and counts a wrong checksum, unless the link vouches for it (Q-02)", (open) => {
  const talk = open({ link: { checksumOffload: true } }).establish();
  const bytes = bytesOf(talk, "< P. 1:11(10) ack 1");
  bytes[36]! ^= 0xff;
  talk.inject(bytes);
  assertEquals(talk.stack.drops.of(Drop.BadChecksum), 1);
  assertEquals(talk.connection.readable, 0);
  talk.inject(bytes, 1460);
  talk.play("> . 1:1(0) ack 11");
  assertEquals(talk.read(), 10);
});

talkTest("IPv4 drops and counts a wrong header checksum (Q-04)", (open) => {
  const talk = open().establish();
  const bytes = bytesOf(talk, "< P. 1:11(10) ack 1");
  bytes[8]!--; // the TTL
  talk.inject(bytes);
  assertEquals(talk.stack.drops.of(Drop.BadChecksum), 1);
});
