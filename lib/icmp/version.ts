/**
 * What differs between ICMP and ICMPv6: the numbers.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc792 | RFC 792}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443 | RFC 4443}
 * @module
 */
import { IpProtocol, type Problem } from "../ip/header.ts";
import type { DeliveryErrorKind } from "../ip/ip.ts";

const OF_ROUTERS: readonly Problem[] = [
  "network unreachable",
  "host unreachable",
  "prohibited",
  "too big",
  "time exceeded",
];

/** Whether it is a router that reports `problem`, not the destination. */
export function isOfRouter(problem: Problem): boolean {
  return OF_ROUTERS.includes(problem);
}

/** One of the two versions. */
export interface IcmpVersion {
  /** Of IP. */
  readonly version: 4 | 6;
  /** Its number in the header of IP. */
  readonly protocol: number;
  /** The type of an echo request. */
  readonly echoRequest: number;
  /** The type of the answer. */
  readonly echoReply: number;
  /** How long the packet of an error may be, in bytes. */
  readonly longestError: number;
  /** How what is wrong is reported: type and code. Of the others nobody is told. */
  readonly reports: Readonly<Partial<Record<Problem, readonly [type: number, code: number]>>>;
  /** What an error says, or undefined when it is none that matters. */
  kindOf(type: number, code: number): DeliveryErrorKind | undefined;
  /** Whether messages of this type report errors, which nobody may report errors about. */
  isError(type: number): boolean;
  /** Whether messages of this type may not come in fragments (RFC 6980 §5). */
  isNeighborDiscovery(type: number): boolean;
}

/** By the codes of type 3 (RFC 792; RFC 1122 §3.2.2.1; RFC 1812 §5.2.7.1). */
const UNREACHABLE_KINDS: readonly DeliveryErrorKind[] = [
  "network unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "too big",
  "network unreachable", // the source route failed; we never give one
  "network unreachable", // unknown
  "host unreachable", // unknown
  "host unreachable", // the source is isolated
  "prohibited", // the network
  "prohibited", // the host
  "network unreachable", // for the type of service
  "host unreachable", // for the type of service
  "prohibited", // by a filter
  "host unreachable", // precedence violation
  "host unreachable", // precedence cutoff
];

/** Of those that report no error, or one that must be ignored (MUST-55: source quench). */
const QUERIES_IPV4: readonly number[] = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18];

/** ICMP for IPv4. */
export const icmpv4: IcmpVersion = {
  version: 4,
  protocol: IpProtocol.Icmp,
  echoRequest: 8,
  echoReply: 0,
  longestError: 576, // RFC 1812 §4.3.2.3
  reports: {
    "network unreachable": [3, 0],
    "host unreachable": [3, 1],
    "protocol unreachable": [3, 2],
    "port unreachable": [3, 3],
    "too big": [3, 4],
    "prohibited": [3, 13],
    "time exceeded": [11, 0],
    "reassembly timeout": [11, 1],
  },
  kindOf(type, code) {
    if (type === 3) return UNREACHABLE_KINDS[code];
    if (type === 11) return "time exceeded";
    return type === 12 ? "parameter problem" : undefined;
  },
  isError: (type) => !QUERIES_IPV4.includes(type), // RFC 1122 §3.2.2: also those we do not know
  isNeighborDiscovery: () => false,
};

/** By the codes of type 1 (RFC 4443 §3.1). */
const UNREACHABLE_KINDS_IPV6: readonly DeliveryErrorKind[] = [
  "network unreachable",
  "prohibited",
  "host unreachable", // beyond the scope of our address
  "host unreachable",
  "port unreachable",
  "prohibited", // by a policy for our address
  "prohibited", // by a route that rejects
];

/** ICMPv6. */
export const icmpv6: IcmpVersion = {
  version: 6,
  protocol: IpProtocol.Icmpv6,
  echoRequest: 128,
  echoReply: 129,
  longestError: 1280, // RFC 4443 §2.4 c
  reports: {
    "network unreachable": [1, 0],
    "prohibited": [1, 1],
    "host unreachable": [1, 3],
    "port unreachable": [1, 4],
    "too big": [2, 0],
    "time exceeded": [3, 0],
    "reassembly timeout": [3, 1],
    "malformed field": [4, 0],
    "protocol unreachable": [4, 1],
    "unknown option": [4, 2],
    "incomplete header chain": [4, 3], // RFC 7112 §5
  },
  kindOf(type, code) {
    if (type === 1) return UNREACHABLE_KINDS_IPV6[code];
    if (type === 2) return "too big"; // whatever its code (RFC 4443 §3.2)
    if (type === 3) return "time exceeded";
    if (type !== 4) return undefined;
    return code === 1 ? "protocol unreachable" : "parameter problem";
  },
  isError: (type) => type < 128,
  isNeighborDiscovery: (type) => type >= 133 && type <= 137,
};
