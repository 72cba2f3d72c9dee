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
import type { Flow } from "../ip/flow.ts";
import { formatAddress } from "../text/address.ts";
import type { Target } from "./dialer.ts";

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
  /** The network in which the guest is. */
  readonly network: { readonly address: IpAddress; readonly prefixLength: number };
  /** The gateway's address in that network. */
  readonly gateway: IpAddress;
  /** Whether the gateway's address reaches the host's 127.0.0.1. @default {false} */
  readonly hostLoopback?: boolean;
}

const REASONS: Partial<Record<AddressKind, string>> = {
  [Kind.Unspecified]: "the unspecified address is the host itself",
  [Kind.Loopback]: "loopback addresses are the host's own",
  [Kind.LinkLocal]: "link-local addresses are not reachable; cloud metadata services live there",
  [Kind.Multicast]: "multicast addresses have no connections",
  [Kind.Reserved]: "the address is reserved",
};

/**
 * Lets the guest reach what is out there, and of the host nothing that is not
 * meant for others: not its loopback, unless that is asked for, and not the
 * link-local addresses at which clouds hand out credentials.
 */
export class AddressPolicy implements Policy {
  readonly #options: AddressPolicyOptions;

  /** Makes a policy for a guest in this network. */
  constructor(options: AddressPolicyOptions) {
    this.#options = options;
  }

  decide({ target }: Flow): Verdict {
    const { address, port } = target;
    const { gateway, network, hostLoopback = false } = this.#options;
    if (sameAddress(address, gateway)) {
      if (hostLoopback) return { kind: "allow", target: { hostname: "127.0.0.1", port } };
      return reject("the host's loopback is closed: --host-loopback opens it");
    }
    const reason = REASONS[addressKind(address)];
    if (reason !== undefined) return reject(reason);
    if (isInNetwork(address, network.address, network.prefixLength)) {
      return reject("there is no such host in the guest's network");
    }
    return { kind: "allow", target: { hostname: formatAddress(address), port } };
  }
}

function reject(reason: string): Verdict {
  return { kind: "reject", reason };
}

/** Whether an IPv4 address is in a network with this prefix. */
function isInNetwork(address: IpAddress, network: IpAddress, prefixLength: number): boolean {
  if (!isIpv4(address) || !isIpv4(network)) return false;
  return prefixLength === 0 || (address.w3 ^ network.w3) >>> (32 - prefixLength) === 0;
}
