/**
 * Whose packets are taken: source addresses that a guest may have, and
 * destinations that are ours.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-3.2.1.3 | RFC 1122 §3.2.1.3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1812#section-5.3.7 | RFC 1812 §5.3.7}
 * @see {@link https://www.rfc-editor.org/rfc/rfc2827 | RFC 2827}
 * @module
 */
import { Drop } from "../base/drop.ts";
import {
  AddressField,
  AddressKind,
  addressKind,
  type IpAddress,
  isIpv4,
  sameAddress,
} from "./address.ts";
import type { IpHeader } from "./header.ts";
import { isInPrefix, type Prefix } from "./prefix.ts";

/** What the stack is told of its addresses, and of the guest's. */
export interface AdmissionOptions {
  /**
   * The stack's own addresses: echo requests to them are answered. The first one of each version
   * is the router's, in whose name errors are sent, and which lets no packet pass whose hop limit
   * is used up.
   *
   * @default none: the stack takes everything, and stands for every address
   */
  readonly addresses?: readonly IpAddress[];
  /** The networks from whose addresses packets may come. @default any */
  readonly guest?: readonly Prefix[];
}

/** The limited broadcast address, 255.255.255.255. */
const LIMITED_BROADCAST = -1;

/** Checks addresses; see the module's description. */
export class Admission {
  readonly #own: readonly IpAddress[];
  readonly #guest: readonly Prefix[];
  readonly #routers: Readonly<Record<4 | 6, IpAddress | undefined>>;
  // Of the packet before: most have the same addresses, and to judge them anew takes 100 ns.
  readonly #source = new AddressField();
  readonly #destination = new AddressField();
  #isForMany = false;
  #verdict: Drop = Drop.InvalidSource; // from :: to ::

  /** Makes one for a stack with such addresses. */
  constructor({ addresses = [], guest = [] }: AdmissionOptions = {}) {
    this.#own = addresses;
    this.#guest = guest;
    this.#routers = {
      4: addresses.find((address) => isIpv4(address)),
      6: addresses.find((address) => !isIpv4(address)),
    };
  }

  /** The router's address in this version of IP. */
  routerOf(version: number): IpAddress | undefined {
    return this.#routers[version === 4 ? 4 : 6];
  }

  /** Whether the stack has addresses of its own, apart from the ones it stands for. */
  get hasOwn(): boolean {
    return this.#own.length > 0;
  }

  /** Whether `address` is one of the stack's; if it has none, all are. */
  owns(address: IpAddress): boolean {
    for (let i = 0; i < this.#own.length; i++) {
      if (sameAddress(this.#own[i]!, address)) return true;
    }
    return this.#own.length === 0;
  }

  /** Notes whether a packet is for many; returns why its source cannot be, or `Drop.None`. */
  check(header: IpHeader): Drop {
    const { source, destination } = header;
    if (!sameAddress(source, this.#source) || !sameAddress(destination, this.#destination)) {
      this.#source.assign(source);
      this.#destination.assign(destination);
      this.#isForMany = this.#isMulticast(destination);
      this.#verdict = this.#judge(source, destination, this.#isForMany);
    }
    header.isMulticast = this.#isForMany;
    return this.#verdict;
  }

  #judge(source: IpAddress, destination: IpAddress, isMulticast: boolean): Drop {
    switch (addressKind(source)) {
      case AddressKind.Unicast:
        return this.#isForged(source) ? Drop.InvalidSource : Drop.None;
      case AddressKind.LinkLocal: {
        // They have a meaning on the link only (RFC 3927 §2.7; RFC 4291 §2.5.6).
        const isLocal = isMulticast ||
          addressKind(destination) === AddressKind.LinkLocal;
        return isLocal ? Drop.None : Drop.InvalidSource;
      }
      case AddressKind.Unspecified: {
        // Who has no address yet asks everybody for one (RFC 2131 §4.1; RFC 4862 §5.4).
        return isMulticast && source.w3 === 0 ? Drop.None : Drop.InvalidSource;
      }
      default:
        return Drop.InvalidSource;
    }
  }

  #isForged(source: IpAddress): boolean {
    if (this.hasOwn && this.owns(source)) return true;
    if (this.#guest.length === 0) return false;
    for (let i = 0; i < this.#guest.length; i++) {
      const prefix = this.#guest[i]!;
      if (isInPrefix(source, prefix)) return isDirectedBroadcast(source, prefix);
    }
    return true;
  }

  #isMulticast(destination: IpAddress): boolean {
    const kind = addressKind(destination);
    if (kind === AddressKind.Multicast) return true;
    if (!isIpv4(destination)) return false;
    if (destination.w3 === LIMITED_BROADCAST) return true;
    for (let i = 0; i < this.#guest.length; i++) {
      const prefix = this.#guest[i]!;
      if (isInPrefix(destination, prefix) && isDirectedBroadcast(destination, prefix)) return true;
    }
    return false;
  }
}

/** Whether an address in `prefix` means all hosts there (RFC 919 §7; RFC 3021 §2.1 for /31). */
function isDirectedBroadcast(address: IpAddress, { prefixLength }: Prefix): boolean {
  if (!isIpv4(address) || prefixLength > 30) return false;
  const hosts = 0xffff_ffff >>> prefixLength;
  return (address.w3 & hosts) >>> 0 === hosts;
}
