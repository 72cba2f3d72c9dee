/**
 * What became of packets that a socket has sent: its error queue (ip(7),
 * IP_RECVERR), where the kernel puts the ICMP errors that have come for it.
 *
 * @module
 */
import type { IpAddress } from "../ip/address.ts";
import { checked, declare } from "./libc.ts";
import { SOCKADDR_LENGTH, SocketAddress } from "./socket_address.ts";

const calls = declare({
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
});

const MSG_DONTWAIT = 0x40;
const MSG_ERRQUEUE = 0x2000;
const SOL_IP = 0;
const SOL_IPV6 = 41;
const IP_RECVERR = 11;
const IPV6_RECVERR = 25;

// struct msghdr: name, its length, iovec, their number, control, its length, flags
const NAME = 0;
const NAME_LENGTH = 8;
const VECTORS = 16;
const VECTOR_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
// Behind it what it points to, in the same buffer.
const IOVEC = 56;
const TARGET = 72;
const CONTROL_DATA = 104;
const CONTROL_CAPACITY = 152;
const QUOTED = 256;
const QUOTED_CAPACITY = 64;

// struct cmsghdr: length, level, type; then struct sock_extended_err, then who says so
const LEVEL = CONTROL_DATA + 8;
const TYPE = CONTROL_DATA + 12;
const ERRNO = CONTROL_DATA + 16;
const ORIGIN = CONTROL_DATA + 20;
const ICMP_TYPE = CONTROL_DATA + 21;
const ICMP_CODE = CONTROL_DATA + 22;
const INFO = CONTROL_DATA + 24;
const OFFENDER = CONTROL_DATA + 32;

const SO_EE_ORIGIN_ICMP = 2;
const SO_EE_ORIGIN_ICMP6 = 3;

/** An error that came for a packet which a socket has sent. */
export interface SendFailure {
  /** What the kernel makes of it, as an error number. */
  readonly errno: number;
  /** Who says so; undefined if it is this host itself. */
  readonly offender: IpAddress | undefined;
  /** The type of the ICMP message. */
  readonly type: number;
  /** The code of the ICMP message. */
  readonly code: number;
  /** With EMSGSIZE: what the path takes, in bytes. */
  readonly mtu: number;
  /** Where the packet was to go. */
  readonly target: IpAddress | undefined;
  /** And to which port, if it had one. */
  readonly targetPort: number;
  /** The beginning of the packet's payload; valid until the next one is read. */
  readonly quoted: Uint8Array;
}

/** Reads the error queues of sockets, each failure into the same buffer. */
export class ErrorQueue {
  readonly #bytes = new Uint8Array(QUOTED + QUOTED_CAPACITY);
  readonly #view = new DataView(this.#bytes.buffer);
  readonly #target = new SocketAddress(this.#bytes.subarray(TARGET, TARGET + SOCKADDR_LENGTH));
  readonly #offender = new SocketAddress(
    this.#bytes.subarray(OFFENDER, OFFENDER + SOCKADDR_LENGTH),
  );

  constructor() {
    const address = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#bytes)));
    const point = (at: number, to: number) =>
      this.#view.setBigUint64(at, address + BigInt(to), true);
    point(NAME, TARGET);
    point(VECTORS, IOVEC);
    point(CONTROL, CONTROL_DATA);
    point(IOVEC, QUOTED);
    this.#view.setBigUint64(VECTOR_COUNT, 1n, true);
    this.#view.setBigUint64(IOVEC + 8, BigInt(QUOTED_CAPACITY), true);
  }

  /** The next failure of a socket that {@linkcode enableErrorQueue} was called for. */
  read(descriptor: number): SendFailure | undefined {
    const view = this.#view;
    view.setUint32(NAME_LENGTH, SOCKADDR_LENGTH, true);
    view.setUint32(CONTROL_LENGTH, CONTROL_CAPACITY, true);
    this.#bytes.fill(0, TARGET, QUOTED);
    const length = calls().recvmsg(descriptor, this.#bytes, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0 || !this.#isFailure()) return undefined;
    const origin = view.getUint8(ORIGIN);
    const isFromOutside = origin === SO_EE_ORIGIN_ICMP || origin === SO_EE_ORIGIN_ICMP6;
    return {
      errno: view.getUint32(ERRNO, true),
      offender: isFromOutside ? this.#offender.address : undefined,
      type: view.getUint8(ICMP_TYPE),
      code: view.getUint8(ICMP_CODE),
      mtu: view.getUint32(INFO, true),
      target: this.#target.address,
      targetPort: this.#target.port,
      quoted: this.#bytes.subarray(QUOTED, QUOTED + length),
    };
  }

  #isFailure(): boolean {
    const level = this.#view.getInt32(LEVEL, true);
    const type = this.#view.getInt32(TYPE, true);
    return (level === SOL_IP && type === IP_RECVERR) ||
      (level === SOL_IPV6 && type === IPV6_RECVERR);
  }
}

/**
 * Makes the kernel keep the ICMP errors that come for a socket.
 *
 * @throws {SystemError} If it is no such socket.
 */
export function enableErrorQueue(descriptor: number, version: 4 | 6): void {
  const [level, option] = version === 4 ? [SOL_IP, IP_RECVERR] : [SOL_IPV6, IPV6_RECVERR];
  setOption(descriptor, level, option, 1);
}

/** Sets an option that is a number. @throws {SystemError} If the socket does not take it. */
export function setOption(descriptor: number, level: number, option: number, value: number): void {
  const isSet = trySetOption(descriptor, level, option, value);
  checked("prepare a socket", "setsockopt", isSet ? 0 : -1);
}

/** Sets an option that is a number; returns whether the socket takes it. */
export function trySetOption(
  descriptor: number,
  level: number,
  option: number,
  value: number,
): boolean {
  optionView[0] = value;
  return calls().setsockopt(descriptor, level, option, optionValue, optionValue.length) === 0;
}

/** Filled in and read at once: one for all sockets. */
const optionView = new Int32Array(1);
const optionValue = new Uint8Array(optionView.buffer);
