/**
 * A DHCP server: what is said to a client.
 *
 * It is the only one on its link, so that it speaks for the link: what it has
 * not leased and would not, it refuses with a NAK, where another server would
 * keep silent; and what a client remembers from before it leases anew.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc2131#section-4.3 | RFC 2131 §4.3}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import type { IpAddress } from "../ip/address.ts";
import { type DhcpReply, type DhcpRequest, DhcpType } from "./header.ts";
import { Leases } from "./leases.ts";
import { type DhcpOption, OptionCode, shorts, words } from "./options.ts";

/** What a {@linkcode DhcpServer} leases, and tells its clients. */
export interface DhcpOptions {
  /** The server's own address, which is the router's, too. */
  readonly server: IpAddress;
  /** Bits of the network part of all the addresses. */
  readonly prefixLength: number;
  /** The first address that is leased. */
  readonly first: IpAddress;
  /** How many addresses are leased, at most: so many clients there can be. */
  readonly count: number;
  /** Name servers. @default {none} */
  readonly dns?: readonly IpAddress[];
  /** The longest IP packet, in bytes. */
  readonly mtu: number;
}

/** For how long an address is leased, in seconds: a day, as slirp does. */
const LEASE_TIME = 86_400;
/** For how long an address is kept for somebody to whom it was offered. */
const OFFER_TIME: Millis = 60_000;
/** For how long an address is not offered again that somebody else was found to use. */
const DECLINE_TIME: Millis = 600_000;
const SECOND: Millis = 1000;

/** A DHCP server; see the module's description. */
export class DhcpServer {
  readonly #server: number;
  readonly #leases: Leases;
  readonly #parameters: readonly DhcpOption[];

  /** Makes a server that has leased nothing yet. */
  constructor({ server, prefixLength, first, count, dns = [], mtu }: DhcpOptions) {
    this.#server = server.w3;
    this.#leases = new Leases(first.w3, count, [server, ...dns].map(({ w3 }) => w3));
    const mask = -1 << (32 - prefixLength);
    this.#parameters = [
      [OptionCode.ServerId, words(server.w3)],
      [OptionCode.SubnetMask, words(mask)], // before the router (RFC 2132 §3.3)
      [OptionCode.Router, words(server.w3)],
      ...(dns.length > 0
        ? [[OptionCode.DomainNameServer, words(...dns.map(({ w3 }) => w3))] as const]
        : []),
      [OptionCode.InterfaceMtu, shorts(mtu)],
      [OptionCode.BroadcastAddress, words(server.w3 | ~mask)],
    ];
  }

  /** What is answered to `request`; `Drop.None` is nothing. */
  answer(request: DhcpRequest, now: Millis): DhcpReply | Drop {
    if (request.relayAddress !== 0) return Drop.InvalidSource; // there is no relay here
    const client = identify(request);
    switch (request.type) {
      case DhcpType.Discover:
        return this.#offer(client, request, now);
      case DhcpType.Request:
        return this.#acknowledge(client, request, now);
      case DhcpType.Decline:
        if (!this.#isMeant(request)) return Drop.None;
        if (this.#leases.has(client, request.requestedAddress)) {
          this.#leases.decline(client, now + DECLINE_TIME);
        }
        return Drop.None;
      case DhcpType.Release:
        if (!this.#isMeant(request)) return Drop.None;
        if (this.#leases.has(client, request.clientAddress)) this.#leases.release(client, now);
        return Drop.None;
      case DhcpType.Inform: // RFC 2131 §4.3.5: no address, no times
        return this.#reply(DhcpType.Ack, request, 0, this.#parameters);
      default:
        return Drop.IgnoredMessage;
    }
  }

  #offer(client: string, request: DhcpRequest, now: Millis): DhcpReply | Drop {
    const address = this.#leases.choose(client, request.requestedAddress, now);
    if (address === undefined) return Drop.TooManyFlows;
    if (!this.#leases.has(client, address)) this.#leases.take(client, address, now + OFFER_TIME);
    return this.#reply(DhcpType.Offer, request, address, this.#leaseOptions(request));
  }

  /** A REQUEST: by what it has in it, the client's state (RFC 2131 §4.3.2). */
  #acknowledge(client: string, request: DhcpRequest, now: Millis): DhcpReply | Drop {
    const { serverId, requestedAddress, clientAddress } = request;
    const isSelecting = serverId !== 0;
    if (isSelecting && serverId !== this.#server) {
      this.#leases.release(client, now); // it has chosen another server's offer
      return Drop.None;
    }
    // INIT-REBOOT asks for what it had; RENEWING and REBINDING have it.
    const address = requestedAddress !== 0 ? requestedAddress : clientAddress;
    if (!this.#leases.isFree(address, client, now)) return this.#refuse(request);
    // Selecting is choosing what was offered: anything else is somebody else's offer.
    if (isSelecting && !this.#leases.has(client, address)) return this.#refuse(request);
    this.#leases.take(client, address, now + leaseTimeOf(request) * SECOND);
    return this.#reply(DhcpType.Ack, request, address, this.#leaseOptions(request));
  }

  #refuse(request: DhcpRequest): DhcpReply {
    const options: DhcpOption[] = [[OptionCode.ServerId, words(this.#server)]];
    return this.#reply(DhcpType.Nak, request, 0, options);
  }

  #reply(
    type: DhcpType,
    request: DhcpRequest,
    yourAddress: number,
    options: readonly DhcpOption[],
  ): DhcpReply {
    const clientAddress = type === DhcpType.Ack ? request.clientAddress : 0;
    return { type, request, yourAddress, clientAddress, options };
  }

  #leaseOptions(request: DhcpRequest): readonly DhcpOption[] {
    const time = leaseTimeOf(request);
    return [
      ...this.#parameters,
      [OptionCode.LeaseTime, words(time)],
      [OptionCode.RenewalTime, words(Math.floor(time / 2))], // RFC 2131 §4.4.5
      [OptionCode.RebindingTime, words(Math.floor(time * 7 / 8))],
    ];
  }

  #isMeant({ serverId }: DhcpRequest): boolean {
    return serverId === this.#server;
  }
}

/** A shorter time than ours if that is what the client wants; a second at least. */
function leaseTimeOf({ leaseTime }: DhcpRequest): number {
  if (leaseTime === undefined) return LEASE_TIME;
  return Math.min(LEASE_TIME, Math.max(1, leaseTime >>> 0)); // 0xffffffff is for ever
}

/** Who asks: by its identifier, if it has one, or else by its MAC address (RFC 2131 §4.2). */
function identify({ clientId, clientMac }: DhcpRequest): string {
  return clientId ? `id ${clientId.join()}` : `mac ${clientMac}`;
}
