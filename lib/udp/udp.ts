/**
 * UDP: which socket or flow a datagram is for, and who sends next.
 *
 *     datagram -> a socket of the stack's own?  -> DatagramSocket
 *              -> else a flow to elsewhere      -> DatagramFlow, made if there is none
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc768 | RFC 768}
 * @see {@link https://www.rfc-editor.org/rfc/rfc1122#section-4.1 | RFC 1122 §4.1}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { Drop } from "../base/drop.ts";
import { MemoryBudget } from "../base/memory_budget.ts";
import type { PacketBuffer } from "../base/packet_buffer.ts";
import { type Random, systemRandom } from "../base/random.ts";
import { ReadyList } from "../base/ready_list.ts";
import { isIpv4, isReachable } from "../ip/address.ts";
import { type IpHeader, IpProtocol } from "../ip/header.ts";
import type { TransportProtocol } from "../ip/ip.ts";
import { IPV4_HEADER_LENGTH } from "../ip/ipv4_header.ts";
import { IPV6_HEADER_LENGTH } from "../ip/ipv6_header.ts";
import { type UdpConfig, udpConfig, type UdpOptions } from "./config.ts";
import { type DatagramQueue, QueuedDatagram } from "./datagram_queue.ts";
import { DatagramFlows } from "./datagram_flows.ts";
import { Datagram, parseDatagram, UDP_HEADER_LENGTH, writeDatagram } from "./header.ts";
import type { Sender } from "./sender.ts";
import { Services } from "./services.ts";
import type { BindOptions, BoundEndpoint, UdpSocket } from "./socket.ts";
import type { FlowReport, UdpFlow } from "./udp_flow.ts";

/** What UDP needs of the stack. */
export interface UdpEnvironment {
  /** Whether the link completes checksums. */
  readonly checksumOffload: boolean;
  /** The longest IP packet that the link carries, in bytes. */
  readonly mtu: number;
  /** The largest payload that the link cuts into datagrams, in bytes; 0: none. */
  readonly maxSegmentation: number;
  /** Where secrets come from. @default the system's source */
  readonly random?: Random;
  /** Tells the client of `flow` what has become of a datagram with the header that `write` makes. */
  readonly report?: FlowReport;
}

/** The UDP of one stack. */
export class Udp implements TransportProtocol {
  readonly protocol: number = IpProtocol.Udp;
  readonly #environment: UdpEnvironment;
  readonly #config: UdpConfig;
  readonly #memory: MemoryBudget;
  readonly #services: Services;
  readonly #flows: DatagramFlows;
  readonly #ready = new ReadyList<Sender>((sender) => sender.inReady);
  readonly #datagram = new Datagram();
  readonly #about = new QueuedDatagram();
  readonly #next = new QueuedDatagram();

  /** Makes a UDP without sockets and flows. */
  constructor(environment: UdpEnvironment, options?: UdpOptions) {
    this.#environment = environment;
    this.#config = udpConfig(options);
    this.#memory = new MemoryBudget(this.#config.maxMemory);
    const markReady = (sender: Sender) => this.#ready.add(sender);
    this.#services = new Services(this.#memory, markReady);
    const random = environment.random ?? systemRandom;
    this.#flows = new DatagramFlows(this.#config, random, {
      memory: this.#memory,
      markReady,
      report: environment.report ?? (() => {}),
    });
  }

  get nextDeadline(): Millis {
    return Math.min(this.#flows.nextDeadline, this.#memory.nextDeadline);
  }

  /** Flows to elsewhere. */
  get flowCount(): number {
    return this.#flows.size;
  }

  /**
   * Takes datagrams to a port of the stack's own, which would otherwise be flows to elsewhere.
   *
   * @throws {RangeError} When the port is taken, or there can be none.
   */
  bind(own: BoundEndpoint, options?: BindOptions): UdpSocket {
    return this.#services.bind(own, options);
  }

  /** The next socket to which datagrams have come since it was named last. */
  nextSocket(): UdpSocket | undefined {
    return this.#services.next();
  }

  /** The next flow to which datagrams have come, or that has ended, since it was named last. */
  nextFlow(): UdpFlow | undefined {
    return this.#flows.next();
  }

  receive(header: IpHeader, packet: PacketBuffer, now: Millis): Drop {
    this.#memory.stir(now);
    const datagram = this.#datagram;
    const reason = parseDatagram(datagram, header, packet);
    if (reason !== Drop.None) return reason;
    const { sourcePort, destinationPort } = datagram;
    if (destinationPort === 0) return Drop.InvalidDestination;
    const about = this.#about;
    about.assign(header.source, sourcePort, header.destination, destinationPort);
    about.hopLimit = header.hopLimit;
    const service = this.#services.find(header.destination, destinationPort);
    if (service) {
      this.#services.noteArrival(service);
      return this.#put(service.incoming, packet);
    }
    // Broadcasts and multicasts are nobody's elsewhere: they stay in the guest's network.
    if (header.isMulticast || !isReachable(header.destination)) return Drop.InvalidDestination;
    const flow = this.#flows.arrive(header, datagram, now);
    if (!flow) return Drop.TooManyFlows;
    flow.lastLength = Math.min(packet.length, packet.segmentSize || Infinity);
    return this.#put(flow.incoming, packet);
  }

  advance(now: Millis): void {
    this.#memory.advance(now);
    this.#flows.advance(now);
  }

  /** One datagram of the socket or flow that has waited longest, or several that are alike. */
  transmit(header: IpHeader, packet: PacketBuffer, _now: Millis): boolean {
    for (let next = this.#ready.take(); next; next = this.#ready.take()) {
      const { outgoing } = next;
      const about = this.#about;
      if (!outgoing.peek(about)) continue;
      outgoing.take(about, packet.bytes, packet.append(about.length));
      this.#join(outgoing, packet);
      if (!outgoing.isEmpty) this.#ready.add(next);
      this.#write(header, packet);
      return true;
    }
    return false;
  }

  /**
   * Puts behind the datagram at hand those that go the same way and are as long, the last of them
   * perhaps shorter, for the link to cut them: a packet costs the kernel 4 us, however long it is.
   */
  #join(queue: DatagramQueue, packet: PacketBuffer): void {
    const { mtu, maxSegmentation } = this.#environment;
    const first = this.#about;
    const size = first.length;
    const headers = isIpv4(first.peer) ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH;
    if (size === 0 || headers + UDP_HEADER_LENGTH + size > mtu) return;
    const next = this.#next;
    for (let last = size; last === size && queue.peek(next);) {
      last = next.length;
      if (last === 0 || last > size || packet.length + last > maxSegmentation) return;
      if (!next.goesWith(first)) return;
      queue.take(next, packet.bytes, packet.append(last));
      packet.segmentSize = size;
    }
  }

  /** Puts the headers of the datagram at hand in front of it. */
  #write(header: IpHeader, packet: PacketBuffer): void {
    const about = this.#about;
    const datagram = this.#datagram;
    datagram.sourcePort = about.ownPort;
    datagram.destinationPort = about.peerPort;
    header.version = isIpv4(about.peer) ? 4 : 6;
    header.protocol = this.protocol;
    header.source.assign(about.own);
    header.destination.assign(about.peer);
    writeDatagram(datagram, header, packet, this.#environment.checksumOffload);
  }

  /** Queues the datagram at hand, or the ones that it is cut into if it is a super-segment. */
  #put(queue: DatagramQueue, { bytes, start, end, segmentSize }: PacketBuffer): Drop {
    const most = segmentSize || Infinity;
    let at = start;
    do {
      const next = Math.min(end, at + most);
      if (!queue.put(this.#about, bytes, at, next)) return Drop.QueueFull;
      at = next;
    } while (at < end);
    return Drop.None;
  }
}
