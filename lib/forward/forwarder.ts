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
import { Splice } from "./splice.ts";

/** Settings of a {@linkcode Forwarder}. */
export interface ForwarderOptions {
  /** What the guest may reach. */
  readonly policy: Policy;
  /** Opens the outer half of flows. @default {@linkcode directDialer} */
  readonly dialer?: Dialer;
  /** Is told what becomes of flows. */
  readonly observer?: FlowObserver;
  /** Dials at a time, at most; further requests wait for their turn. @default {1024} */
  readonly maxDials?: number;
  /** Services of the same stack, which are told of events of their connections. */
  readonly services?: Services;
}

const MAX_DIALS = 1024;

/** Answers the requests of a stack by dialling; see the module's description. */
export class Forwarder implements Shell {
  readonly #stack: Stack;
  readonly #driver: Driver;
  readonly #options: ForwarderOptions;
  readonly #waiting = new Set<FlowRequest>();
  readonly #dials = new Map<FlowRequest, AbortController>();
  readonly #splices = new Map<Connection, Splice>();
  #isStopped = false;

  /** Attaches a forwarder to the stack that `driver` runs. */
  constructor(stack: Stack, driver: Driver, options: ForwarderOptions) {
    this.#stack = stack;
    this.#driver = driver;
    this.#options = options;
    driver.attach(this);
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

  pump(): void {
    for (let next = this.#stack.nextRequest(); next; next = this.#stack.nextRequest()) {
      if (next.isWithdrawn) this.#giveUp(next);
      else if (this.#isStopped) next.reject();
      else this.#waiting.add(next);
    }
    this.#dialWaiting();
    for (let next = this.#stack.nextConnection(); next; next = this.#stack.nextConnection()) {
      (this.#splices.get(next) ?? this.#options.services?.streamOf(next))?.notify();
    }
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

  #dialWaiting(): void {
    const most = this.#options.maxDials ?? MAX_DIALS;
    for (const request of this.#waiting) {
      if (this.#dials.size >= most) return;
      this.#waiting.delete(request);
      const dial = new AbortController();
      this.#dials.set(request, dial);
      this.#serve(request, dial.signal).finally(() => {
        this.#dials.delete(request);
        this.#dialWaiting();
      });
    }
  }

  async #serve(request: FlowRequest, signal: AbortSignal): Promise<void> {
    const { flow } = request;
    let verdict: Verdict;
    try {
      verdict = await this.#options.policy.decide(flow);
    } catch (error) {
      if (signal.aborted) return;
      const { address, port } = flow.target;
      return this.#dialFailed(request, { hostname: formatAddress(address), port }, error);
    }
    if (signal.aborted) return;
    if (verdict.kind !== "allow") return this.#deny(request, verdict);
    const { dialer = directDialer } = this.#options;
    let stream: ByteStream;
    try {
      stream = await dialer.dial(verdict.target, signal);
    } catch (error) {
      if (!signal.aborted) this.#dialFailed(request, verdict.target, error);
      return;
    }
    const connection = signal.aborted ? undefined : request.accept();
    if (!connection) return stream.close();
    this.#splice(flow, connection, stream);
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
    this.#options.observer?.opened(flow);
    splice.run().then((end) => {
      this.#splices.delete(connection);
      this.#options.observer?.closed(flow, end, splice.bytesUp, splice.bytesDown);
    });
  }
}

/** The target as text; an IPv6 address has brackets (RFC 5952 §6). */
function formatTarget({ hostname, port }: Target): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
