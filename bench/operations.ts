/**
 * What each layer does, by the names of what is done: for time and for allocations.
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
import { parseIpv4, writeIpv4 } from "../lib/ip/ipv4_header.ts";
import { parseIpv6, writeIpv6 } from "../lib/ip/ipv6_header.ts";
import { ACK, parseSegment, Segment, writeSegment } from "../lib/tcp/header.ts";
import { TwoStacks } from "./two_stacks.ts";

const FLOWS = 10_000;
const TCP = 6;
const packet = new PacketBuffer(66_000);
const ring = new RingBuffer(65_536);
const key = new SipHash(new Uint8Array(16));
let turn = 0;

const heap = new TimerHeap<Timed>();
const timed = Array.from({ length: FLOWS }, (): Timed => ({ deadline: Infinity, heapIndex: -1 }));
for (const [index, entry] of timed.entries()) heap.set(entry, index);

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

const header = new IpHeader();
header.source.assignIpv4(0x0a000264);
header.destination.assignIpv4(0x0a000202);
header.hopLimit = 64;
header.protocol = TCP;
const segment = new Segment();
segment.flags = ACK;
segment.options.hasTimestamps = true;

/** Fills the packet with so many bytes. */
function fill(length: number): void {
  packet.clear();
  packet.append(length);
}

const narrow = new TwoStacks({ mtu: 1500 });
const wide = new TwoStacks({
  ...{ mtu: 65_520, checksumOffload: true, maxSegmentation: 65_455, cut: false },
});
const narrowEnds = narrow.connect();
const wideEnds = wide.connect();
const one = new Uint8Array(1), bulk = new Uint8Array(262_144);

/** The operations, from the bottom layer up. */
export const OPERATIONS: Readonly<Record<string, () => void>> = {
  "checksum of 1460 bytes": () => {
    fill(1460);
    fold(addWords(packet.view, packet.start, packet.end));
  },
  "ring buffer: 1460 bytes in and out": () => {
    fill(1460);
    ring.write(packet.bytes, packet.start, packet.end);
    ring.drop(1460);
  },
  "SipHash-2-4 of 36 bytes": () => {
    key.update(packet.view, 36);
  },
  [`timer heap of ${FLOWS}: move a deadline`]: () => {
    heap.set(timed[turn++ % FLOWS]!, turn); // the index is below the length
  },
  [`flow table of ${FLOWS}: find`]: () => {
    wanted.peerPort = turn++ % FLOWS;
    table.find(wanted);
  },
  "IPv4 header: write and parse": () => {
    fill(1460);
    writeIpv4(header, packet);
    parseIpv4(header, packet);
  },
  "IPv6 header: write and parse": () => {
    fill(1460);
    writeIpv6(header, packet);
    parseIpv6(header, packet);
  },
  "TCP header: write and parse, checksums of 1460 bytes": () => {
    fill(1460);
    writeSegment(segment, header, packet, false);
    parseSegment(segment, header, packet);
  },
  "two stacks: 1 byte there and back": () => {
    narrow.pass(narrowEnds[0], narrowEnds[1], one);
    narrow.pass(narrowEnds[1], narrowEnds[0], one);
  },
  "two stacks: 256 KiB, MTU 1500": () => narrow.pass(narrowEnds[0], narrowEnds[1], bulk),
  "two stacks: 256 KiB, MTU 65520, offload": () => wide.pass(wideEnds[0], wideEnds[1], bulk),
  "two stacks: a connection, 1 byte, its end": () => {
    const [client, server] = narrow.connect();
    narrow.pass(client, server, one);
    narrow.close(client, server);
  },
};
