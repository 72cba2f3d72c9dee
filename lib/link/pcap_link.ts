/**
 * A link that records what passes.
 *
 *     stack <-> PcapLink <-> inner link
 *                   |
 *                   +-> pcap: wire packets with complete checksums
 *
 * The file has the classic format with nanosecond timestamps; its packets begin
 * with the IP header, or with that of Ethernet. What is recorded is a copy:
 * offloads keep working, and a super-segment is recorded as the packets that it
 * will be on the wire.
 *
 * @see {@link https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-06.html | draft-ietf-opsawg-pcap}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { HEADROOM, PacketBuffer } from "../base/packet_buffer.ts";
import { ETHERNET_HEADER_LENGTH } from "../ethernet/header.ts";
import { type Link, SendResult } from "./link.ts";
import { LinkDecorator } from "./link_decorator.ts";
import { cutSegments, restorePartial } from "./offload.ts";

/** Where the bytes of a recording go. */
export interface PcapSink {
  /** Writes all of `bytes`, of which it may not keep a reference. What it throws ends the recording. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
}

/** Settings of a {@linkcode PcapLink}. */
export interface PcapLinkOptions {
  /** Where the recording goes. */
  readonly sink: PcapSink;
  /** The time of day, in milliseconds since 1970; may have a fraction. */
  readonly wallClock: () => Millis;
  /** Whether the link is one for Ethernet frames. @default {false} */
  readonly isEthernet?: boolean;
  /** Bytes of each packet that are recorded. @default {65535} */
  readonly snapLength?: number;
  /** Is told, once, when recording has come to an end because of an error. */
  readonly failed?: (error: unknown) => void;
}

/** Nanoseconds, in the byte order of the writer. */
const MAGIC = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;
const FILE_HEADER_LENGTH = 24;
const RECORD_HEADER_LENGTH = 16;
const LONGEST = 65_535;
const BUFFER_LENGTH = 4 * LONGEST;

/** A link that records what passes; see the module's description. */
export class PcapLink extends LinkDecorator {
  readonly #sink: PcapSink;
  readonly #wallClock: () => Millis;
  readonly #snapLength: number;
  readonly #isEthernet: boolean;
  /** The header of the frame that is being recorded, and how much of it there is. */
  readonly #frameHeader = new Uint8Array(ETHERNET_HEADER_LENGTH);
  #frameHeaderLength = 0;
  readonly #failed: (error: unknown) => void;
  readonly #buffer = new Uint8Array(BUFFER_LENGTH);
  readonly #view = new DataView(this.#buffer.buffer);
  readonly #copy = new PacketBuffer(HEADROOM + 65_536);
  readonly #wire = new PacketBuffer(HEADROOM + 65_536);
  readonly #append = (packet: PacketBuffer): void => this.#appendRecord(packet);
  #buffered = 0;
  #isRecording = true;
  #now: Millis = 0;

  /** Records what passes over `inner`, which becomes its own. */
  constructor(inner: Link, options: PcapLinkOptions) {
    super(inner);
    this.#sink = options.sink;
    this.#wallClock = options.wallClock;
    this.#isEthernet = options.isEthernet ?? false;
    this.#snapLength = options.snapLength ?? LONGEST;
    this.#failed = options.failed ?? (() => {});
    this.#appendFileHeader();
  }

  override receive(packet: PacketBuffer): boolean {
    if (!this.inner.receive(packet)) return false;
    if (this.#isRecording) {
      this.#copy.copyFrom(packet);
      this.#record();
    }
    return true;
  }

  override send(packet: PacketBuffer): SendResult {
    if (!this.#isRecording) return this.inner.send(packet);
    this.#copy.copyFrom(packet); // before the inner link changes it
    const result = this.inner.send(packet);
    if (result === SendResult.Sent) this.#record();
    return result;
  }

  override async wait(timeout: Millis, writable: boolean): Promise<void> {
    if (timeout > 0) this.flush();
    await this.inner.wait(timeout, writable);
  }

  override close(): void {
    this.flush();
    this.inner.close();
  }

  /** Writes out what is buffered. */
  flush(): void {
    const count = this.#buffered;
    this.#buffered = 0;
    if (count === 0 || !this.#isRecording) return;
    try {
      this.#sink.write(this.#buffer.subarray(0, count));
    } catch (error) {
      this.#isRecording = false; // the traffic goes on
      this.#failed(error);
    }
  }

  /** Records `#copy`, which is then no longer what it was. */
  #record(): void {
    this.#now = this.#wallClock();
    if (this.#isEthernet) this.#takeFrameHeader();
    restorePartial(this.#copy);
    cutSegments(this.#copy, this.#wire, this.#append);
  }

  /** Sets the header of a frame aside, since segments are cut from what is behind it. */
  #takeFrameHeader(): void {
    const count = Math.min(ETHERNET_HEADER_LENGTH, this.#copy.length);
    const at = this.#copy.consume(count);
    this.#frameHeader.set(this.#copy.bytes.subarray(at, at + count));
    this.#frameHeaderLength = count;
  }

  #appendFileHeader(): void {
    const view = this.#view;
    view.setUint32(0, MAGIC, true);
    view.setUint16(4, 2, true); // version 2.4
    view.setUint16(6, 4, true);
    view.setUint32(8, 0, true);
    view.setUint32(12, 0, true);
    view.setUint32(16, this.#snapLength, true);
    view.setUint32(20, this.#isEthernet ? LINKTYPE_ETHERNET : LINKTYPE_RAW, true);
    this.#buffered = FILE_HEADER_LENGTH;
  }

  #appendRecord(packet: PacketBuffer): void {
    const count = this.#frameHeaderLength;
    if (count > 0) packet.bytes.set(this.#frameHeader.subarray(0, count), packet.prepend(count));
    const { bytes, start, length } = packet;
    const captured = Math.min(length, this.#snapLength);
    if (this.#buffered + RECORD_HEADER_LENGTH + captured > BUFFER_LENGTH) this.flush();
    const at = this.#buffered;
    const seconds = Math.floor(this.#now / 1000);
    const view = this.#view;
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, Math.floor((this.#now - seconds * 1000) * 1e6), true);
    view.setUint32(at + 8, captured, true);
    view.setUint32(at + 12, length, true);
    const from = at + RECORD_HEADER_LENGTH;
    this.#buffer.set(bytes.subarray(start, start + captured), from);
    this.#buffered = from + captured;
  }
}
