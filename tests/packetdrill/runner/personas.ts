/**
 * The systems that scripts are written for: their defaults, as settings of the stack.
 *
 * @module
 */
import type { ConnectionOptions, TcpOptions } from "../../../lib/tcp/config.ts";
import type { SocketManners } from "./socket.ts";

/** A system. */
export interface Persona {
  readonly name: string;
  /** Names for which `#ifdef` holds: a script passes when it does with one of these sets. */
  readonly definitions: readonly ReadonlySet<string>[];
  readonly tcp: TcpOptions;
  readonly manners: SocketManners;
  /** What options of sockets are before they are set, by name; times in seconds. */
  readonly optionDefaults: Readonly<Record<string, number>>;
  /** The most text of a super-segment, 0 for none: these are pushed. */
  readonly maxSegmentation: number;
  /** Settings that mean something else than elsewhere, or exist here only. */
  readonly sysctls: Readonly<Record<string, (value: string) => TcpOptions | undefined>>;
  /** What the settings come to once the largest segment is known. */
  settle(tcp: TcpOptions, maxSegmentSize: number): TcpOptions;
  /** How many connections may wait when listen(2) says `backlog`. */
  acceptQueue(backlog: number): number;
  /** What setting SO_RCVBUF to `size` does. */
  receiveBuffer(size: number): ConnectionOptions;
  /** What setting SO_SNDBUF to `size` does. */
  sendBuffer(size: number): ConnectionOptions;
  /** What getting SO_RCVBUF says. */
  receiveSpace(buffer: number): number;
  /** What getting SO_SNDBUF says. */
  sendSpace(buffer: number): number;
}

const LEAST_BUFFER = 4096;

const linux: Persona = {
  name: "linux",
  definitions: [new Set(["linux", "Linux", "STANDARD"]), new Set(["linux", "Linux"])],
  tcp: {
    nagle: true,
    ackDelay: 40,
    quickAcks: 16,
    delayFinAck: true,
    initialWindow: 0, // ten segments
    receiveBuffer: 1_048_576,
    sendBuffer: 4_194_304, // what tcp_wmem lets it grow to
    windowScale: 8, // what the tcp_rmem of the suites' defaults.sh needs
  },
  optionDefaults: { TCP_KEEPIDLE: 7200, TCP_KEEPINTVL: 75, TCP_KEEPCNT: 9 }, // tcp(7)
  manners: {
    unconnectedWrite: "EPIPE",
    earlyWrite: "EAGAIN",
    readsAfterShutdown: true,
    resetAtEnd: "EPIPE", // it only tells that nobody reads
    unreachable: {},
  },
  // Two segments: at the rates of scripts Linux makes no larger ones (tcp_tso_autosize()).
  maxSegmentation: 2920,
  sysctls: {
    "net.ipv4.tcp_rmem": receiveMemory,
    "net.ipv4.tcp_wmem": (value) => ({ sendBuffer: atLeast(numbers(value).at(-1) ?? 0) }),
    "net.ipv4.tcp_congestion_control": () => ({}),
  },
  settle: (tcp) => tcp,
  acceptQueue: (backlog) => backlog + 1, // "more than", not "at least"
  receiveBuffer: (size) => ({
    receiveBuffer: atLeast(size),
    windowScale: scaleOf(size),
  }),
  sendBuffer: (size) => ({ sendBuffer: atLeast(2 * size) }),
  receiveSpace: (buffer) => 2 * buffer, // the kernel counts what it needs for itself
  sendSpace: (buffer) => buffer,
};

/** tcp_rmem: the window can grow to the largest, which the scale must be able to say. */
function receiveMemory(value: string): TcpOptions | undefined {
  const [, , most = 0] = numbers(value);
  return { receiveBuffer: atLeast(Math.min(most, 8_388_608)), windowScale: scaleOf(most) };
}

function scaleOf(size: number): number {
  let scale = 0;
  while (scale < 14 && Math.floor(size / 2 ** scale) > 0xffff) scale++;
  return scale;
}

function atLeast(size: number): number {
  return Math.max(size, LEAST_BUFFER);
}

/** Numbers, or products of them in `$((...))`. */
function numbers(value: string): number[] {
  return value.replace(
    /\$\(\(([^)]*)\)\)/g,
    (_, product: string) =>
      String(product.split("*").reduce((result, factor) => result * Number(factor), 1)),
  )
    .trim().split(/[\s,]+/).map(Number);
}

const freebsd: Persona = {
  name: "freebsd",
  definitions: [new Set(["FreeBSD"]), new Set(["STANDARD"])],
  tcp: {
    nagle: true,
    ackDelay: 40,
    ackSecond: "any",
    acceptableWindow: "buffer",
    windowStep: "any",
    repeatFin: true,
    synFin: "accept",
    synRetries: 12,
    initialWindow: 0,
    receiveBuffer: 65_536,
    sendBuffer: 32_768,
    windowScale: scaleOf(2_097_152), // kern.ipc.maxsockbuf
    minRto: 230,
    timeWait: 60_000,
  },
  optionDefaults: { TCP_KEEPINIT: 75, TCP_KEEPIDLE: 7200, TCP_KEEPINTVL: 75, TCP_KEEPCNT: 8 }, // tcp(4)
  manners: {
    unconnectedWrite: "ENOTCONN",
    earlyWrite: "ENOTCONN",
    readsAfterShutdown: false,
    resetAtEnd: "ECONNRESET",
    unreachable: { "protocol unreachable": "ECONNREFUSED", prohibited: "ECONNREFUSED" },
  },
  maxSegmentation: 0,
  sysctls: {
    "net.inet.tcp.recvspace": (value) => ({ receiveBuffer: atLeast(Number(value)) }),
    "net.inet.tcp.sendspace": (value) => ({ sendBuffer: atLeast(Number(value)) }),
    "net.inet.tcp.rexmit_slop": (value) => value === "200" ? {} : undefined,
    "net.inet.tcp.drop_synfin": (value) => ({ synFin: value === "0" ? "accept" : "drop" }),
    "net.inet.tcp.insecure_rst": (value) => ({ blindAttackProtection: value === "0" }),
    "net.inet.tcp.insecure_syn": (value) => ({ blindAttackProtection: value === "0" }),
    "kern.ipc.maxsockbuf": (value) => ({ windowScale: scaleOf(Number(value)) }),
    "net.inet.tcp.icmp_may_rst": () => ({}),
    "net.inet.tcp.tolerate_missing_ts": () => ({}),
  },
  // The buffer is rounded up when a connection learns its MSS, and the window with it.
  settle: (tcp, segment) => ({
    ...tcp,
    receiveBuffer: Math.ceil((tcp.receiveBuffer ?? 65_536) / segment) * segment,
  }),
  acceptQueue: (backlog) => Math.floor(backlog * 3 / 2) + 1,
  receiveBuffer: (size) => ({ receiveBuffer: atLeast(size) }),
  sendBuffer: (size) => ({ sendBuffer: atLeast(size) }),
  receiveSpace: (buffer) => buffer,
  sendSpace: (buffer) => buffer,
};

/** The systems, by name. */
export const PERSONAS: Readonly<Record<string, Persona>> = { linux, freebsd };
