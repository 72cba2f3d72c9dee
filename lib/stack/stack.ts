/**
 * The stack: packets in, packets out, and nothing else.
 *
 * It opens no file, reads no clock and starts no task. A driver calls
 * {@linkcode Stack.receive} with what came from the link, `advance` with the
 * time, and `transmit` until there is nothing left to send; it may then sleep
 * until {@linkcode Stack.nextDeadline}. Whoever uses the connections pulls
 * requests and events.
 *
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop, DropCounters } from "../base/drop.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import type { Random } from "../base/random.ts";
import type { EchoRequest } from "../icmp/echo.ts";
import { type ErrorSink, Icmp, type WriteHeader } from "../icmp/icmp.ts";
import { RateLimit } from "../icmp/rate_limit.ts";
import { icmpv4, icmpv6 } from "../icmp/version.ts";
import { isIpv4 } from "../ip/address.ts";
import type { AdmissionOptions } from "../ip/admission.ts";
import type { Endpoint, Flow } from "../ip/flow.ts";
import {
  Ip,
  ipv4Protocol,
  ipv6Protocol,
  type NetworkProtocol,
  type TransportProtocol,
} from "../ip/ip.ts";
import type { ConnectionOptions, TcpOptions } from "../tcp/config.ts";
import type { Connection } from "../tcp/connection.ts";
import type { IsnGenerator } from "../tcp/isn.ts";
import type { ListenEndpoint, Listener, ListenOptions } from "../tcp/listener.ts";
import type { ClientEndpoint } from "../tcp/ports.ts";
import type { FlowRequest } from "../tcp/request.ts";
import { writeSegment } from "../tcp/header.ts";
import { Tcp } from "../tcp/tcp.ts";
import type { UdpOptions } from "../udp/config.ts";
import type { BindOptions, BoundEndpoint, DatagramSocket } from "../udp/socket.ts";
import { Udp } from "../udp/udp.ts";
import type { DatagramFlow } from "../udp/udp_flow.ts";

/** What the stack must know of the link below it; every link says so of itself. */
export interface LinkCapabilities {
  /** The longest IP packet that the link carries, in bytes, super-segments apart. */
  readonly mtu: number;
  /** Whether the link completes checksums that are marked as partial. */
  readonly checksumOffload: boolean;
  /** The largest TCP payload that the link cuts into packets, in bytes; 0: none. */
  readonly maxSegmentation: number;
  /** The largest payload of UDP that the link cuts into datagrams, in bytes. @default {0}: none */
  readonly maxDatagramSegmentation?: number;
  /**
   * Whether the link sends a packet that goes on in a tail: {@linkcode PacketBuffer.tail}. Counts
   * only together with `checksumOffload`. @default {false}
   */
  readonly gathers?: boolean;
}

/** How much memory the connections of a {@linkcode Stack} hold, in bytes. */
export interface MemoryInfo {
  /** The most they may, but for a segment in each direction. */
  readonly limit: number;
  /** What they hold. */
  readonly used: number;
  /** The most they have held at a time. */
  readonly most: number;
  /** How often one could not have more. */
  readonly refusals: number;
}

/** Settings of a {@linkcode Stack}. */
export interface StackOptions extends AdmissionOptions {
  /** Settings of TCP. */
  readonly tcp?: TcpOptions;
  /** Settings of UDP. */
  readonly udp?: UdpOptions;
  /** Where secrets come from. @default the system's source */
  readonly random?: Random;
  /** Initial sequence numbers, for tests. @default RFC 6528, as `tcp.isn` says */
  readonly isn?: IsnGenerator;
  /** Counts what is dropped; may be shared with what is below. @default its own */
  readonly drops?: DropCounters;
}

const UNREACHABLE = {
  network: "network unreachable",
  host: "host unreachable",
  prohibited: "prohibited",
} as const;

/** A TCP/IP stack without input or output of its own. */
export class Stack {
  /** Packets that were dropped, by reason. */
  readonly drops: DropCounters;
  readonly #ip: Ip;
  readonly #icmp4: Icmp;
  readonly #icmp6: Icmp;
  readonly #tcp: Tcp;
  readonly #udp: Udp;
  #received = 0;
  #transmitted = 0;

  /** Makes a stack for a link with these capabilities. */
  constructor(link: LinkCapabilities, options: StackOptions = {}) {
    this.drops = options.drops ?? new DropCounters();
    const sink: ErrorSink = (header, packet, error, now) =>
      this.#ip.receiveError(header, packet, error, now);
    this.#ip = new Ip({
      ...options,
      mtu: link.mtu,
      count: (reason) => this.#count(reason),
      report: (header, packet, problem, value) => {
        const icmp = header.version === 4 ? this.#icmp4 : this.#icmp6;
        return icmp.report(header, packet, problem, value);
      },
    });
    const environment = {
      limit: new RateLimit(),
      admission: this.#ip.admission,
      sink,
      count: (reason: Drop) => this.#count(reason),
    };
    this.#icmp4 = new Icmp(icmpv4, environment);
    this.#icmp6 = new Icmp(icmpv6, environment);
    this.#tcp = new Tcp({
      mtu: link.mtu,
      checksumOffload: link.checksumOffload,
      maxSegmentation: link.maxSegmentation,
      gathers: link.checksumOffload && (link.gathers ?? false),
      ...(options.random && { random: options.random }),
      ...(options.isn && { isn: options.isn }),
      unreachable: ({ flow }, syn, what) => {
        const write: WriteHeader = (header, packet) => writeSegment(syn, header, packet, false);
        this.#count(this.#icmpOf(flow).reportSent(flow, write, UNREACHABLE[what]));
      },
    }, options.tcp);
    this.#udp = new Udp({
      mtu: link.mtu,
      checksumOffload: link.checksumOffload,
      maxSegmentation: link.maxDatagramSegmentation ?? 0,
      report: (flow, ...about) => this.#count(this.#icmpOf(flow).reportSent(flow, ...about)),
      ...(options.random && { random: options.random }),
    }, options.udp);
    this.#ip.registerNetwork(ipv4Protocol);
    this.#ip.registerNetwork(ipv6Protocol);
    this.#ip.registerTransport(this.#tcp);
    this.#ip.registerTransport(this.#udp);
    this.#ip.registerTransport(this.#icmp4);
    this.#ip.registerTransport(this.#icmp6);
  }

  /** Adds a version of IP, or replaces one. */
  registerNetwork(protocol: NetworkProtocol): void {
    this.#ip.registerNetwork(protocol);
  }

  /**
   * Adds a transport protocol.
   *
   * @throws {RangeError} When its protocol number is taken.
   */
  registerTransport(transport: TransportProtocol): void {
    this.#ip.registerTransport(transport);
  }

  /** Packets taken in so far, dropped ones included. */
  get received(): number {
    return this.#received;
  }

  /** Packets made so far. */
  get transmitted(): number {
    return this.#transmitted;
  }

  /** TCP connections in any state, and flows that wait to be answered. */
  get flowCount(): number {
    return this.#tcp.flowCount;
  }

  /** Flows of datagrams to elsewhere. */
  get datagramFlowCount(): number {
    return this.#udp.flowCount;
  }

  /** The memory that TCP connections hold: what they may, do, and could not. */
  get memory(): MemoryInfo {
    return this.#tcp.memory;
  }

  /** When {@linkcode Stack.advance} has something to do, or `NEVER`. */
  get nextDeadline(): Millis {
    return this.#ip.nextDeadline;
  }

  /** Handles one IP packet. Keeps no reference to `packet`, but changes it. */
  receive(packet: PacketBuffer, now: Millis): void {
    this.#received++;
    this.#count(this.#ip.receive(packet, now));
  }

  /** Runs what is due at `now`. */
  advance(now: Millis): void {
    this.#ip.advance(now);
  }

  /**
   * Makes one IP packet in `packet`; returns whether there was one to make. If the link gathers,
   * and the packet is not sent before anything else is done, {@linkcode PacketBuffer.makeWhole}
   * has to be called.
   */
  transmit(packet: PacketBuffer, now: Millis): boolean {
    if (!this.#ip.transmit(packet, now)) return false;
    this.#transmitted++;
    return true;
  }

  /**
   * Opens a TCP connection from `client`, an address of the stack's, to `target`.
   *
   * @throws {RangeError} When there can be no target or no client in that place, a flow
   * between these ends already, no port or no room for another, or a setting cannot be.
   */
  connect(client: ClientEndpoint, target: Endpoint, options?: ConnectionOptions): Connection {
    return this.#tcp.connect(client, target, options);
  }

  /**
   * Takes connections to a port of the stack's. SYNs to other places, or before
   * there was a listener, are requests.
   *
   * @throws {RangeError} When somebody listens there, or a setting cannot be.
   */
  listen(own: ListenEndpoint, options?: ListenOptions): Listener {
    return this.#tcp.listen(own, options);
  }

  /** The next listener to which connections have come since it was named last. */
  nextListener(): Listener | undefined {
    return this.#tcp.nextListener();
  }

  /** The next flow that waits for an answer, or has withdrawn since it asked. */
  nextRequest(): FlowRequest | undefined {
    return this.#tcp.nextRequest();
  }

  /** The next connection with events. */
  nextConnection(): Connection | undefined {
    return this.#tcp.nextConnection();
  }

  /**
   * Takes datagrams to a port of the stack's. Those to other places are flows to elsewhere.
   *
   * @throws {RangeError} When the port is taken, or there can be none.
   */
  bind(own: BoundEndpoint, options?: BindOptions): DatagramSocket {
    return this.#udp.bind(own, options);
  }

  /** The next socket to which datagrams have come since it was named last. */
  nextDatagramSocket(): DatagramSocket | undefined {
    return this.#udp.nextSocket();
  }

  /**
   * The next flow of datagrams to elsewhere to which some have come, or that has ended, since it
   * was named last.
   */
  nextDatagramFlow(): DatagramFlow | undefined {
    return this.#udp.nextFlow();
  }

  /**
   * The next echo request to an address that is not the stack's own. Few wait to be pulled; what
   * comes beyond them is dropped.
   */
  nextEcho(): EchoRequest | undefined {
    return this.#icmp4.nextEcho() ?? this.#icmp6.nextEcho();
  }

  /** Resets every connection. */
  abortAll(): void {
    this.#tcp.abortAll();
  }

  #icmpOf({ client }: Flow): Icmp {
    return isIpv4(client.address) ? this.#icmp4 : this.#icmp6;
  }

  #count(reason: Drop): void {
    if (reason !== Drop.None) this.drops.count(reason);
  }
}
