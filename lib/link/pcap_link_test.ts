import { assertEquals } from "@std/assert";
import { ChecksumState, HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { ipv4 } from "../ip/address.ts";
import { Stack } from "../stack/stack.ts";
import { type Link, SendResult } from "./link.ts";
import { MemoryLink, type MemoryLinkOptions } from "./memory_link.ts";
import { PcapLink, type PcapLinkOptions } from "./pcap_link.ts";

class File {
  bytes = new Uint8Array(0);
  writes = 0;

  write(bytes: Uint8Array): void {
    this.writes++;
    this.bytes = new Uint8Array([...this.bytes, ...bytes]);
  }

  get view(): DataView {
    return new DataView(this.bytes.buffer);
  }

  /** The records as [seconds, nanoseconds, captured length, length]. */
  get records(): number[][] {
    const records: number[][] = [];
    for (let at = 24; at < this.bytes.length;) {
      records.push([0, 4, 8, 12].map((field) => this.view.getUint32(at + field, true)));
      at += 16 + records.at(-1)![2]!;
    }
    return records;
  }
}

function recorder(file: File, link: Link, options: Partial<PcapLinkOptions> = {}): PcapLink {
  return new PcapLink(link, { sink: file, wallClock: () => 1_700_000_000_123.5, ...options });
}

function packetOf(length: number): PacketBuffer {
  const packet = new PacketBuffer(HEADROOM + 65_536);
  packet.clear();
  packet.append(length);
  return packet;
}

Deno.test("PcapLink begins with the header of a raw IP capture with nanoseconds", () => {
  const file = new File();
  recorder(file, MemoryLink.pair()[0]).flush();
  const words = [0, 4, 8, 12, 16, 20].map((at) => file.view.getUint32(at, true));
  assertEquals(words, [0xa1b23c4d, 0x0004_0002, 0, 0, 65_535, 101]);
  assertEquals(file.bytes.length, 24);
});

Deno.test("PcapLink records what is sent and received, with the time of day (Z-05)", () => {
  const file = new File();
  const [near, far] = MemoryLink.pair();
  const link = recorder(file, near);
  link.send(packetOf(60));
  far.send(packetOf(40));
  assertEquals(link.receive(packetOf(0)), true);
  assertEquals(link.receive(packetOf(0)), false);
  link.flush();
  const time = [1_700_000_000, 123_500_000];
  assertEquals(file.records, [[...time, 60, 60], [...time, 40, 40]]);
});

Deno.test("PcapLink records no more of a packet than the snap length", () => {
  const file = new File();
  const link = recorder(file, MemoryLink.pair()[0], { snapLength: 48 });
  link.send(packetOf(100));
  link.flush();
  assertEquals(file.records[0]!.slice(2), [48, 100]);
});

Deno.test("PcapLink does not record a packet that was not taken", () => {
  const file = new File();
  const link = recorder(file, MemoryLink.pair({ capacity: 1 })[0]);
  assertEquals(link.send(packetOf(20)), SendResult.Sent);
  assertEquals(link.send(packetOf(20)), SendResult.Full);
  assertEquals(link.send(packetOf(2000)), SendResult.Refused);
  link.flush();
  assertEquals(file.records.length, 1);
});

/** Records a transfer of 20000 bytes between two stacks over a link with offload. */
function recordTransfer(file: File, options: MemoryLinkOptions): void {
  const [near, far] = MemoryLink.pair({
    checksumOffload: true,
    maxSegmentation: 65_000,
    ...options,
  });
  const links = [recorder(file, near), recorder(file, far)];
  const stacks = links.map((link) => new Stack(link));
  const client = stacks[0]!.connect(
    { address: ipv4(0x0a000001), port: 1 },
    { address: ipv4(0x0a000002), port: 2 },
  );
  client.write(new Uint8Array(20_000));
  client.closeWrite();
  const packet = packetOf(0);
  for (let round = 0; round < 10; round++) {
    for (const [i, link] of links.entries()) {
      while (link.receive(packet)) stacks[i]!.receive(packet, 0);
      stacks[i]!.nextRequest()?.accept();
      while (stacks[i]!.transmit(packet, 0)) assertEquals(link.send(packet), SendResult.Sent);
    }
  }
  assertEquals(client.isDrained, true);
  links[0]!.flush();
}

Deno.test("PcapLink records super-segments as wire packets with complete checksums", () => {
  for (const cut of [true, false]) {
    const file = new File();
    recordTransfer(file, { cut });
    const lengths = file.records.map(([, , , length]) => length!);
    assertEquals(lengths.filter((length) => length === 1500).length, Math.floor(20_000 / 1448));
    assertEquals(Math.max(...lengths), 1500);
    let at = 24;
    for (const length of lengths) { // a stack that verifies takes every one of them
      const packet = packetOf(length);
      packet.bytes.set(file.bytes.subarray(at + 16, at + 16 + length), HEADROOM);
      packet.checksumState = ChecksumState.Plain;
      const judge = new Stack({ mtu: 1500, checksumOffload: false, maxSegmentation: 0 });
      judge.receive(packet, 0);
      assertEquals(judge.drops.snapshot().BadChecksum, undefined);
      at += 16 + length;
    }
  }
});

Deno.test("PcapLink keeps what it records until a wait, and does not lose it when it closes", async () => {
  const file = new File();
  const link = recorder(file, MemoryLink.pair()[0]);
  link.send(packetOf(20));
  await link.wait(0, false);
  assertEquals(file.writes, 0);
  await link.wait(1, false);
  assertEquals(file.records.length, 1);
  link.send(packetOf(20));
  link.close();
  assertEquals(file.records.length, 2);
});

Deno.test("PcapLink writes when its buffer is full", () => {
  const file = new File();
  const link = recorder(file, MemoryLink.pair({ mtu: 65_535 })[0]);
  for (let i = 0; i < 10; i++) link.send(packetOf(65_535));
  link.flush();
  assertEquals(file.records.length, 10);
  assertEquals(file.writes > 1, true);
});

Deno.test("PcapLink reports once that it cannot write, and lets the traffic go on", () => {
  const errors: unknown[] = [];
  const full = new Error("No space left on device");
  const [near, far] = MemoryLink.pair();
  const sink = {
    write: () => {
      throw full;
    },
  };
  const link = new PcapLink(near, {
    sink,
    wallClock: () => 0,
    failed: (error) => errors.push(error),
  });
  for (let i = 0; i < 3; i++) {
    assertEquals(link.send(packetOf(20)), SendResult.Sent);
    assertEquals(far.receive(packetOf(0)), true);
    link.flush();
  }
  assertEquals(errors, [full]);
});

Deno.test("PcapLink records Ethernet frames, and cuts super-segments behind their headers (Z-05)", () => {
  const file = new File();
  const [inner] = MemoryLink.pair({ mtu: 9000, checksumOffload: true, maxSegmentation: 60_000 });
  const sent: number[] = [];
  const device: Link = Object.assign(Object.create(inner), {
    send: (packet: PacketBuffer) => {
      sent.push(packet.length);
      return SendResult.Sent;
    },
  });
  const link = recorder(file, device, { isEthernet: true });
  const arp = packetOf(42);
  arp.bytes.fill(7, arp.start, arp.end);
  link.send(arp);
  link.send(packetOf(5)); // not even a header
  const segment = packetOf(40 + 2500);
  segment.view.setUint16(segment.start, 0x4500);
  segment.view.setUint8(segment.start + 9, 6);
  segment.view.setUint8(segment.start + 32, 0x50);
  segment.checksumState = ChecksumState.Partial;
  segment.checksumStart = segment.start + 20;
  segment.checksumOffset = 16;
  segment.segmentSize = 1000;
  segment.bytes.fill(9, segment.prepend(14), segment.start + 14);
  link.send(segment);
  link.flush();
  assertEquals(sent, [42, 5, 14 + 40 + 2500]);
  assertEquals(file.view.getUint32(20, true), 1);
  assertEquals(file.records.map(([, , captured]) => captured), [42, 5, 1054, 1054, 554]);
  let at = 24 + 16 + 42 + 16 + 5;
  assertEquals([...file.bytes.subarray(24 + 16, 24 + 16 + 42)], new Array(42).fill(7));
  for (const length of [1054, 1054, 554]) {
    const frame = file.bytes.subarray(at + 16, at + 16 + length);
    assertEquals([...frame.subarray(0, 15)], [...new Array(14).fill(9), 0x45]);
    assertEquals(frame[16]! * 256 + frame[17]!, length - 14); // the total length
    at += 16 + length;
  }
});
