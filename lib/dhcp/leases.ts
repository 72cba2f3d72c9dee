/**
 * Who has which address, and for how long.
 *
 * The addresses are a short range, and each has at most one entry: that is what
 * bounds the memory. A client gets the address it had before, as long as nobody
 * else needs it; a new client one that nobody has had, or else the one that has
 * been free for longest.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2131#section-4.3.1 | RFC 2131 §4.3.1}
 * @module
 */
import type { Millis } from "../base/clock.ts";

/** An address that somebody has, was offered, or once had. */
interface Lease {
  readonly address: number;
  /** Whose it is; undefined: of one who is not a client of ours. */
  client: string | undefined;
  until: Millis;
}

/** The leases of a range of addresses, which are their 32 bits, signed. */
export class Leases {
  readonly #first: number;
  readonly #count: number;
  readonly #leases = new Map<number, Lease>();

  /** Makes leases for `count` addresses from `first` on, without those that are `reserved`. */
  constructor(first: number, count: number, reserved: readonly number[]) {
    this.#first = first;
    this.#count = count;
    for (const address of reserved) {
      this.#leases.set(address, { address, client: undefined, until: Infinity });
    }
  }

  /** The address that `client` may have; `wanted` if it may, or 0. Undefined: none is free. */
  choose(client: string, wanted: number, now: Millis): number | undefined {
    const own = this.#leaseOf(client);
    if (own) return own.address;
    if (this.isFree(wanted, client, now)) return wanted;
    for (let at = 0; at < this.#count; at++) {
      const address = (this.#first + at) | 0;
      if (!this.#leases.has(address)) return address;
    }
    let oldest: Lease | undefined;
    for (const lease of this.#leases.values()) {
      if (lease.until <= now && lease.until < (oldest?.until ?? Infinity)) oldest = lease;
    }
    return oldest?.address;
  }

  /** Whether `client` may have `address`. */
  isFree(address: number, client: string, now: Millis): boolean {
    const at = (address - this.#first) | 0;
    if (at < 0 || at >= this.#count) return false;
    const lease = this.#leases.get(address);
    return !lease || lease.client === client || lease.until <= now;
  }

  /** Gives `client` the address, which must be free; any other that it has is free then. */
  take(client: string, address: number, until: Millis): void {
    const before = this.#leaseOf(client);
    if (before && before.address !== address) this.#leases.delete(before.address);
    this.#leases.set(address, { address, client, until });
  }

  /** Whether `client` has `address`. */
  has(client: string, address: number): boolean {
    return this.#leaseOf(client)?.address === address;
  }

  /** Ends the lease of `client`, who has the first claim to the address all the same. */
  release(client: string, now: Millis): void {
    const lease = this.#leaseOf(client);
    if (lease) lease.until = Math.min(lease.until, now);
  }

  /** Notes that somebody else uses the address of `client`. */
  decline(client: string, until: Millis): void {
    const lease = this.#leaseOf(client);
    if (!lease) return;
    lease.client = undefined;
    lease.until = until;
  }

  #leaseOf(client: string): Lease | undefined {
    for (const lease of this.#leases.values()) if (lease.client === client) return lease;
    return undefined;
  }
}
