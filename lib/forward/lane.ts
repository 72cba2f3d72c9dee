/**
 * Ports of the outside that clients of the guest have, and the flows that go
 * out through them.
 *
 * @module
 */
import { type IpAddress, ipv4, sameAddress } from "../ip/address.ts";
import type { Endpoint } from "../ip/flow.ts";
import type { FlowEntry } from "../ip/flow_table.ts";
import type { DatagramFlow } from "../udp/udp_flow.ts";
import type { DatagramPort } from "./datagram_network.ts";

/** Lanes of a client that are looked at for a datagram which belongs to none of them. */
const MOST_LOOKED_AT = 64;

/** A port of the outside, and who has it. */
export class Mapping implements FlowEntry<Mapping> {
  /** Stands for the mapping in the table of lanes. */
  readonly id: IpAddress;
  readonly port: DatagramPort;
  /** The client. */
  readonly peer: Endpoint;
  /** The version of IP outside, by any of its addresses. */
  readonly own: Endpoint;
  hash = 0;
  nextInBucket: Mapping | undefined = undefined;
  readonly lanes = new Set<Lane>();

  constructor(id: number, port: DatagramPort, client: Endpoint, version: Endpoint) {
    this.id = ipv4(id);
    this.port = port;
    this.peer = client;
    this.own = version;
  }
}

/** Stand for the versions of IP. */
export const VERSIONS = {
  4: { address: ipv4(0), port: 0 },
  6: { address: { w0: 0, w1: 0, w2: 0, w3: 0 }, port: 0 },
} as const;

/** A flow that goes out through a mapping. */
export class Lane implements FlowEntry<Lane> {
  readonly flow: DatagramFlow;
  readonly mapping: Mapping;
  readonly peer: Endpoint;
  /** The target, as the outside calls it. */
  readonly own: Endpoint;
  hash = 0;
  nextInBucket: Lane | undefined = undefined;
  /** Bytes that were sent to the target, and to the guest. */
  up = 0;
  down = 0;

  constructor(flow: DatagramFlow, mapping: Mapping, target: Endpoint) {
    this.flow = flow;
    this.mapping = mapping;
    this.peer = { address: mapping.id, port: 0 };
    this.own = target;
  }

  /** Sends to the guest, as from the target, but from this port of its; returns whether it could. */
  send(port: number, bytes: Uint8Array, length: number): boolean {
    const { target } = this.flow.flow;
    const from = port === this.own.port ? target : { address: target.address, port };
    return this.flow.send(from, bytes, length);
  }
}

/**
 * A lane to this address, whatever the port: its peer may answer from another, as TFTP does. Who
 * talks to more than so many has no such peers, but there may be many strangers.
 */
export function laneTo(mapping: Mapping, address: IpAddress): Lane | undefined {
  let left = MOST_LOOKED_AT;
  for (const lane of mapping.lanes) {
    if (sameAddress(lane.own.address, address)) return lane;
    if (--left === 0) return undefined;
  }
  return undefined;
}
