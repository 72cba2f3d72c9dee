/**
 * Who talks to whom.
 *
 * @module
 */
import { AddressField, copyAddress, type IpAddress, sameAddress } from "./address.ts";
import type { IpHeader } from "./header.ts";

/** An address and a port. */
export interface Endpoint {
  /** The address. */
  readonly address: IpAddress;
  /** The port, 0 to 65535. */
  readonly port: number;
}

/** An endpoint that is written over from packet to packet. */
export class EndpointField implements Endpoint {
  readonly address: AddressField = new AddressField();
  port = 0;
}

/** The two ends of a flow, named by their roles: `client` spoke first. */
export interface Flow {
  /** The IP protocol number: 6 is TCP, 17 UDP. */
  readonly protocol: number;
  /** Who opened the flow. */
  readonly client: Endpoint;
  /** Whom the client wants to reach. */
  readonly target: Endpoint;
}

/**
 * What identifies a flow to the stack: its peer's endpoint and its own,
 * whichever of them spoke first. One object, filled for each lookup.
 */
export class FlowKey {
  /** Where the packet came from. */
  readonly peer: AddressField = new AddressField();
  /** Where the packet went. */
  readonly own: AddressField = new AddressField();
  peerPort = 0;
  ownPort = 0;
  /** Of the flow before: thousands share an address, or both. */
  #client: IpAddress = copyAddress(this.peer);
  #target: IpAddress = copyAddress(this.own);

  /** Takes the addresses of a packet that came in, and its ports. */
  assign(header: IpHeader, sourcePort: number, destinationPort: number): void {
    this.peer.assign(header.source);
    this.own.assign(header.destination);
    this.peerPort = sourcePort;
    this.ownPort = destinationPort;
  }

  /** The flow that a packet with this key opens. */
  toFlow(protocol: number): Flow {
    if (!sameAddress(this.#client, this.peer)) this.#client = copyAddress(this.peer);
    if (!sameAddress(this.#target, this.own)) this.#target = copyAddress(this.own);
    return {
      protocol,
      client: { address: this.#client, port: this.peerPort },
      target: { address: this.#target, port: this.ownPort },
    };
  }

  /** Whether this is the key of the flow between `peer` and `own`. */
  matches(peer: Endpoint, own: Endpoint): boolean {
    return this.peerPort === peer.port && this.ownPort === own.port &&
      sameAddress(this.own, own.address) && sameAddress(this.peer, peer.address);
  }
}
