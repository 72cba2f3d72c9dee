/**
 * A link over a TUN or TAP device: packets or frames with a virtio-net header in
 * front.
 *
 * The header says what the kernel has left for us to do, and we for it. A
 * packet from the guest whose checksum is partial never was on a wire, so that
 * there is nothing to verify.
 *
 * @see {@link https://docs.oasis-open.org/virtio/virtio/v1.2/virtio-v1.2.html | virtio 1.2 §5.1.6}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { ChecksumState, HEADROOM, type PacketBuffer } from "../base/packet_buffer.ts";
import { Views } from "../base/views.ts";
import type { Poller } from "../ffi/poller.ts";
import { type TunDevice, VNET_HEADER_LENGTH, WriteResult } from "../ffi_tun.ts";
import { type Link, SendResult } from "./link.ts";

const FLAGS = 0;
const GSO_TYPE = 1;
const HEADER_LENGTH = 2;
const GSO_SIZE = 4;
const CHECKSUM_START = 6;
const CHECKSUM_OFFSET = 8;

const NEEDS_CHECKSUM = 1;
const DATA_VALID = 2;
const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_TCPV6 = 4;
const GSO_UDP_L4 = 5;

const TCP_DATA_OFFSET = 12;
const UDP_CHECKSUM = 6;
const UDP_HEADER_LENGTH = 8;
/** 65535 bytes of IP packet, less the longest headers of IPv4 and TCP. */
const LARGEST_SUPER_SEGMENT = 65_535 - 20 - 60;
/** The same for UDP. */
const LARGEST_SUPER_DATAGRAM = 65_535 - 20 - UDP_HEADER_LENGTH;

/** What a {@linkcode TunLink} needs of a device. */
export type FrameDevice =
  & Pick<
    TunDevice,
    "offload" | "datagramOffload" | "read" | "write" | "gather" | "wait" | "look" | "wake" | "close"
  >
  & { readonly poller?: Poller };

/** A link over a TUN device; see the module's description. */
export class TunLink implements Link {
  readonly mtu: number;
  readonly checksumOffload: boolean;
  readonly maxSegmentation: number;
  readonly maxDatagramSegmentation: number;
  readonly gathers: boolean;
  readonly #tun: FrameDevice;
  readonly #frameHeader: number;
  /** Where frames are read to, so that what is in them has the same place, and as much, in each. */
  readonly #frameStart: number;
  readonly #outgoing = new Views();
  #isClosed = false;
  #target: PacketBuffer | undefined;
  #frame: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /**
   * Makes a link of `tun`, which becomes its own.
   *
   * @param mtu The longest packet, or frame with its header, in bytes.
   * @param frameHeader Bytes in front of each IP packet: 14 on a TAP device.
   */
  constructor(tun: FrameDevice, mtu: number, frameHeader = 0) {
    this.#tun = tun;
    this.#frameHeader = frameHeader;
    this.#frameStart = HEADROOM - frameHeader;
    this.mtu = mtu;
    this.checksumOffload = tun.offload;
    this.gathers = tun.offload;
    this.maxSegmentation = tun.offload ? LARGEST_SUPER_SEGMENT : 0;
    this.maxDatagramSegmentation = tun.datagramOffload ? LARGEST_SUPER_DATAGRAM : 0;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  receive(packet: PacketBuffer): boolean {
    if (this.#isClosed) return false;
    let length = 0;
    try {
      length = this.#tun.read(this.#frameOf(packet));
    } catch {
      this.close(); // the device is gone, and with it the guest
    }
    if (length <= VNET_HEADER_LENGTH) return false;
    packet.clear(this.#frameStart);
    packet.append(length - VNET_HEADER_LENGTH);
    const at = this.#frameStart - VNET_HEADER_LENGTH;
    const flags = packet.view.getUint8(at + FLAGS);
    if (flags & (NEEDS_CHECKSUM | DATA_VALID)) packet.checksumState = ChecksumState.Verified;
    if (packet.view.getUint8(at + GSO_TYPE) !== GSO_NONE) {
      packet.segmentSize = packet.view.getUint16(at + GSO_SIZE, true);
    }
    return true;
  }

  send(packet: PacketBuffer): SendResult {
    if (this.#isClosed) return SendResult.Refused;
    const at = packet.start - VNET_HEADER_LENGTH;
    writeHeader(packet, at, packet.start + this.#frameHeader);
    switch (this.#write(packet, at)) {
      case WriteResult.Taken:
        return SendResult.Sent;
      case WriteResult.Full:
        return SendResult.Full;
      case WriteResult.Refused:
        return SendResult.Refused;
      case WriteResult.Gone:
        this.close();
        return SendResult.Refused;
    }
  }

  /** Writes a frame that begins at `at`: what is there, and the tail of the packet. */
  #write(packet: PacketBuffer, at: number): WriteResult {
    const { bytes, end, tail, tailStart, tailLength } = packet;
    if (tailLength === 0) return this.#tun.write(this.#outgoing.from(bytes, at), end - at);
    return this.#tun.gather(bytes.subarray(at, end), tail, tailStart, tailLength);
  }

  async wait(timeout: Millis, writable: boolean): Promise<void> {
    if (!this.#isClosed) await this.#tun.wait(timeout, writable);
  }

  look(timeout: Millis, writable: boolean): boolean {
    return !this.#isClosed && this.#tun.look(timeout, writable);
  }

  get poller(): Poller | undefined {
    return this.#tun.poller;
  }

  wake(): void {
    if (!this.#isClosed) this.#tun.wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#tun.close();
  }

  /** The part of `packet` that a frame is read into; made once per buffer, not per packet. */
  #frameOf(packet: PacketBuffer): Uint8Array<ArrayBuffer> {
    if (this.#target !== packet) {
      this.#target = packet;
      this.#frame = packet.bytes.subarray(this.#frameStart - VNET_HEADER_LENGTH);
    }
    return this.#frame;
  }
}

/** Writes the virtio-net header of `packet`, whose IP header is at `ip`, at `at`. */
function writeHeader(packet: PacketBuffer, at: number, ip: number): void {
  const { view, start, checksumStart, segmentSize } = packet;
  const isPartial = packet.checksumState === ChecksumState.Partial;
  view.setUint32(at, 0);
  view.setUint32(at + 4, 0);
  view.setUint32(at + 8, 0);
  if (!isPartial) return;
  view.setUint8(at + FLAGS, NEEDS_CHECKSUM);
  view.setUint16(at + CHECKSUM_START, checksumStart - start, true);
  view.setUint16(at + CHECKSUM_OFFSET, packet.checksumOffset, true);
  if (segmentSize === 0) return;
  const isUdp = packet.checksumOffset === UDP_CHECKSUM;
  const tcpType = view.getUint8(ip) >> 4 === 4 ? GSO_TCPV4 : GSO_TCPV6;
  const headerLength = isUdp
    ? UDP_HEADER_LENGTH
    : (view.getUint8(checksumStart + TCP_DATA_OFFSET) >> 4) * 4;
  view.setUint8(at + GSO_TYPE, isUdp ? GSO_UDP_L4 : tcpType);
  view.setUint16(at + HEADER_LENGTH, checksumStart - start + headerLength, true);
  view.setUint16(at + GSO_SIZE, segmentSize, true);
}
