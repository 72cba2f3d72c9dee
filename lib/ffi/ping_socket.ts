/**
 * A socket for echo requests.
 *
 * There are sockets for just this, which need no right where the setting
 * net.ipv4.ping_group_range has a group of ours; a raw socket does it, too, but
 * needs CAP_NET_RAW. The first sort has an identifier of the kernel's and hears
 * only what is for it; the second hears every echo reply, so that we choose an
 * identifier and look for it. Either way one socket can carry all that anybody
 * asks for, told apart by sequence numbers.
 *
 * @see {@link https://lwn.net/Articles/443051/}
 * @module
 */
import { addWords, fold } from "../base/checksum.ts";
import type { IpAddress } from "../ip/address.ts";
import { enableErrorQueue, ErrorQueue, type SendFailure, setOption } from "./error_queue.ts";
import { checked, declare, lastError, libc } from "./libc.ts";
import { untilReadable } from "./poll.ts";
import { AF_INET, AF_INET6, SOCKADDR_LENGTH, SocketAddress } from "./socket_address.ts";

const calls = declare({
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "u32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  recvfrom: { parameters: ["i32", "buffer", "u32", "i32", "buffer", "buffer"], result: "i32" },
});

const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const SHUT_RDWR = 2;

const SOL_RAW = 255;
const SOL_ICMPV6 = 58;
/** ICMP_FILTER and ICMPV6_FILTER: a bit for each type that is not wanted. */
const FILTER = 1;

/** What differs between the versions of IP. */
interface Version {
  readonly family: number;
  /** IPPROTO_ICMP, IPPROTO_ICMPV6. */
  readonly protocol: number;
  readonly echoRequest: number;
  readonly echoReply: number;
  /** Level and name of the option for the TTL or hop limit: IP_TTL, IPV6_UNICAST_HOPS. */
  readonly hopLimit: readonly [level: number, option: number];
  readonly filterLevel: number;
  /** Bytes of a filter. */
  readonly filterLength: number;
}

const VERSIONS: Readonly<Record<4 | 6, Version>> = {
  4: {
    family: AF_INET,
    protocol: 1,
    echoRequest: 8,
    echoReply: 0,
    hopLimit: [0, 2],
    filterLevel: SOL_RAW,
    filterLength: 4,
  },
  6: {
    family: AF_INET6,
    protocol: 58,
    echoRequest: 128,
    echoReply: 129,
    hopLimit: [41, 16],
    filterLevel: SOL_ICMPV6,
    filterLength: 32,
  },
};

const CHECKSUM = 2;
const IDENTIFIER = 4;
const SEQUENCE = 6;
const HEADER_LENGTH = 8;
/** The longest IP packet; a raw IPv4 socket gives the header, too. */
const CAPACITY = 65_536;

/** An answer to an echo request. */
export interface PingReply {
  /** Who answers. */
  readonly from: IpAddress | undefined;
  /** The sequence number of the request. */
  readonly sequence: number;
}

/** An error about an echo request. */
export interface PingFailure extends SendFailure {
  /** The sequence number of the request. */
  readonly sequence: number;
}

/** A socket for echo requests of one version of IP; see the module's description. */
export class PingSocket {
  /** What to wait for: readable when there is a reply, in error when there is a failure. */
  readonly descriptor: number;

  readonly #version: Version;
  /** Ours, where it is not the kernel's. */
  readonly #identifier: number | undefined;
  /** The beginning of a message, by which those of others are told. */
  readonly #bytes = new Uint8Array(CAPACITY);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #address = new SocketAddress();
  readonly #addressLengthView = new Uint32Array(1);
  readonly #addressLength = new Uint8Array(this.#addressLengthView.buffer);
  readonly #errors = new ErrorQueue();
  #hopLimit = 0;

  private constructor(version: 4 | 6, descriptor: number, identifier: number | undefined) {
    this.descriptor = descriptor;
    this.#version = VERSIONS[version];
    this.#identifier = identifier;
  }

  /**
   * Opens one, of the sort that this process may have.
   *
   * @param identifier For a raw socket: 0 to 65535, which others had better not use.
   * @throws {SystemError} If it may have none.
   */
  static open(version: 4 | 6, identifier: number): PingSocket {
    const { family, protocol } = VERSIONS[version];
    const open = (type: number) =>
      calls().socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    const opened = open(SOCK_DGRAM);
    const isRaw = opened < 0;
    const descriptor = isRaw
      ? checked("open a socket for pings", "socket", open(SOCK_RAW))
      : opened;
    try {
      if (isRaw) hearOnlyReplies(version, descriptor);
      enableErrorQueue(descriptor, version);
    } catch (error) {
      libc().close(descriptor);
      throw error;
    }
    return new PingSocket(version, descriptor, isRaw ? identifier : undefined);
  }

  /**
   * Sends an echo request. Never waits.
   *
   * @param hopLimit 1 to 255.
   * @returns 0, or the number of the error that came instead: perhaps of an earlier one.
   */
  send(target: IpAddress, hopLimit: number, sequence: number, data: Uint8Array): number {
    const { echoRequest } = this.#version;
    const view = this.#view;
    const length = HEADER_LENGTH + data.length;
    view.setUint8(0, echoRequest);
    view.setUint8(1, 0);
    view.setUint16(CHECKSUM, 0);
    view.setUint16(IDENTIFIER, this.#identifier ?? 0); // a ping socket fills in its own
    view.setUint16(SEQUENCE, sequence);
    this.#bytes.set(data, HEADER_LENGTH);
    // Only for a raw socket of IPv4 the kernel does not do it.
    view.setUint16(CHECKSUM, fold(addWords(view, 0, length)));
    this.#setHopLimit(hopLimit);
    this.#address.assign(target, 0);
    const address = this.#address.bytes;
    const result = calls()
      .sendto(this.descriptor, this.#bytes, length, 0, address, SOCKADDR_LENGTH);
    return result < 0 ? lastError[0]! : 0;
  }

  /** The next reply to a request of this socket. */
  receive(): PingReply | undefined {
    for (;;) {
      this.#addressLengthView[0] = SOCKADDR_LENGTH;
      const length = calls().recvfrom(
        ...[this.descriptor, this.#bytes, CAPACITY, MSG_DONTWAIT] as const,
        ...[this.#address.bytes, this.#addressLength] as const,
      );
      if (length < 0) return undefined;
      const start = this.#isRawIpv4 ? (this.#view.getUint8(0) & 0x0f) * 4 : 0;
      if (length < start + HEADER_LENGTH || !this.#isOurs(this.#view, start)) continue;
      if (this.#view.getUint8(start) !== this.#version.echoReply) continue;
      return { from: this.#address.address, sequence: this.#view.getUint16(start + SEQUENCE) };
    }
  }

  /** The next error about a request of this socket. */
  receiveFailure(): PingFailure | undefined {
    for (;;) {
      const failure = this.#errors.read(this.descriptor);
      if (!failure) return undefined;
      const { quoted } = failure;
      const view = new DataView(quoted.buffer, quoted.byteOffset, quoted.byteLength);
      if (view.byteLength < HEADER_LENGTH || !this.#isOurs(view, 0)) continue;
      return { ...failure, sequence: view.getUint16(SEQUENCE) };
    }
  }

  /** Whether this is a raw socket. */
  get isRaw(): boolean {
    return this.#identifier !== undefined;
  }

  /**
   * Waits until there is a reply or a failure, or for `timeout` milliseconds.
   *
   * @returns Whether there may be one.
   */
  wait(timeout: number): Promise<boolean> {
    return untilReadable(this.descriptor, timeout);
  }

  /** Ends waiting, at once and for good. */
  shutDown(): void {
    // It is not connected, says the answer, but whoever waits is woken all the same.
    calls().shutdown(this.descriptor, SHUT_RDWR);
  }

  /** Gives the socket back. Nobody may wait for it any more. */
  close(): void {
    libc().close(this.descriptor);
  }

  get #isRawIpv4(): boolean {
    return this.isRaw && this.#version.family === AF_INET;
  }

  #isOurs(view: DataView, start: number): boolean {
    return this.#identifier === undefined ||
      view.getUint16(start + IDENTIFIER) === this.#identifier;
  }

  #setHopLimit(hopLimit: number): void {
    if (hopLimit === this.#hopLimit) return;
    this.#hopLimit = hopLimit;
    const [level, option] = this.#version.hopLimit;
    setOption(this.descriptor, level, option, hopLimit);
  }
}

/** Keeps the ICMP messages from a raw socket that are no echo replies. */
function hearOnlyReplies(version: 4 | 6, descriptor: number): void {
  const { echoReply, filterLevel, filterLength } = VERSIONS[version];
  const filter = new Uint32Array(filterLength / 4).fill(0xffff_ffff);
  const word = echoReply >> 5;
  filter[word] = filter[word]! & ~(1 << (echoReply & 31)); // 0 or 129: both versions have the word
  const bytes = new Uint8Array(filter.buffer);
  const result = calls().setsockopt(descriptor, filterLevel, FILTER, bytes, filterLength);
  checked("prepare a socket for pings", "setsockopt", result);
}
