import { assertEquals } from "@std/assert";
import { Drop } from "../base/drop.ts";
import { ipv4 } from "../ip/address.ts";
import { IpHeader, IpProtocol } from "../ip/header.ts";
import { ACK, FIN, RST, Segment, SYN } from "./header.ts";
import { Replies } from "./replies.ts";
import { seqBits, toSeq } from "./seq.ts";

function arrived(flags: number, payloadLength = 0): [IpHeader, Segment] {
  const header = new IpHeader();
  header.source.assign(ipv4(1));
  header.destination.assign(ipv4(2));
  const segment = new Segment();
  segment.sourcePort = 1000;
  segment.destinationPort = 80;
  segment.seq = toSeq(0xffff_fff0);
  segment.ack = toSeq(0x7fff_ffff);
  segment.flags = flags;
  segment.payloadLength = payloadLength;
  return [header, segment];
}

Deno.test("A reset goes back to where its cause came from", () => {
  const replies = new Replies();
  replies.oweReset(...arrived(ACK));
  const [header, segment] = [new IpHeader(), new Segment()];
  segment.payloadLength = 99;
  segment.options.mss = 99;
  assertEquals(replies.take(header, segment), true);
  assertEquals([header.source.w3, header.destination.w3, header.protocol], [2, 1, IpProtocol.Tcp]);
  assertEquals([segment.sourcePort, segment.destinationPort], [80, 1000]);
  assertEquals([segment.payloadLength, segment.window, segment.options.mss], [0, 0, 0]);
  assertEquals(replies.take(header, segment), false);
});

Deno.test("A reset has the numbers that RFC 9293 §3.5.2 says (R-01, R-03)", () => {
  const answer = (flags: number, length = 0) => {
    const replies = new Replies();
    replies.oweReset(...arrived(flags, length));
    const segment = new Segment();
    if (!replies.take(new IpHeader(), segment)) return undefined;
    const { seq, ack, flags: bits } = segment;
    return { flags: bits, seq: seqBits(seq), ...(bits & ACK && { ack: seqBits(ack) >>> 0 }) };
  };
  assertEquals(answer(ACK, 50), { flags: RST, seq: 0x7fff_ffff });
  assertEquals(answer(SYN | ACK), { flags: RST, seq: 0x7fff_ffff });
  assertEquals(answer(SYN), { flags: RST | ACK, seq: 0, ack: 0xffff_fff1 });
  assertEquals(answer(FIN, 14), { flags: RST | ACK, seq: 0, ack: 0xffff_ffff });
  assertEquals(answer(SYN | FIN, 16), { flags: RST | ACK, seq: 0, ack: 2 });
  assertEquals(answer(RST), undefined);
  assertEquals(answer(RST | ACK), undefined);
});

Deno.test("Replies are bounded, and leave in the order of their causes (D-01)", () => {
  const replies = new Replies();
  const segment = new Segment();
  for (let round = 0; round < 3; round++) { // the ring goes round
    let accepted = 0;
    for (let count = 0; count < 1500; count++) {
      const [header, cause] = arrived(ACK);
      cause.ack = toSeq(count);
      if (replies.oweReset(header, cause) === Drop.None) accepted++;
    }
    assertEquals(accepted, 1024);
    for (let count = 0; replies.take(new IpHeader(), segment); count++) {
      assertEquals(segment.seq, toSeq(count));
    }
  }
});
