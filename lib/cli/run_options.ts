/**
 * What `headgate run` is asked to do: strings from the command line become one checked object, or
 * one clear refusal.
 *
 * @module
 */
import { type DnsOptions, type GivenDns, parseDns } from "./dns_options.ts";
import { type GivenNetworks, type NetworkOptions, parseNetworks } from "./network_options.ts";
import { UsageError } from "./usage_error.ts";

/** What `headgate run` is asked to do. */
export interface RunOptions {
  /** The command and its arguments; never empty. */
  readonly command: readonly string[];
  /** The guest's networks, of one family or of both, IPv4 first. */
  readonly networks: readonly NetworkOptions[];
  /** The guest's name service; without one it sees the host's /etc/resolv.conf. */
  readonly dns?: DnsOptions;
  /** Largest IP packet on the link, in bytes: 576 to 65521. */
  readonly mtu: number;
  /** The name of the TUN or TAP device inside the guest. */
  readonly interfaceName: string;
  /** Whether the guest's link is Ethernet: a TAP device. */
  readonly tap: boolean;
  /** Whether the link is configured before the command runs; if not, that is the guest's task. */
  readonly configure: boolean;
  /** Whether the gateways' addresses reach the host's 127.0.0.1 and ::1. */
  readonly hostLoopback: boolean;
  /** Whether the guest's echo requests go to elsewhere. */
  readonly icmp: boolean;
  /** Whether the guest's datagrams go to elsewhere. */
  readonly udp: boolean;
  /** How long a flow of datagrams is kept after the guest's last, in milliseconds. */
  readonly udpTimeout: number;
  /** Whether the TUN device leaves checksums and segmentation to us. */
  readonly offload: boolean;
  /** The hash behind initial sequence numbers (RFC 6528 §3). */
  readonly isn: "siphash" | "jenkins";
  /** The file that gets every packet. */
  readonly pcap?: string;
  /** Whether a table of flows is shown at the end. */
  readonly summary: boolean;
  /** How much headgate says. */
  readonly verbosity: "quiet" | "normal" | "verbose";
}

/** The options of `headgate run` as the command line gives them. */
export interface GivenOptions extends GivenNetworks, GivenDns {
  readonly mtu: string;
  readonly interface?: string | undefined;
  readonly tap?: boolean | undefined;
  readonly configNet?: boolean | undefined;
  readonly hostLoopback?: boolean | undefined;
  readonly icmp?: boolean | undefined;
  readonly udp?: boolean | undefined;
  readonly udpTimeout: string;
  readonly offload?: boolean | undefined;
  readonly isn: string;
  readonly pcap?: string | undefined;
  readonly summary?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/**
 * Checks what was given.
 *
 * @throws {UsageError} If a value is not allowed.
 */
export function parseRunOptions(given: GivenOptions, command: readonly string[]): RunOptions {
  if (command[0] === "") {
    throw new UsageError('invalid command ""', "it is empty", "name a program, or leave it out");
  }
  const mtu = parseMtu(given.mtu);
  const networks = parseNetworks(given, mtu);
  const dns = parseDns(given, networks);
  return {
    command,
    networks,
    ...(dns && { dns }),
    mtu,
    ...parseLink(given),
    hostLoopback: given.hostLoopback ?? false,
    icmp: given.icmp ?? true,
    udp: given.udp ?? true,
    udpTimeout: parseUdpTimeout(given.udpTimeout),
    offload: given.offload ?? true,
    isn: parseIsn(given.isn),
    ...(given.pcap !== undefined && { pcap: parsePcap(given.pcap) }),
    summary: given.summary ?? false,
    verbosity: parseVerbosity(given),
  };
}

/**
 * Every host takes 576 bytes (RFC 791 §3.1). The largest is slirp4netns', so that its users' values
 * work: 65535 less an Ethernet header.
 */
const SMALLEST_MTU = 576, LARGEST_MTU = 65521;

function parseMtu(text: string): number {
  const mtu = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (mtu >= SMALLEST_MTU && mtu <= LARGEST_MTU) return mtu;
  throw new UsageError(
    `invalid --mtu "${text}"`,
    `not a whole number from ${SMALLEST_MTU} to ${LARGEST_MTU}`,
    "leave it out for 65520",
  );
}

/** A day: what is to last longer would better be TCP. */
const LONGEST_UDP_TIMEOUT = 86_400;

/** Seconds become milliseconds. */
function parseUdpTimeout(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (seconds >= 1 && seconds <= LONGEST_UDP_TIMEOUT) return seconds * 1000;
  throw new UsageError(
    `invalid --udp-timeout "${text}"`,
    `not a whole number of seconds from 1 to ${LONGEST_UDP_TIMEOUT}`,
    "leave it out for 180",
  );
}

function parseLink(given: GivenOptions): Pick<RunOptions, "interfaceName" | "tap" | "configure"> {
  const tap = given.tap ?? false;
  if (given.configNet && !tap) {
    throw new UsageError("invalid --config-net", "a TUN device always is configured", "add --tap");
  }
  const interfaceName = parseInterfaceName(given.interface ?? (tap ? "tap0" : "tun0"));
  return { interfaceName, tap, configure: !tap || (given.configNet ?? false) };
}

/** IFNAMSIZ of the kernel, without the final NUL. */
const LONGEST_NAME = 15;

function parseInterfaceName(name: string): string {
  const why = interfaceNameFault(name);
  if (why === undefined) return name;
  throw new UsageError(`invalid --interface "${name}"`, why, 'choose a name like "tun0"');
}

/** The kernel's rules, and two of ours: `%` would be a pattern, `-` is a forgotten value. */
function interfaceNameFault(name: string): string | undefined {
  if (new TextEncoder().encode(name).length > LONGEST_NAME) {
    return `longer than ${LONGEST_NAME} bytes`;
  }
  if (name === "." || name === "..") return "not a name of a device";
  if (name === "lo") return "the loopback device has that name";
  if (name.startsWith("-")) return 'begins with "-"';
  const bad = name.match(/[\s/:%]/)?.[0];
  if (bad !== undefined) return bad.trim() === "" ? "contains white space" : `contains "${bad}"`;
  return undefined;
}

function parseIsn(text: string): "siphash" | "jenkins" {
  if (text === "siphash" || text === "jenkins") return text;
  throw new UsageError(`invalid --isn "${text}"`, "no such hash", 'use "siphash" or "jenkins"');
}

function parsePcap(path: string): string {
  if (!path.startsWith("-")) return path;
  throw new UsageError(
    `invalid --pcap "${path}"`,
    'begins with "-", like an option',
    `write "./${path}" if that is the file`,
  );
}

function parseVerbosity(given: GivenOptions): RunOptions["verbosity"] {
  if (!given.quiet) return given.verbose ? "verbose" : "normal";
  if (!given.verbose) return "quiet";
  throw new UsageError("invalid --quiet --verbose", "they are opposites", "use one of them");
}
