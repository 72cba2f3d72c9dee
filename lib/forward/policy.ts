/**
 * What a guest may reach.
 *
 * @module
 */
import {
  type AddressKind,
  AddressKind as Kind,
  addressKind,
  type IpAddress,
  isIpv4,
  sameAddress,
} from "../ip/address.ts";
import { isInPrefix } from "../ip/prefix.ts";
import type { Flow } from "../ip/flow.ts";
import { IpProtocol } from "../ip/header.ts";
import { formatAddress, parseAddress } from "../text/address.ts";
import type { Target } from "./dialer.ts";
import { embeddedIpv4 } from "./embedded_ipv4.ts";

/** What is to happen to a flow. */
export type Verdict =
  | { readonly kind: "allow"; readonly target: Target }
  | { readonly kind: "reject" | "ignore"; readonly reason: string };

/** Decides what happens to a flow. */
export interface Policy {
  /** The verdict on `flow`, now or later. */
  decide(flow: Flow): Verdict | Promise<Verdict>;
}

/** Settings of {@linkcode AddressPolicy}. */
export interface AddressPolicyOptions {
  /** The networks in which the guest is, each by the address of its gateway. */
  readonly networks: readonly { readonly gateway: IpAddress; readonly prefixLength: number }[];
  /** Whether the gateways' addresses reach the host's 127.0.0.1 and ::1. @default {false} */
  readonly hostLoopback?: boolean;
  /** Whether datagrams may go out. @default {true} */
  readonly udp?: boolean;
  /** Whether echo requests may go out. @default {true} */
  readonly pings?: boolean;
}

const REASONS: Partial<Record<AddressKind, string>> = {
  [Kind.Unspecified]: "the unspecified address is the host itself",
  [Kind.Loopback]: "loopback addresses are the host's own",
  [Kind.LinkLocal]: "link-local addresses are not reachable; cloud metadata services live there",
  [Kind.Multicast]: "multicast addresses have no connections",
  [Kind.Reserved]: "the address is reserved",
};

/** The host's own. */
const LOOPBACK = {
  ipv4: { hostname: "127.0.0.1", address: parseAddress("127.0.0.1") },
  ipv6: { hostname: "::1", address: parseAddress("::1") },
};

/**
 * Lets the guest reach what is out there, and of the host nothing that is not
 * meant for others: not its loopback, unless that is asked for, and not the
 * addresses at which clouds hand out credentials.
 */
export class AddressPolicy implements Policy {
  readonly #options: AddressPolicyOptions;

  /** Makes a policy for a guest in these networks. */
  constructor(options: AddressPolicyOptions) {
    this.#options = options;
  }

  decide({ protocol, target }: Flow): Verdict {
    const { address, port } = target;
    const { networks, hostLoopback = false, udp = true, pings = true } = this.#options;
    if (protocol === IpProtocol.Udp && !udp) return reject("there is no UDP: --no-udp");
    const isPing = protocol === IpProtocol.Icmp || protocol === IpProtocol.Icmpv6;
    if (isPing && !pings) return reject("there are no pings: --no-icmp");
    if (networks.some(({ gateway }) => sameAddress(address, gateway))) {
      const loopback = isIpv4(address) ? LOOPBACK.ipv4 : LOOPBACK.ipv6;
      if (hostLoopback) return { kind: "allow", target: { ...loopback, port } };
      return reject("the host's loopback is closed: --host-loopback opens it");
    }
    const reason = whyRefused(address) ?? disguise(address);
    if (reason !== undefined) return reject(reason);
    const isInside = networks.some(({ gateway, prefixLength }) =>
      isInPrefix(address, { address: gateway, prefixLength })
    );
    if (isInside) {
      return reject("there is no such host in the guest's network");
    }
    return { kind: "allow", target: { hostname: formatAddress(address), port, address } };
  }
}

function reject(reason: string): Verdict {
  return { kind: "reject", reason };
}

/** Where clouds hand out credentials, as far as not link-local: Amazon, Google, Oracle, Alibaba. */
const METADATA_SERVICES: readonly IpAddress[] = [
  "fd00:ec2::254",
  "fd20:ce::254",
  "fd00:c1::a9fe:a9fe",
  "100.100.100.200",
].map(parseAddress);

/** Why an address is refused wherever the guest is. */
function whyRefused(address: IpAddress): string | undefined {
  const isMetadata = METADATA_SERVICES.some((service) => sameAddress(address, service));
  return isMetadata ? "a cloud's metadata service has this address" : REASONS[addressKind(address)];
}

/** Why an IPv6 address is refused that stands for an IPv4 address which is refused. */
function disguise(address: IpAddress): string | undefined {
  const hidden = embeddedIpv4(address);
  const reason = hidden && whyRefused(hidden);
  return reason && `it stands for ${formatAddress(hidden)}: ${reason}`;
}
