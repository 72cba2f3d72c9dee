/**
 * From a guest's request to a connection with the world.
 *
 *     request -> policy -> dial -> accept, reject or unreachable -> splice
 *
 * The guest's SYN is answered when the target has answered ours: what is
 * refused there is refused here, at once.
 *
 * @module
 */
import { errnoName } from "../ffi/system_error.ts";
import type { IpAddress } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import type { Connection } from "../tcp/connection.ts";
import type { FlowRequest } from "../tcp/request.ts";
import type { Driver, Shell } from "../driver.ts";
import type { Stack } from "../stack/stack.ts";
import { formatAddress } from "../text/address.ts";
import type { ByteStream, Dialer, Target } from "./dialer.ts";
import { directDialer } from "./direct_dialer.ts";
import { classifyFailure } from "./failure.ts";
import type { FlowObserver } from "./observer.ts";
import type { Policy, Verdict } from "./policy.ts";
import type { Services } from "./services.ts";
import { HostStreams } from "./host_streams.ts";
import type { SocketDial } from "./socket_dial.ts";
import { Splice, type SpliceEnd } from "./splice.ts";

/** Two ends that are joined. */
type Joined = Pick<Splice, "bytesUp" | "bytesDown" | "isUpDone" | "notify" | "stop">;

/** Settings of a {@linkcode Forwarder}. */
export interface ForwarderOptions {
  /** What the guest may reach. */
  readonly policy: Policy;
  /**
   * Opens the outer half of flows.
   *
   * @default sockets of the host that wait together with the link, if that is a device, for
   * targets with addresses; {@linkcode directDialer} for all others
   */
  readonly dialer?: Dialer;
  /** Is told what becomes of flows. */
  readonly observer?: FlowObserver;
  /** Dials at a time, at most; further requests wait for their turn. @default {1024} */
  readonly maxDials?: number;
  /** Services of the same stack, which are told of events of their connections. */
  readonly services?: Services;
}

const MAX_DIALS = 1024;
/**
 * Dials in a step. A handshake is given up when a thousand younger ones have begun. So its SYN-ACK
 * has to leave before that, and its ACK to be seen: fewer while packets wait on the link, where a
 * flood of SYNs has thousands before it.
 */
const DIALS_IN_STEP = { otherwise: 32, behind: 2 };

/** Answers the requests of a stack by dialling; see the module's description. */
export class Forwarder implements Shell {
  readonly #stack: Stack;
  readonly #driver: Driver;
  readonly #options: ForwarderOptions;
  readonly #waiting = new Set<FlowRequest>();
  /** What is being decided or dialled. */
  readonly #dials = new Map<FlowRequest, { abort(): void }>();
  readonly #splices = new Map<Connection, Joined>();
  readonly #hostStreams: HostStreams | undefined;
  /** Decisions, dials and splices that wait for Deno's event loop. */
  #promises = 0;
  #isStopped = false;

  /** Attaches a forwarder to the stack that `driver` runs. */
  constructor(stack: Stack, driver: Driver, options: ForwarderOptions) {
    this.#stack = stack;
    this.#driver = driver;
    this.#options = options;
    if (!options.dialer && driver.poller) this.#hostStreams = new HostStreams(driver.poller);
    driver.attach(this);
  }

  get awaits(): boolean {
    return this.#promises > 0;
  }

  /** Connections that are open. */
  get openCount(): number {
    return this.#splices.size;
  }

  /** Whether everything that guests have sent so far has been passed on. */
  get isDrained(): boolean {
    return [...this.#splices.values()].every((splice) => splice.isUpDone);
  }

  /** Bytes passed on so far by the connections that are open, both ways. */
  get bytesInProgress(): number {
    let bytes = 0;
    for (const { bytesUp, bytesDown } of this.#splices.values()) bytes += bytesUp + bytesDown;
    return bytes;
  }

  pump(isBehind: boolean): boolean {
    for (let next = this.#stack.nextRequest(); next; next = this.#stack.nextRequest()) {
      if (next.isWithdrawn) this.#giveUp(next);
      else if (this.#isStopped) next.reject();
      else this.#waiting.add(next);
    }
    this.#dialWaiting(isBehind ? DIALS_IN_STEP.behind : DIALS_IN_STEP.otherwise);
    for (let next = this.#stack.nextConnection(); next; next = this.#stack.nextConnection()) {
      (this.#splices.get(next) ?? this.#options.services?.streamOf(next))?.notify();
    }
    const hasMore = this.#hostStreams?.pump() ?? false;
    return hasMore || (this.#waiting.size > 0 && this.#dials.size < this.#maxDials);
  }

  /** Ends everything at once, and for good: dials are abandoned, connections reset. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.clear();
    for (const dial of this.#dials.values()) dial.abort();
    for (const splice of this.#splices.values()) splice.stop();
    this.#driver.kick();
  }

  #giveUp(request: FlowRequest): void {
    const dial = this.#dials.get(request);
    dial?.abort();
    if (this.#waiting.delete(request) || dial) {
      this.#options.observer?.refused(request.flow, "given up", "the guest did not wait");
    }
  }

  get #maxDials(): number {
    return this.#options.maxDials ?? MAX_DIALS;
  }

  /** @param most How many, if there is a limit. */
  #dialWaiting(most = Infinity): void {
    let count = 0;
    for (const request of this.#waiting) {
      if (this.#dials.size >= this.#maxDials || count++ >= most) return;
      this.#waiting.delete(request);
      this.#decide(request);
    }
  }

  /** What the policy knows at once is done at once. */
  #decide(request: FlowRequest): void {
    try {
      const verdict = this.#options.policy.decide(request.flow);
      if ("kind" in verdict) this.#obey(request, verdict);
      else this.#await(request, (signal) => this.#decideLater(request, verdict, signal));
    } catch (error) {
      this.#undecided(request, error);
    }
  }

  /** Does what has to be waited for. */
  #await(request: FlowRequest, serve: (signal: AbortSignal) => Promise<void>): void {
    const dial = new AbortController();
    this.#dials.set(request, dial);
    this.#promises++;
    serve(dial.signal).finally(() => {
      this.#promises--;
      if (this.#dials.get(request) === dial) this.#dials.delete(request);
      this.#dialWaiting();
      this.#driver.kick(); // what was dialled may be connected
    });
  }

  async #decideLater(
    request: FlowRequest,
    decision: Promise<Verdict>,
    signal: AbortSignal,
  ): Promise<void> {
    let verdict: Verdict;
    try {
      verdict = await decision;
    } catch (error) {
      if (!signal.aborted) this.#undecided(request, error);
      return;
    }
    if (signal.aborted) return;
    this.#dials.delete(request);
    this.#obey(request, verdict);
  }

  #undecided(request: FlowRequest, error: unknown): void {
    const { address, port } = request.flow.target;
    this.#dialFailed(request, { hostname: formatAddress(address), port }, error);
  }

  #obey(request: FlowRequest, verdict: Verdict): void {
    if (verdict.kind !== "allow") return this.#deny(request, verdict);
    const { target } = verdict;
    if (this.#hostStreams && target.address) {
      this.#dialSocket(request, target, target.address, this.#hostStreams);
    } else {
      this.#await(request, (signal) => this.#dial(request, target, signal));
    }
  }

  #dialSocket(
    request: FlowRequest,
    target: Target,
    address: IpAddress,
    hostStreams: HostStreams,
  ): void {
    const answered = (dial: SocketDial, error: number, events: number) => {
      this.#dials.delete(request);
      if (error !== 0) {
        const code = errnoName(error);
        return this.#dialFailed(request, target, { code, message: code });
      }
      const connection = request.accept();
      if (!connection) return dial.abort();
      const ended = (end: SpliceEnd) => this.#ended(request.flow, connection, end);
      this.#splices.set(connection, hostStreams.join(connection, dial, events, ended));
      this.#options.observer?.opened(request.flow);
    };
    let dial: SocketDial;
    try {
      dial = hostStreams.dial(address, target.port, answered);
    } catch (error) {
      return this.#dialFailed(request, target, error);
    }
    this.#dials.set(request, {
      abort: () => {
        this.#dials.delete(request);
        dial.abort();
      },
    });
    dial.begin();
  }

  async #dial(request: FlowRequest, target: Target, signal: AbortSignal): Promise<void> {
    const { dialer = directDialer } = this.#options;
    let stream: ByteStream;
    try {
      stream = await dialer.dial(target, signal);
    } catch (error) {
      if (!signal.aborted) this.#dialFailed(request, target, error);
      return;
    }
    const connection = signal.aborted ? undefined : request.accept();
    if (!connection) return stream.close();
    this.#splice(request.flow, connection, stream);
    this.#driver.kick();
  }

  #deny(request: FlowRequest, verdict: Exclude<Verdict, { kind: "allow" }>): void {
    if (verdict.kind === "reject") request.reject();
    else request.ignore();
    // Before the guest knows: its programs will have something to say too.
    this.#options.observer?.refused(request.flow, "denied", verdict.reason);
    this.#driver.kick();
  }

  #dialFailed(request: FlowRequest, target: Target, error: unknown): void {
    const failure = classifyFailure(error);
    if (failure.unreachable) request.unreachable(failure.unreachable);
    else if (failure.how === "timed out") request.ignore();
    else request.reject();
    const reason = `${formatTarget(target)}: ${failure.reason}`;
    this.#options.observer?.refused(request.flow, failure.how, reason);
    this.#driver.kick();
  }

  #splice(flow: Flow, connection: Connection, stream: ByteStream): void {
    const splice = new Splice(connection, stream, () => this.#driver.kick());
    this.#splices.set(connection, splice);
    this.#promises++;
    this.#options.observer?.opened(flow);
    splice.run().then((end) => {
      this.#promises--;
      this.#ended(flow, connection, end);
    });
  }

  #ended(flow: Flow, connection: Connection, end: SpliceEnd): void {
    const splice = this.#splices.get(connection);
    this.#splices.delete(connection);
    this.#options.observer?.closed(flow, end, splice?.bytesUp ?? 0, splice?.bytesDown ?? 0);
  }
}

/** The target as text; an IPv6 address has brackets (RFC 5952 §6). */
function formatTarget({ hostname, port }: Target): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
