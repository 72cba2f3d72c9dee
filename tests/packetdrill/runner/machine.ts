/**
 * What a script runs on: a stack, the sockets of a process, and the settings
 * that a shell has made.
 *
 * The stack is made when it is first needed, since scripts begin with settings.
 *
 * @module
 */
import { type IpAddress, isIpv4 } from "../../../lib/ip/address.ts";
import type { TcpOptions } from "../../../lib/tcp/config.ts";
import type { Connection } from "../../../lib/tcp/connection.ts";
import { State } from "../../../lib/tcp/state.ts";
import { parseAddress } from "../../../lib/text/address.ts";
import type { TcpSpec } from "../../harness/packet_spec.ts";
import { SYN_BIT } from "../../harness/packet_spec.ts";
import { Mismatch, Unsupported } from "./failure.ts";
import { ScriptFlow } from "./flow.ts";
import { Host, type SentPacket } from "./host.ts";
import type { Persona } from "./personas.ts";
import { Socket } from "./socket.ts";

/** Somebody who waits for the stack: returns whether there is nothing left to wait for. */
export type Waiter = () => boolean;

/** The port on which sockets listen that are bound to none in particular. */
const OWN_PORT = 8080;
/** The peer's port when the stack connects. */
const PEER_PORT = 8080;
/** Of IPv4 and of IPv6, with TCP's. */
const HEADERS = { 4: 40, 6: 60 } as const;
/** The peer's first port when it connects. */
const FIRST_CLIENT_PORT = 40_000;

/** A machine; see the module's description. */
export class Machine {
  readonly persona: Persona;
  /** Settings of TCP, for when the stack is made. */
  tcp: TcpOptions;
  readonly sockets = new Map<number, Socket>();
  /** What sockets begin with, of options that the stack's settings do not have. */
  readonly optionDefaults: Map<string, number>;
  /** Every connection that a socket has had. */
  readonly connections: Connection[] = [];
  /** The flow that packets of the script belong to. */
  flow: ScriptFlow | undefined;
  /** The socket made last; what it does decides which flow that is. */
  socketUnderTest: Socket | undefined;
  /** Whether a large packet that is expected must come as one. */
  isStrict = false;
  readonly ownAddress: IpAddress;
  readonly peerAddress: IpAddress;
  readonly #mtu: number;
  readonly #note: (sent: SentPacket) => void;
  #host: Host | undefined;
  #waiters: Waiter[] = [];
  #isAsking = false;
  #clients = 0;

  /** Makes a machine as the options of a script say; `note` is told of each packet. */
  constructor(
    persona: Persona,
    options: ReadonlyMap<string, string>,
    note: (sent: SentPacket) => void,
  ) {
    this.persona = persona;
    this.tcp = persona.tcp;
    this.optionDefaults = new Map(Object.entries(persona.optionDefaults));
    this.#note = note;
    this.#mtu = Number(options.get("mtu") ?? 1500);
    const [own, peer] = addressesFor(options.get("ip_version") ?? "ipv4");
    this.ownAddress = parseAddress(options.get("local_ip") ?? own);
    this.peerAddress = parseAddress(options.get("remote_ip") ?? peer);
  }

  /** The stack, made now if it was not before. */
  get host(): Host {
    if (this.#host) return this.#host;
    const { persona } = this;
    return this.#host = new Host(
      this.#mtu,
      persona.settle(this.tcp, this.#mtu - HEADERS[isIpv4(this.ownAddress) ? 4 : 6]),
      persona.maxSegmentation,
      () => this.#wake(),
      this.#note,
    );
  }

  /** Whether settings can still change what the stack does. */
  get isRunning(): boolean {
    return this.#host !== undefined;
  }

  /** Whether somebody waits. */
  get isWaiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** Asks `waiter` after each step until it is done. */
  wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.host.settle();
  }

  /** The socket `fd`, or undefined: EBADF. */
  socket(fd: number): Socket | undefined {
    return this.sockets.get(fd);
  }

  /** The connection that a script asks about: of the socket it has used last. */
  get connection(): Connection | undefined {
    return this.connections.at(-1);
  }

  /** The port for a socket that listens and did not ask for one. */
  freePort(): number {
    const taken = new Set([...this.sockets.values()].map(({ port }) => port));
    let port = OWN_PORT;
    while (taken.has(port)) port++;
    return port;
  }

  /** Lets `socket` listen to `port`, with the options that it has now. */
  openListener(socket: Socket, port: number): void {
    const seconds = socket.values.get("TCP_DEFER_ACCEPT");
    socket.listener = this.host.stack.listen({ port }, {
      ...socket.options,
      backlog: socket.backlog,
      ...(seconds && { deferAccept: seconds * 1000 }),
    });
  }

  /** Opens a connection from `socket`, whose packets follow. */
  connect(socket: Socket): void {
    const client = {
      address: this.ownAddress,
      ...(socket.port !== undefined && { port: socket.port }),
    };
    const target = { address: this.peerAddress, port: PEER_PORT };
    const connection = this.host.stack.connect(client, target, socket.options);
    const { port } = connection.flow.client;
    const isAgain = this.flow?.peerPort === PEER_PORT && this.flow.ownPort === port;
    if (!isAgain || !this.flow) this.flow = new ScriptFlow(PEER_PORT, port);
    socket.flow = this.flow;
    socket.connection = connection;
    this.socketUnderTest = socket;
    this.connections.push(connection);
    this.host.settle();
  }

  /** The socket of a connection that has been accepted by `listening`. */
  adopt(connection: Connection, listening: Socket): Socket {
    const socket = new Socket(this.persona.manners);
    const { port } = connection.flow.client;
    if (this.flow?.peerPort !== port) throw new Mismatch(`port ${port} was accepted`);
    socket.flow = this.flow;
    socket.connection = connection;
    socket.options = listening.options;
    socket.port = listening.port;
    this.socketUnderTest = socket;
    this.connections.push(connection);
    return socket;
  }

  /** The flow for a segment of the peer's. */
  flowFor(spec: TcpSpec): ScriptFlow {
    const listening = this.socketUnderTest?.listener && this.socketUnderTest;
    if (!this.flow || (listening && listening.flow !== this.flow)) {
      this.flow = new ScriptFlow(FIRST_CLIENT_PORT + this.#clients++, listening?.port ?? OWN_PORT);
      if (listening) listening.flow = this.flow;
    }
    const { flow } = this;
    if (spec.flags & SYN_BIT && !this.#isOpen(flow)) flow.numbering.peerStart = spec.start;
    return flow;
  }

  /** How many connections are in `state`. */
  countStates(state: string): number {
    const half = [...this.sockets.values()].reduce(
      (sum, { listener }) => sum + (listener?.info.halfOpen ?? 0),
      0,
    );
    return this.connections.filter(({ info }) => info.state === state).length +
      (state === "SYN-RECEIVED" ? half : 0);
  }

  /** Ends connections in `state`. */
  dropState(state: string): void {
    for (const connection of this.connections) {
      if (connection.info.state === state) connection.abort();
    }
  }

  /** Whether the flow has a connection whose beginning is settled. */
  #isOpen(flow: ScriptFlow): boolean {
    for (const { connection, flow: other } of this.sockets.values()) {
      if (other !== flow || !connection) continue;
      const { state } = connection;
      if (state >= State.Established && state < State.TimeWait) return true;
    }
    return false;
  }

  /** Asks everybody who waits; returns whether somebody went on. */
  #wake(): boolean {
    if (this.#isAsking) return false;
    this.#isAsking = true;
    const before = this.#waiters.length;
    this.#waiters = this.#waiters.filter((isDone) => !isDone());
    this.#isAsking = false;
    return this.#waiters.length < before;
  }
}

/** The stack's address and the peer's, in packetdrill's ranges. */
function addressesFor(version: string): readonly [string, string] {
  if (version === "ipv4") return ["192.168.0.1", "192.0.2.1"];
  if (version === "ipv6") return ["fd3d:a0b:17d6::1", "2001:db8::1"];
  throw new Unsupported(`IP version ${version} is not served`);
}
