/**
 * IP addresses as numbers.
 *
 * An IPv4 address is held in its IPv6-mapped form, `::ffff:a.b.c.d` (RFC 4291
 * §2.5.5.2), so that everything above has one code path. Text forms are in
 * {@link ../text/address.ts}.
 *
 * @module
 */

/** An IPv6 address, or an IPv4 one in its mapped form, as four signed 32-bit words. */
export interface IpAddress {
  /** The first 32 bits; 0 for IPv4. */
  readonly w0: number;
  /** The second 32 bits; 0 for IPv4. */
  readonly w1: number;
  /** The third 32 bits; 0xffff for IPv4. */
  readonly w2: number;
  /** The last 32 bits; all of an IPv4 address. */
  readonly w3: number;
}

const MAPPED = 0xffff;

/** An address that is written over from packet to packet. */
export class AddressField implements IpAddress {
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;

  /** Becomes equal to `other`. */
  assign(other: IpAddress): void {
    this.w0 = other.w0;
    this.w1 = other.w1;
    this.w2 = other.w2;
    this.w3 = other.w3;
  }

  /** Becomes the IPv4 address with these 32 bits. */
  assignIpv4(bits: number): void {
    this.w0 = 0;
    this.w1 = 0;
    this.w2 = MAPPED;
    this.w3 = bits | 0;
  }
}

/** The IPv4 address with these 32 bits. */
export function ipv4(bits: number): IpAddress {
  return { w0: 0, w1: 0, w2: MAPPED, w3: bits | 0 };
}

/** A copy of `address` that does not change when an {@linkcode AddressField} does. */
export function copyAddress({ w0, w1, w2, w3 }: IpAddress): IpAddress {
  return { w0, w1, w2, w3 };
}

/** Whether `address` is an IPv4 address. */
export function isIpv4(address: IpAddress): boolean {
  return address.w0 === 0 && address.w1 === 0 && address.w2 === MAPPED;
}

/** Whether two addresses are the same. */
export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0;
}

/** Puts the 16 bytes of `address`, an IPv4 one in its mapped form, into `view`. */
export function writeAddress(view: DataView, at: number, address: IpAddress): void {
  view.setInt32(at, address.w0);
  view.setInt32(at + 4, address.w1);
  view.setInt32(at + 8, address.w2);
  view.setInt32(at + 12, address.w3);
}

/** Takes an address that {@linkcode writeAddress} has put, or one of an IPv6 header. */
export function readAddress(address: AddressField, view: DataView, at: number): void {
  address.w0 = view.getInt32(at);
  address.w1 = view.getInt32(at + 4);
  address.w2 = view.getInt32(at + 8);
  address.w3 = view.getInt32(at + 12);
}

/** What may be done with an address, by the registries of special addresses. */
export const AddressKind = {
  /** An ordinary unicast address, private ones included. */
  Unicast: 0,
  /** 0.0.0.0/8 or `::` (RFC 1122 §3.2.1.3 a; RFC 4291 §2.5.2). */
  Unspecified: 1,
  /** 127.0.0.0/8 or `::1`. */
  Loopback: 2,
  /** 169.254.0.0/16 or fe80::/10; cloud metadata services live there. */
  LinkLocal: 3,
  /** 224.0.0.0/4 or ff00::/8. */
  Multicast: 4,
  /** 240.0.0.0/4, the limited broadcast address included. */
  Reserved: 5,
} as const;
/** One of the values of {@linkcode AddressKind}. */
export type AddressKind = typeof AddressKind[keyof typeof AddressKind];

/** The kind of `address` (RFC 6890). */
export function addressKind(address: IpAddress): AddressKind {
  return isIpv4(address) ? ipv4Kind(address.w3) : ipv6Kind(address);
}

/** Whether it may be the address of one host elsewhere (RFC 9293 §3.9.2.3; RFC 1122 §3.2.1.3). */
export function isReachable(address: IpAddress): boolean {
  const kind = addressKind(address);
  return kind !== AddressKind.Multicast && kind !== AddressKind.Reserved &&
    kind !== AddressKind.Unspecified;
}

function ipv4Kind(bits: number): AddressKind {
  const first = bits >>> 24;
  if (first === 0) return AddressKind.Unspecified;
  if (first === 127) return AddressKind.Loopback;
  if (bits >>> 16 === 0xa9fe) return AddressKind.LinkLocal;
  if (first >= 240) return AddressKind.Reserved;
  return first >= 224 ? AddressKind.Multicast : AddressKind.Unicast;
}

function ipv6Kind({ w0, w1, w2, w3 }: IpAddress): AddressKind {
  if (w0 === 0 && w1 === 0 && w2 === 0) {
    if (w3 === 0) return AddressKind.Unspecified;
    if (w3 === 1) return AddressKind.Loopback;
  }
  if (w0 >>> 24 === 0xff) return AddressKind.Multicast;
  return w0 >>> 22 === 0x3fa ? AddressKind.LinkLocal : AddressKind.Unicast;
}
