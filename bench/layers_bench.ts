/**
 * Each layer alone, for everyday work: `deno task bench`.
 *
 * @module
 */
import { addWords, fold } from "../lib/base/checksum.ts";
import { PacketBuffer } from "../lib/base/packet_buffer.ts";
import { RingBuffer } from "../lib/base/ring_buffer.ts";
import { SipHash } from "../lib/base/siphash.ts";
import { type Timed, TimerHeap } from "../lib/base/timer_heap.ts";
import { ipv4 } from "../lib/ip/address.ts";
import { type Endpoint, FlowKey } from "../lib/ip/flow.ts";
import { type FlowEntry, FlowTable } from "../lib/ip/flow_table.ts";
import { IpHeader } from "../lib/ip/header.ts";
import { ACK, parseSegment, Segment, writeSegment } from "../lib/tcp/header.ts";

const FLOWS = 10_000;
const packet = new PacketBuffer(66_000);
packet.clear();
packet.append(1460);

Deno.bench("checksum of 1460 bytes", () => {
  fold(addWords(packet.view, packet.start, packet.end));
});

const ring = new RingBuffer(65_536);
Deno.bench("ring buffer: 1460 bytes in and out", () => {
  ring.write(packet.bytes, packet.start, packet.end);
  ring.drop(1460);
});

const key = new SipHash(new Uint8Array(16));
Deno.bench("SipHash-2-4 of 36 bytes", () => {
  key.update(packet.view, 36);
});

const heap = new TimerHeap<Timed>();
const timed = Array.from({ length: FLOWS }, (): Timed => ({ deadline: Infinity, heapIndex: -1 }));
for (const [index, entry] of timed.entries()) heap.set(entry, index);
let turn = 0;
Deno.bench(`timer heap of ${FLOWS}: move a deadline`, () => {
  heap.set(timed[turn++ % FLOWS]!, turn); // the index is below the length
});

class Entry implements FlowEntry<Entry> {
  readonly own: Endpoint = { address: ipv4(0x0a000202), port: 80 };
  readonly peer: Endpoint;
  hash = 0;
  nextInBucket: Entry | undefined;

  constructor(port: number) {
    this.peer = { address: ipv4(0x0a000264), port };
  }
}
const table = new FlowTable<Entry>(1);
for (let port = 0; port < FLOWS; port++) table.add(new Entry(port));
const wanted = new FlowKey();
wanted.peer.assignIpv4(0x0a000264);
wanted.own.assignIpv4(0x0a000202);
wanted.ownPort = 80;
Deno.bench(`flow table of ${FLOWS}: find`, () => {
  wanted.peerPort = turn++ % FLOWS;
  table.find(wanted);
});

const header = new IpHeader();
const segment = new Segment();
segment.flags = ACK;
segment.options.hasTimestamps = true;
Deno.bench("TCP header: write and parse, checksums of 1460 bytes", () => {
  packet.clear();
  packet.append(1460);
  writeSegment(segment, header, packet, false);
  parseSegment(segment, header, packet);
});
