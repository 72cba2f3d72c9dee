/**
 * Datagrams from a guest to the outside, and back.
 *
 *     guest's address and port  <->  a port of the outside     "mapping"
 *       + a target              <->  + its address there       "lane"
 *
 * Whoever the guest talks to from one port sees one port of ours, so that what a
 * client learns of its own address from one peer holds for the others
 * (endpoint-independent mapping, RFC 4787 REQ-1). From outside the guest hears
 * the addresses to which it has sent, whatever their port (address-dependent
 * filtering, REQ-8): nobody else can reach it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4787 | RFC 4787}
 * @module
 */
import { Drop } from "../base/drop.ts";
import { type Driver, type Shell, systemClock } from "../driver.ts";
import { Crowd } from "./crowd.ts";
import { isIpv4 } from "../ip/address.ts";
import { type Endpoint, EndpointField, FlowKey } from "../ip/flow.ts";
import { FlowTable } from "../ip/flow_table.ts";
import type { Stack } from "../stack/stack.ts";
import { formatEndpoint, parseAddress } from "../text/address.ts";
import type { DatagramFlow } from "../udp/udp_flow.ts";
import type { DatagramFailure, DatagramNetwork, DatagramPort } from "./datagram_network.ts";
import type { Target } from "./dialer.ts";
import { classifyFailure } from "./failure.ts";
import { HostDatagrams } from "./host_datagrams.ts";
import { Lane, laneTo, Mapping, VERSIONS } from "./lane.ts";
import type { FlowEnd, FlowObserver } from "./observer.ts";
import type { Policy, Verdict } from "./policy.ts";

/** Settings of a {@linkcode DatagramForwarder}. */
export interface DatagramForwarderOptions {
  /** What the guest may reach. */
  readonly policy: Policy;
  /** Where datagrams go out. @default {the host's sockets} */
  readonly network?: DatagramNetwork;
  /** Is told what becomes of flows. */
  readonly observer?: FlowObserver;
}

/**
 * Datagrams that are taken from one port before others have their turn, the guest included, whose
 * sockets hold no more than 92 of 1448 bytes unless told otherwise: 256 lost 0.5 to 1 % of 1 Gbit/s
 * there, 64 lost 0.2 %, as plain loopback did.
 */
const BURST = 64;

/** Forwards the datagrams of a stack; see the module's description. */
export class DatagramForwarder implements Shell {
  readonly #stack: Stack;
  readonly #driver: Driver;
  readonly #options: DatagramForwarderOptions;
  /** What has been allowed; a flow that is not there waits for its verdict. */
  readonly #lanes = new Map<DatagramFlow, Lane>();
  readonly #undecided = new Set<DatagramFlow>();
  readonly #byTarget: FlowTable<Lane>;
  /** All but those that one flow has for itself. */
  readonly #mappings: FlowTable<Mapping>;
  readonly #byPort = new Map<DatagramPort, Mapping>();
  readonly #buffer = new Uint8Array(65_536);
  readonly #from = new EndpointField();
  readonly #key = new FlowKey();
  readonly #readable: DatagramPort[] = [];
  readonly #failed: DatagramPort[] = [];
  readonly #crowd = new Crowd(systemClock);
  #network: DatagramNetwork | undefined;
  #nextId = 1;
  #isStopped = false;

  /** Attaches a forwarder to the stack that `driver` runs. */
  constructor(stack: Stack, driver: Driver, options: DatagramForwarderOptions) {
    this.#stack = stack;
    this.#driver = driver;
    this.#options = options;
    const seed = crypto.getRandomValues(new Int32Array(1));
    this.#byTarget = new FlowTable(seed[0]!); // an array of one
    this.#mappings = new FlowTable(seed[0]!);
    driver.attach(this);
  }

  /** Flows that go out. */
  get openCount(): number {
    return this.#lanes.size;
  }

  /** Ports of the outside that are open. */
  get portCount(): number {
    return this.#byPort.size;
  }

  /** Whether everything that the stack has taken in has been passed on. */
  get isDrained(): boolean {
    return this.#undecided.size === 0;
  }

  /** Bytes passed on so far by the flows that are open, both ways. */
  get bytesInProgress(): number {
    let bytes = 0;
    for (const { up, down } of this.#lanes.values()) bytes += up + down;
    return bytes;
  }

  /** In a crowd: by way of the event loop datagrams come several at a time. */
  get awaits(): boolean {
    return this.#crowd.isThere;
  }

  pump(): void {
    this.#crowd.look();
    if (this.#network?.isPolled) this.#collect(this.#network);
    const stack = this.#stack;
    for (let flow = stack.nextDatagramFlow(); flow; flow = stack.nextDatagramFlow()) {
      const lane = this.#lanes.get(flow);
      if (flow.isOver) this.#close(flow, lane, "idle");
      else if (lane) this.#passOn(lane);
      else if (this.#isStopped) flow.close();
      else if (!this.#undecided.has(flow)) this.#ask(flow);
    }
  }

  /** Ends everything at once, and for good. */
  stop(): void {
    this.#isStopped = true;
    this.#undecided.clear();
    for (const [flow, lane] of [...this.#lanes]) {
      flow.close();
      this.#close(flow, lane, "closed");
    }
    this.#network?.close();
  }

  /** What the policy knows at once is done at once: a datagram does not wait for a promise. */
  #ask(flow: DatagramFlow): void {
    this.#undecided.add(flow);
    try {
      const verdict = this.#options.policy.decide(flow.flow);
      const target = "kind" in verdict && verdict.kind === "allow" && numeric(verdict.target);
      if (target) this.#open(flow, target);
      else void this.#askLater(flow, verdict);
    } catch (error) {
      this.#fail(flow, error);
    }
  }

  /** For verdicts that take time, names as targets, and refusals. */
  async #askLater(flow: DatagramFlow, verdict: Verdict | Promise<Verdict>): Promise<void> {
    try {
      const decided = await verdict;
      if (decided.kind !== "allow") return this.#deny(flow, decided);
      const { target } = decided;
      const address = numeric(target)?.address ?? await this.#outside.resolve(target.hostname);
      this.#open(flow, { address, port: target.port });
    } catch (error) {
      this.#fail(flow, error);
    } finally {
      this.#driver.kick();
    }
  }

  /** Opens a lane, unless the flow has ended while the policy was asked. */
  #open(flow: DatagramFlow, target: Endpoint): void {
    if (!this.#undecided.has(flow)) return;
    const mapping = this.#mappingOf(flow.flow.client, target);
    this.#undecided.delete(flow);
    const lane = new Lane(flow, mapping, target);
    this.#lanes.set(flow, lane);
    mapping.lanes.add(lane);
    this.#byTarget.add(lane);
    this.#options.observer?.opened(flow.flow);
    this.#passOn(lane);
  }

  #deny(flow: DatagramFlow, { kind, reason }: Exclude<Verdict, { kind: "allow" }>): void {
    if (!this.#undecided.delete(flow)) return;
    this.#options.observer?.refused(flow.flow, "denied", reason);
    // What a reset is to TCP: programs go on to something else at once.
    if (kind === "reject") flow.report("port unreachable");
    flow.close();
  }

  #fail(flow: DatagramFlow, error: unknown): void {
    if (!this.#undecided.delete(flow)) return;
    const { how, reason, unreachable = "port" } = classifyFailure(error);
    this.#options.observer?.refused(
      flow.flow,
      how,
      `${formatEndpoint(flow.flow.target)}: ${reason}`,
    );
    if (how !== "timed out") flow.report(PROBLEMS[unreachable]);
    flow.close();
  }

  /** The client's port of the outside; one for itself if another flow has the same target there. */
  #mappingOf(client: Endpoint, target: Endpoint): Mapping {
    const version = isIpv4(target.address) ? 4 : 6;
    const key = this.#key;
    key.peer.assign(client.address);
    key.peerPort = client.port;
    key.own.assign(VERSIONS[version].address);
    key.ownPort = VERSIONS[version].port;
    const shared = this.#mappings.find(key);
    if (shared && !this.#find(shared, target)) return shared;
    const port = this.#outside.open(version);
    const mapping = new Mapping(this.#nextId++, port, client, VERSIONS[version]);
    if (!shared) this.#mappings.add(mapping);
    this.#byPort.set(port, mapping);
    return mapping;
  }

  #find(mapping: Mapping, { address, port }: Endpoint): Lane | undefined {
    const key = this.#key;
    key.peer.assign(mapping.id);
    key.peerPort = 0;
    key.own.assign(address);
    key.ownPort = port;
    return this.#byTarget.find(key);
  }

  /** Sends what the guest has sent. */
  #passOn(lane: Lane): void {
    const { flow, mapping: { port }, own } = lane;
    for (;;) {
      const length = flow.receive(this.#buffer);
      if (length === undefined) return;
      // The gateway is a router, too (RFC 1812 §5.3.1).
      const failure = port.send(own, this.#buffer, length, Math.max(1, flow.hopLimit - 1));
      this.#crowd.count++;
      if (failure) this.#report(lane, failure);
      else lane.up += length;
    }
  }

  get #outside(): DatagramNetwork {
    if (this.#network) return this.#network;
    const network = this.#options.network ?? new HostDatagrams(this.#driver.poller);
    if (!network.isPolled) void this.#listen(network);
    return this.#network = network;
  }

  async #listen(network: DatagramNetwork): Promise<void> {
    for (;;) {
      await network.wait();
      if (this.#isStopped) return;
      this.#collect(network);
      this.#driver.kick();
    }
  }

  #collect(network: DatagramNetwork): void {
    network.collect(this.#readable, this.#failed);
    for (const port of this.#readable) this.#takeFrom(port);
    for (const port of this.#failed) this.#takeFailures(port);
  }

  #takeFrom(port: DatagramPort): void {
    const mapping = this.#byPort.get(port);
    if (!mapping) return;
    const { drops } = this.#stack;
    for (let count = 0; count < BURST; count++) {
      const from = this.#from;
      const length = port.receive(this.#buffer, from);
      if (length < 0) return;
      this.#crowd.count++;
      const lane = this.#find(mapping, from) ?? laneTo(mapping, from.address);
      if (!lane) drops.count(Drop.Unsolicited);
      else if (lane.send(from.port, this.#buffer, length)) lane.down += length;
      else drops.count(Drop.QueueFull);
    }
  }

  #takeFailures(port: DatagramPort): void {
    const mapping = this.#byPort.get(port);
    if (!mapping) return;
    for (let failure = port.receiveFailure(); failure; failure = port.receiveFailure()) {
      const lane = this.#find(mapping, failure.target);
      if (lane) this.#report(lane, failure);
    }
  }

  /** Lets the guest know what has become of a datagram of a flow. */
  #report({ flow }: Lane, { problem, mtu, from }: DatagramFailure): void {
    if (problem === "no room") this.#stack.drops.count(Drop.QueueFull);
    else flow.report(problem, mtu, from);
  }

  #close(flow: DatagramFlow, lane: Lane | undefined, end: FlowEnd): void {
    if (this.#undecided.delete(flow)) {
      this.#options.observer?.refused(flow.flow, "given up", "it took too long to decide");
    }
    if (!lane) return;
    const { mapping } = lane;
    this.#lanes.delete(flow);
    this.#byTarget.remove(lane);
    mapping.lanes.delete(lane);
    this.#options.observer?.closed(flow.flow, end, lane.up, lane.down);
    if (mapping.lanes.size > 0) return;
    mapping.port.close();
    this.#byPort.delete(mapping.port);
    this.#mappings.remove(mapping);
  }
}

/** What the guest is told of a flow that cannot go out. */
const PROBLEMS = {
  network: "network unreachable",
  host: "host unreachable",
  prohibited: "prohibited",
  port: "port unreachable",
} as const;

/** The target, if it is an address. */
function numeric({ hostname, port, address }: Target): Endpoint | undefined {
  try {
    return { address: address ?? parseAddress(hostname), port };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
