/**
 * Internet addresses as the kernel has them: `struct sockaddr_in` and
 * `sockaddr_in6`.
 *
 * @module
 */
import { type IpAddress, ipv4, isIpv4, readAddress, writeAddress } from "../ip/address.ts";
import type { EndpointField } from "../ip/flow.ts";
import { cString, declare } from "./libc.ts";

const calls = declare({
  inetPton: { name: "inet_pton", parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

/** The address family of IPv4. */
export const AF_INET = 2;
/** The address family of IPv6. */
export const AF_INET6 = 10;
/** Room for an address of either family. */
export const SOCKADDR_LENGTH = 28;

// struct sockaddr_in and sockaddr_in6: family, port, then the address
const PORT = 2;
const IPV4 = { start: 4, end: 8 };
const IPV6 = { start: 8, end: 24 };

/** A buffer for a `struct sockaddr` of either family. */
export class SocketAddress {
  /** What is handed to the kernel, or filled in by it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /** Makes one in `bytes`, or in a buffer of its own. */
  constructor(bytes: Uint8Array<ArrayBuffer> = new Uint8Array(SOCKADDR_LENGTH)) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** {@linkcode AF_INET}, {@linkcode AF_INET6}, or another one. */
  get family(): number {
    return this.#view.getUint16(0, true);
  }

  /** The port, if the family is one of those two. */
  get port(): number {
    return this.#view.getUint16(PORT);
  }

  /** The address; undefined if it is of another family. */
  get address(): IpAddress | undefined {
    if (this.family === AF_INET) return ipv4(this.#view.getInt32(IPV4.start));
    if (this.family !== AF_INET6) return undefined;
    const word = (index: number) => this.#view.getInt32(IPV6.start + 4 * index);
    return { w0: word(0), w1: word(1), w2: word(2), w3: word(3) };
  }

  /** Copies both to `endpoint`; an address of another family is left out. */
  copyTo(endpoint: EndpointField): void {
    const view = this.#view;
    const { address } = endpoint;
    endpoint.port = this.port;
    if (this.family === AF_INET) address.assignIpv4(view.getInt32(IPV4.start));
    else if (this.family === AF_INET6) readAddress(address, view, IPV6.start);
  }

  /** Becomes the address and port that Deno has told. @returns Whether that was an IP address. */
  parse({ hostname, port }: Deno.NetAddr): boolean {
    const family = hostname.includes(":") ? AF_INET6 : AF_INET;
    const { start } = family === AF_INET6 ? IPV6 : IPV4;
    this.#begin(family, port);
    return calls().inetPton(family, cString(hostname), this.bytes.subarray(start)) === 1;
  }

  /** Becomes this address and port. */
  assign(address: IpAddress, port: number): void {
    this.#begin(isIpv4(address) ? AF_INET : AF_INET6, port);
    if (isIpv4(address)) this.#view.setInt32(IPV4.start, address.w3);
    else writeAddress(this.#view, IPV6.start, address);
  }

  /** Whether both are the same address and port. */
  equals(other: SocketAddress): boolean {
    if (this.family !== other.family || this.port !== other.port) return false;
    const { start, end } = this.family === AF_INET6 ? IPV6 : IPV4;
    for (let at = start; at < end; at++) {
      if (this.bytes[at] !== other.bytes[at]) return false;
    }
    return true;
  }

  #begin(family: number, port: number): void {
    this.bytes.fill(0); // flow label and scope of IPv6, too
    this.#view.setUint16(0, family, true);
    this.#view.setUint16(PORT, port);
  }
}
