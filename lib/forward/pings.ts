/**
 * From a guest's echo request to an answer of the world.
 *
 *     request -> policy -> echo request of the host's -> reply, or the error that came
 *
 * A policy is asked about them as about other flows: the protocol is that of
 * ICMP or ICMPv6, and the ports are 0.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { type Driver, type Shell, systemClock } from "../driver.ts";
import { PingSocket } from "../ffi/ping_socket.ts";
import type { Poller } from "../ffi/poller.ts";
import { SystemError } from "../ffi/system_error.ts";
import type { EchoRequest } from "../icmp/echo.ts";
import { type IpAddress, isIpv4 } from "../ip/address.ts";
import type { Flow } from "../ip/flow.ts";
import { IpProtocol } from "../ip/header.ts";
import type { Stack } from "../stack/stack.ts";
import { formatAddress, parseAddress } from "../text/address.ts";
import type { Target } from "./dialer.ts";
import type { FlowObserver } from "./observer.ts";
import { type PingDevice, Pinger, PROBLEMS } from "./pinger.ts";
import type { Policy, Verdict } from "./policy.ts";
import { PolledPings } from "./polled_pings.ts";

/** Settings of {@linkcode Pings}. */
export interface PingsOptions {
  /** Whom the guest may ask. */
  readonly policy: Policy;
  /** Is told which requests were not sent. */
  readonly observer?: FlowObserver;
  /**
   * Opens what requests are sent with; it may call `heard` when there is something to receive.
   *
   * @default {a socket of the host's}
   */
  readonly open?: (version: 4 | 6, heard: () => void) => PingDevice;
  /** By which requests grow old. @default the process's */
  readonly clock?: Clock;
}

/** Requests that wait for a policy at a time, at most; the stack keeps the others, or drops them. */
const MOST_UNDECIDED = 256;

/** Answers the echo requests of a stack; see the module's description. */
export class Pings implements Shell {
  readonly #stack: Pick<Stack, "nextEcho">;
  readonly #driver: Pick<Driver, "kick">;
  readonly #options: PingsOptions;
  readonly #pingers: Readonly<Record<4 | 6, Pinger>>;
  #undecided = 0;
  #isStopped = false;

  /** Makes one for the stack that `driver` runs, and attaches it. */
  constructor(
    stack: Pick<Stack, "nextEcho">,
    driver: Pick<Driver, "attach" | "kick" | "poller">,
    options: PingsOptions,
  ) {
    this.#stack = stack;
    this.#driver = driver;
    this.#options = options;
    const { open = opener(driver.poller), clock = systemClock } = options;
    const pinger = (version: 4 | 6) =>
      new Pinger(version, {
        open: (heard) => open(version, heard),
        clock,
        answered: () => driver.kick(),
      });
    this.#pingers = { 4: pinger(4), 6: pinger(6) };
    driver.attach(this);
  }

  get awaits(): boolean {
    return this.#undecided > 0 || this.#pingers[4].awaits || this.#pingers[6].awaits;
  }

  pump(): void {
    while (this.#undecided < MOST_UNDECIDED && !this.#isStopped) {
      const request = this.#stack.nextEcho();
      if (!request) return;
      this.#ask(request, flowOf(request));
    }
  }

  /** Forgets all requests, for good. Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#pingers[4].stop(), this.#pingers[6].stop()]);
  }

  /** What the policy knows at once is done at once: a request does not wait for a promise. */
  #ask(request: EchoRequest, flow: Flow): void {
    try {
      const verdict = this.#options.policy.decide(flow);
      if ("kind" in verdict) this.#act(request, flow, verdict);
      else void this.#askLater(request, flow, verdict);
    } catch (error) {
      this.#fail(request, flow, error);
    }
  }

  async #askLater(request: EchoRequest, flow: Flow, verdict: Promise<Verdict>): Promise<void> {
    this.#undecided++;
    try {
      const decided = await verdict;
      if (!this.#isStopped) this.#act(request, flow, decided);
    } catch (error) {
      if (!this.#isStopped) this.#fail(request, flow, error);
    } finally {
      this.#undecided--;
      this.#driver.kick();
    }
  }

  #act(request: EchoRequest, flow: Flow, verdict: Verdict): void {
    if (verdict.kind === "allow") this.#send(request, flow, addressOf(verdict.target));
    else this.#deny(request, flow, verdict);
  }

  /** The policy fails, names no address, or the host has no such sockets for us. */
  #fail(request: EchoRequest, flow: Flow, error: unknown): void {
    request.fail("prohibited");
    this.#options.observer?.refused(flow, "failed", explain(error));
  }

  #deny(request: EchoRequest, flow: Flow, verdict: Exclude<Verdict, { kind: "allow" }>): void {
    if (verdict.kind === "reject") request.fail("prohibited");
    this.#options.observer?.refused(flow, "denied", verdict.reason);
  }

  #send(request: EchoRequest, flow: Flow, target: IpAddress): void {
    const failure = this.#pingers[isIpv4(target) ? 4 : 6].send(request, target);
    if (!failure) return;
    const { how, reason, unreachable } = failure;
    if (unreachable) request.fail(PROBLEMS[unreachable]);
    this.#options.observer?.refused(flow, how, `${formatAddress(target)}: ${reason}`);
  }
}

/** @throws {SyntaxError} If it has a name. */
function addressOf({ hostname, address }: Target): IpAddress {
  return address ?? parseAddress(hostname);
}

function flowOf({ version, source, destination }: EchoRequest): Flow {
  return {
    protocol: version === 4 ? IpProtocol.Icmp : IpProtocol.Icmpv6,
    client: { address: source, port: 0 },
    target: { address: destination, port: 0 },
  };
}

/** Opens sockets of the host's, which `poller` looks after, if there is one. */
function opener(poller: Poller | undefined): Required<PingsOptions>["open"] {
  return (version, heard) => {
    // Raw sockets are told by it, where the kernel does not do it: see there.
    const [identifier = 0] = crypto.getRandomValues(new Uint16Array(1));
    const socket = PingSocket.open(version, identifier);
    return poller ? new PolledPings(socket, poller, heard) : socket;
  };
}

function explain(error: unknown): string {
  if (error instanceof SystemError) return `${error.message}; see "headgate doctor"`;
  return error instanceof Error ? error.message : String(error);
}
