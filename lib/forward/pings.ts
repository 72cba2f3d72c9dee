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

/** Settings of {@linkcode Pings}. */
export interface PingsOptions {
  /** Whom the guest may ask. */
  readonly policy: Policy;
  /** Is told which requests were not sent. */
  readonly observer?: FlowObserver;
  /** Opens what requests are sent with. @default {@linkcode PingSocket.open} */
  readonly open?: (version: 4 | 6) => PingDevice;
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
    driver: Pick<Driver, "attach" | "kick">,
    options: PingsOptions,
  ) {
    this.#stack = stack;
    this.#driver = driver;
    this.#options = options;
    const { open = openSocket, clock = systemClock } = options;
    const pinger = (version: 4 | 6) =>
      new Pinger(version, { open: () => open(version), clock, answered: () => driver.kick() });
    this.#pingers = { 4: pinger(4), 6: pinger(6) };
    driver.attach(this);
  }

  get awaits(): boolean {
    return this.#undecided + this.#pingers[4].count + this.#pingers[6].count > 0;
  }

  pump(): void {
    while (this.#undecided < MOST_UNDECIDED && !this.#isStopped) {
      const request = this.#stack.nextEcho();
      if (!request) return;
      this.#undecided++;
      this.#serve(request).finally(() => this.#undecided--);
    }
  }

  /** Forgets all requests, for good. Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#pingers[4].stop(), this.#pingers[6].stop()]);
  }

  async #serve(request: EchoRequest): Promise<void> {
    const flow = flowOf(request);
    try {
      const verdict = await this.#options.policy.decide(flow);
      if (this.#isStopped) return;
      if (verdict.kind === "allow") {
        this.#send(request, flow, addressOf(verdict.target));
      } else this.#deny(request, flow, verdict);
    } catch (error) { // the policy fails, names no address, or the host has no such sockets for us
      if (this.#isStopped) return;
      request.fail("prohibited");
      this.#options.observer?.refused(flow, "failed", explain(error));
    }
    this.#driver.kick();
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

/** Which are told by their identifier, where the kernel does not do it: see there. */
function openSocket(version: 4 | 6): PingSocket {
  const [identifier = 0] = crypto.getRandomValues(new Uint16Array(1));
  return PingSocket.open(version, identifier);
}

function explain(error: unknown): string {
  if (error instanceof SystemError) return `${error.message}; see "headgate doctor"`;
  return error instanceof Error ? error.message : String(error);
}
