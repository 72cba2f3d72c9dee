/**
 * Asks the name servers of the host, as a resolver of the host would.
 *
 * Servers are asked in turn, until one answers; who has no answer is asked
 * again, for longer, and who cannot help is not. What comes truncated over UDP
 * is asked for over TCP.
 *
 * @see {@link https://man7.org/linux/man-pages/man5/resolv.conf.5.html | resolv.conf(5)}
 * @module
 */
import type { Poller } from "../ffi/poller.ts";
import { HostDatagrams } from "../forward/host_datagrams.ts";
import { askOverTcp, type Exchange } from "./exchange.ts";
import { isTruncated, Rcode, rcodeOf } from "./message.ts";
import type { NameServer, ResolverConfig } from "./resolv_conf.ts";
import type { Resolver } from "./resolver.ts";
import { UdpExchange } from "./udp_exchange.ts";

/** How an {@linkcode UpstreamResolver} reaches servers. */
export interface Exchanges {
  /** Over UDP. */
  readonly udp: Exchange;
  /** Over TCP. */
  readonly tcp: Exchange;
  /** Calls `expire` after so many milliseconds, unless what it returns is called before. */
  readonly startTimer: (after: number, expire: () => void) => () => void;
}

/**
 * From the host, in real time.
 *
 * @param poller Waits for answers over UDP: a driver's, which then has them sooner by what it
 * takes to wake a thread. @default {one of their own}
 */
export function systemExchanges(poller?: Poller): Exchanges {
  return {
    udp: new UdpExchange(() => new HostDatagrams(poller)).ask,
    tcp: askOverTcp,
    startTimer: (after, expire) => {
      const timer = setTimeout(expire, after);
      return () => clearTimeout(timer);
    },
  };
}

/** Codes with which a server says that it is of no use; the next one may be. */
const UNHELPFUL: ReadonlySet<number> = new Set([
  Rcode.ServerFailure,
  Rcode.NotImplemented,
  Rcode.Refused,
]);
/** The shortest time that a server is given, in milliseconds, as in glibc. */
const SHORTEST_TIMEOUT = 1000;

/** Asks name servers; see the module's description. */
export class UpstreamResolver implements Resolver {
  readonly #config: () => ResolverConfig;
  readonly #exchanges: Exchanges;
  #turn = 0;

  /** Makes a resolver that asks whom `config` names at that time. */
  constructor(config: () => ResolverConfig, exchanges: Exchanges = systemExchanges()) {
    this.#config = config;
    this.#exchanges = exchanges;
  }

  async resolve(
    query: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const config = this.#config();
    let servers = this.#inOrder(config);
    let unhelpful: Uint8Array<ArrayBuffer> | undefined;
    let failure: unknown;
    for (let attempt = 0; attempt < config.attempts; attempt++) {
      const silent: NameServer[] = [];
      for (const server of servers) {
        signal.throwIfAborted();
        const timeout = patience(config, attempt);
        try {
          const answer = await this.#ask(server, query, config, timeout, signal);
          if (!UNHELPFUL.has(rcodeOf(answer))) return answer;
          unhelpful ??= answer;
        } catch (error) {
          signal.throwIfAborted();
          failure = error;
          silent.push(server);
        }
      }
      servers = silent;
    }
    if (unhelpful) return unhelpful;
    throw new Error("Cannot resolve: no name server answers", { cause: failure });
  }

  #inOrder({ servers, rotate }: ResolverConfig): readonly NameServer[] {
    if (!rotate) return servers;
    const first = this.#turn++ % servers.length;
    return [...servers.slice(first), ...servers.slice(0, first)];
  }

  async #ask(
    server: NameServer,
    query: Uint8Array<ArrayBuffer>,
    { overTcp }: ResolverConfig,
    timeout: number,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { udp, tcp, startTimer } = this.#exchanges;
    const late = new AbortController();
    const stopTimer = startTimer(timeout, () => late.abort(new Error("Cannot wait any longer")));
    const either = AbortSignal.any([signal, late.signal]);
    try {
      // The sockets for UDP know no zones, as link-local addresses have them.
      if (overTcp || server.address.includes("%")) return await tcp(server, query, either);
      const answer = await udp(server, query, either);
      return isTruncated(answer) ? await tcp(server, query, either) : answer;
    } finally {
      stopTimer();
    }
  }
}

/** As glibc has it: twice as long each time, divided among the servers. */
function patience({ timeout, servers }: ResolverConfig, attempt: number): number {
  if (attempt === 0) return timeout;
  return Math.max(SHORTEST_TIMEOUT, Math.trunc((timeout << attempt) / servers.length));
}
