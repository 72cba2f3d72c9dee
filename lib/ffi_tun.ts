/**
 * A TUN or TAP device: the descriptor behind an interface whose packets, or
 * Ethernet frames, we make.
 *
 * What is read is what the kernel sent out of the interface, what is written is
 * what it receives there. Every frame begins with a virtio-net header, in which
 * both sides leave checksums and segmentation to each other; what is in the
 * header and behind it is no business of this file.
 *
 * Reading and writing are synchronous calls that never wait: 0.2 us each.
 * Waiting is for the device and for whatever else is in its {@linkcode Poller}, in one call.
 *
 * @see {@link https://www.kernel.org/doc/html/latest/networking/tuntap.html}
 * @module
 */

import { IoVectors } from "./ffi/io_vectors.ts";
import { checked, cString, declare, lastError, libc } from "./ffi/libc.ts";
import { EPOLLIN, EPOLLOUT, type Pollable, Poller, type Token } from "./ffi/poller.ts";
import { Errno, errnoName, type Reason, SystemError } from "./ffi/system_error.ts";

const calls = declare({
  ioctl: { parameters: ["i32", "u32", "buffer"], result: "i32" },
  writev: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  ioctlValue: { name: "ioctl", parameters: ["i32", "u32", "u32"], result: "i32" },
});

/** Length of the virtio-net header before each packet. With 12 bytes an IP header is 4-aligned. */
export const VNET_HEADER_LENGTH = 12;

/** Of a frame: its head, and what is in a ring, at its end and at its beginning. */
const MOST_PARTS = 3;

/** Where the kernel keeps the device that TUN interfaces are made with. */
export const TUN_PATH = "/dev/net/tun";

const O_RDWR = 0o2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const F_GETFL = 3;
const F_SETFL = 4;

// linux/if_tun.h
const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNSETVNETHDRSZ = 0x400454d8;
const TUNSETOFFLOAD = 0x400454d0;
const IFF_TUN = 0x0001;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const TCP_OFFLOADS = 0x01 | 0x02 | 0x04; // TUN_F_CSUM, TUN_F_TSO4, TUN_F_TSO6
const UDP_OFFLOADS = 0x20 | 0x40; // TUN_F_USO4, TUN_F_USO6: since Linux 6.2

// struct ifreq: the name, then a union of which TUNSETIFF reads the flags.
const IFREQ_LENGTH = 40;
const IFREQ_FLAGS = 16;
const MAX_NAME_LENGTH = 15;

/** How a TUN device is to be. */
export interface TunOptions {
  /** Name of the interface, 1 to 15 bytes; `%d` in it becomes the first free number. */
  readonly name: string;
  /** Whether the kernel may leave checksums and segmentation to us, and we to it. */
  readonly offload: boolean;
  /** Whether it is a TAP device: Ethernet frames instead of packets. @default {false} */
  readonly tap?: boolean;
  /**
   * Whether the interface is to stay when it is closed, until its namespace ends. Taking
   * an interface away makes whoever closes it wait for 20 ms; nobody waits for a namespace.
   *
   * @default {false}
   */
  readonly persistent?: boolean;
}

/** What became of a frame that was written. */
export const WriteResult = {
  /** The kernel has it. */
  Taken: 0,
  /** No room: wait until the device is writable and try again. */
  Full: 1,
  /** Not a frame that the kernel takes, now or later; it is lost. */
  Refused: 2,
  /** There is no interface any more. */
  Gone: 3,
} as const;
/** One of the results in {@linkcode WriteResult}. */
export type WriteResult = typeof WriteResult[keyof typeof WriteResult];

/** A TUN or TAP device. Only one {@linkcode wait} may be pending at a time. */
export class TunDevice implements Pollable {
  /** The name that the kernel gave the interface. */
  readonly name: string;
  /** Whether checksums and TCP segmentation are left to the other side. */
  readonly offload: boolean;
  /** Whether segmentation of UDP is left to the other side, too. */
  readonly datagramOffload: boolean;
  /** What waits for the device; other descriptors may be added. */
  readonly poller: Poller = new Poller();

  readonly #libc = libc();
  readonly #writev = calls().writev;
  readonly #vectors = new IoVectors(MOST_PARTS);
  readonly #descriptor: number;
  readonly #token: Token;
  /** Whether the poller looks for room to write, too. */
  #awaitsRoom = false;
  /** Whether the poller has just found nothing to read. */
  #isEmpty = false;
  #isWaiting = false;
  #isClosed = false;

  private constructor(descriptor: number, options: TunOptions) {
    try {
      const action = `make the TUN device "${options.name}"`;
      setNonblocking(action, descriptor);
      this.name = attach(action, descriptor, options);
      setHeaderLength(action, descriptor);
      if (options.persistent) persist(action, descriptor);
      const offloads = negotiateOffload(action, descriptor, options.offload);
      this.offload = offloads !== 0;
      this.datagramOffload = (offloads & UDP_OFFLOADS) !== 0;
      this.#descriptor = descriptor;
      this.#token = this.poller.add(descriptor, EPOLLIN, this);
    } catch (error) {
      this.poller.close();
      throw error;
    }
  }

  /**
   * Opens /dev/net/tun in the calling thread's network namespace and makes an
   * interface with it.
   *
   * @throws {SystemError} If the device cannot be opened or the interface cannot be made.
   */
  static open(options: TunOptions & { readonly path?: string }): TunDevice {
    return TunDevice.adopt(openTun(options.path), options);
  }

  /**
   * Makes an interface with a descriptor of /dev/net/tun that somebody else has
   * opened: in the namespace in which it was opened, whichever we are in. The
   * descriptor is ours from then on, even if this throws.
   *
   * @throws {SystemError} If the interface cannot be made.
   */
  static adopt(descriptor: number, options: TunOptions): TunDevice {
    try {
      return new TunDevice(descriptor, options);
    } catch (error) {
      libc().close(descriptor);
      throw error;
    }
  }

  /**
   * Reads one frame into `bytes`: the virtio-net header and a packet. What does
   * not fit is lost.
   *
   * @returns The length of the frame; 0 when there is none now.
   * @throws {SystemError} If the device is gone.
   */
  read(bytes: Uint8Array): number {
    if (this.#isEmpty) { // saves asking once more
      this.#isEmpty = false;
      return 0;
    }
    const length = this.#libc.read(this.#descriptor, bytes, bytes.length);
    if (length >= 0) return length;
    const error = lastError[0]!;
    // EINVAL: a packet that the kernel cannot describe in a header, dropped.
    if (error === Errno.EAGAIN || error === Errno.EINTR || error === Errno.EINVAL) return 0;
    throw new SystemError(`read from the TUN device "${this.name}"`, "read", error);
  }

  /**
   * Writes one frame, the virtio-net header and a packet: the first `length` bytes of `bytes`.
   * Never waits.
   */
  write(bytes: Uint8Array, length: number = bytes.length): WriteResult {
    if (this.#libc.write(this.#descriptor, bytes, length) >= 0) return WriteResult.Taken;
    return whyNot(lastError[0]!);
  }

  /**
   * Writes one frame that begins in `head` and goes on in `memory`, `count` bytes from `start` on,
   * round its end. Never waits.
   */
  gather(
    head: Uint8Array<ArrayBuffer>,
    memory: Uint8Array<ArrayBuffer>,
    start: number,
    count: number,
  ): WriteResult {
    const vectors = this.#vectors;
    const first = Math.min(count, memory.length - start);
    vectors.clear();
    vectors.add(head, 0, head.length);
    vectors.add(memory, start, first);
    if (first < count) vectors.add(memory, 0, count - first);
    const written = this.#writev(this.#descriptor, vectors.bytes, vectors.count);
    return written >= 0 ? WriteResult.Taken : whyNot(lastError[0]!);
  }

  /**
   * Waits until a frame can be read, for `timeout` milliseconds, or until
   * {@linkcode wake}, also one that came before; also until a frame can be
   * written, if `writable`; or until something happens to another descriptor of
   * the {@linkcode poller}. May return early.
   *
   * @param timeout Rounded up to a whole millisecond; Infinity is allowed.
   */
  async wait(timeout: number, writable: boolean): Promise<void> {
    if (this.#isClosed) return;
    this.#setAwaitsRoom(writable);
    this.#isEmpty = false;
    this.#isWaiting = true;
    await this.poller.wait(timeout);
    this.#isWaiting = false;
    if (this.#isClosed) this.#libc.close(this.#descriptor);
  }

  /**
   * The same, but keeps the thread.
   *
   * @returns Whether anything has happened.
   */
  look(timeout: number, writable: boolean): boolean {
    this.#setAwaitsRoom(writable);
    this.#isEmpty = true;
    return this.poller.look(timeout);
  }

  ready(): void {
    this.#isEmpty = false;
  }

  /** Makes a pending {@linkcode wait} return, or else the next one. */
  wake(): void {
    this.poller.wake();
  }

  /**
   * Takes the interface away, if it is not a persistent one. A pending {@linkcode wait} returns first. May be
   * called again; read, write and wait may not.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.poller.close();
    if (!this.#isWaiting) this.#libc.close(this.#descriptor);
  }

  #setAwaitsRoom(awaitsRoom: boolean): void {
    if (awaitsRoom === this.#awaitsRoom) return;
    this.#awaitsRoom = awaitsRoom;
    const events = awaitsRoom ? EPOLLIN | EPOLLOUT : EPOLLIN;
    this.poller.change(this.#token, this.#descriptor, events);
  }
}

/** What became of a frame that was not written. */
function whyNot(error: number): WriteResult {
  switch (error) {
    case Errno.EAGAIN:
    case Errno.EINTR:
    case Errno.ENOBUFS:
      return WriteResult.Full;
    case Errno.EBADF:
    case Errno.EBADFD:
    case Errno.ENODEV:
      return WriteResult.Gone;
    default: // EINVAL: a bad header or packet; EIO: the interface is down
      return WriteResult.Refused;
  }
}

/**
 * Opens the device that TUN interfaces are made with, and makes none yet.
 *
 * @returns A descriptor, which a program that is executed does not inherit.
 * @throws {SystemError} If that is not possible, with what to do.
 */
export function openTun(path = TUN_PATH): number {
  const descriptor = libc().open(cString(path), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (descriptor >= 0) return descriptor;
  const error = lastError[0]!;
  throw new SystemError(`open ${path}`, "open", error, explainOpen(path, error));
}

function explainOpen(path: string, error: number): Reason {
  switch (error) {
    case Errno.ENOENT:
    case Errno.ENOTDIR:
      return {
        detail: "it does not exist",
        remedy: `load the driver with "modprobe tun", or give the container --device ${path}`,
      };
    case Errno.ENODEV:
    case Errno.ENXIO:
      return { detail: "the kernel has no TUN driver", remedy: 'load it with "modprobe tun"' };
    case Errno.EACCES:
      return {
        detail: `no permission: it has ${describeAccess(path)}`,
        remedy: `let users open it with "chmod 0666 ${path}", as root`,
      };
    case Errno.EPERM:
      return { detail: "this container may not use it", remedy: `start it with --device ${path}` };
    default:
      return { detail: `open answers ${errnoName(error)}` };
  }
}

/** Mode and owner of a file, as text. */
export function describeAccess(path: string): string {
  const { mode, uid, gid } = Deno.statSync(path);
  const permissions = ((mode ?? 0) & 0o777).toString(8).padStart(4, "0");
  return `mode ${permissions}, owner ${uid} and group ${gid}`;
}

function setNonblocking(action: string, descriptor: number): void {
  const flags = checked(action, "fcntl(F_GETFL)", libc().fcntl(descriptor, F_GETFL, 0));
  checked(action, "fcntl(F_SETFL)", libc().fcntl(descriptor, F_SETFL, flags | O_NONBLOCK));
}

/** Makes the interface; returns its name. */
function attach(action: string, descriptor: number, { name, tap }: TunOptions): string {
  const request = new Uint8Array(IFREQ_LENGTH);
  const encoded = new TextEncoder().encode(name);
  if (encoded.length === 0 || encoded.length > MAX_NAME_LENGTH) {
    throw new RangeError(`Cannot ${action}: a name has 1 to ${MAX_NAME_LENGTH} bytes`);
  }
  request.set(encoded);
  const kind = tap ? IFF_TAP : IFF_TUN;
  new DataView(request.buffer).setUint16(IFREQ_FLAGS, kind | IFF_NO_PI | IFF_VNET_HDR, true);
  if (calls().ioctl(descriptor, TUNSETIFF, request) < 0) {
    const error = lastError[0]!;
    throw new SystemError(action, "ioctl(TUNSETIFF)", error, explainAttach(error));
  }
  return new TextDecoder().decode(request.subarray(0, request.indexOf(0)));
}

function explainAttach(error: number): Reason {
  switch (error) {
    case Errno.EBUSY:
      return { detail: "its name is in use", remedy: "choose another, or end who uses it" };
    case Errno.EINVAL:
      return {
        detail: "its name is not one that an interface can have, or one of another kind has it",
        remedy: "choose another",
      };
    case Errno.EPERM:
      return {
        detail: "no right to configure this network namespace (CAP_NET_ADMIN)",
        remedy: "make the namespace together with a user namespace, or be root",
      };
    case Errno.ENOTTY:
      return { detail: `${TUN_PATH} is another device`, remedy: `load the driver: "modprobe tun"` };
    default:
      return { detail: `ioctl(TUNSETIFF) answers ${errnoName(error)}` };
  }
}

function persist(action: string, descriptor: number): void {
  const result = calls().ioctlValue(descriptor, TUNSETPERSIST, 1);
  checked(action, "ioctl(TUNSETPERSIST)", result);
}

function setHeaderLength(action: string, descriptor: number): void {
  const length = new Uint8Array(new Int32Array([VNET_HEADER_LENGTH]).buffer);
  const result = calls().ioctl(descriptor, TUNSETVNETHDRSZ, length);
  checked(action, "ioctl(TUNSETVNETHDRSZ)", result);
}

/** Agrees on the most offloads that both sides have; returns which. */
function negotiateOffload(action: string, descriptor: number, wanted: boolean): number {
  const set = (flags: number) => calls().ioctlValue(descriptor, TUNSETOFFLOAD, flags);
  for (const flags of wanted ? [TCP_OFFLOADS | UDP_OFFLOADS, TCP_OFFLOADS] : []) {
    if (set(flags) === 0) return flags;
  }
  checked(action, "ioctl(TUNSETOFFLOAD)", set(0));
  return 0;
}
