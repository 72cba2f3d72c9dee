/**
 * Our place on a link: which addresses are ours, and which our neighbors'.
 *
 * @module
 */
import { AddressKind, addressKind, type IpAddress, isIpv4, sameAddress } from "../ip/address.ts";
import { isInPrefix, type Prefix } from "../ip/prefix.ts";
import type { MacAddress } from "./header.ts";

/** What we are on a link. */
export interface PlaceOptions {
  /** Our MAC address. */
  readonly mac: MacAddress;
  /** Our addresses; a link-local one among them if there is to be IPv6. */
  readonly addresses: readonly IpAddress[];
  /** The networks in which neighbors are, link-local addresses apart. */
  readonly networks: readonly Prefix[];
}

/** What we are on a link. */
export class Place {
  /** Our MAC address. */
  readonly mac: MacAddress;
  readonly #addresses: readonly IpAddress[];
  readonly #networks: readonly Prefix[];
  /** Our link-local address; undefined without IPv6. */
  readonly linkLocal: IpAddress | undefined;

  /** Takes our place. */
  constructor({ mac, addresses, networks }: PlaceOptions) {
    this.mac = mac;
    this.#addresses = addresses;
    this.#networks = networks;
    this.linkLocal = addresses.find(isLinkLocal);
  }

  /** Whether `address` is ours. */
  isOwn(address: IpAddress): boolean {
    for (const own of this.#addresses) if (sameAddress(own, address)) return true;
    return false;
  }

  /** Whether `address` is one that a neighbor can have. */
  isNeighbors(address: IpAddress): boolean {
    if (this.isOwn(address)) return false;
    if (isLinkLocal(address)) return this.linkLocal !== undefined;
    for (const network of this.#networks) if (isInPrefix(address, network)) return true;
    return false;
  }

  /**
   * Whether we answer for `address` although it is not ours: it is beyond the
   * link, whatever the neighbor who asks believes (RFC 1027 §2.3; RFC 4861 §7.2.8).
   */
  isProxied(address: IpAddress): boolean {
    return addressKind(address) === AddressKind.Unicast && !this.isNeighbors(address) &&
      !this.isOwn(address);
  }

  /** The address of ours that is of use for asking `neighbor`; undefined if there is none. */
  addressFor(neighbor: IpAddress): IpAddress | undefined {
    return isIpv4(neighbor) ? this.#addresses.find(isIpv4) : this.linkLocal;
  }
}

/** Whether `address` is an IPv6 link-local address: IPv4 ones have no role here. */
function isLinkLocal(address: IpAddress): boolean {
  return !isIpv4(address) && addressKind(address) === AddressKind.LinkLocal;
}
