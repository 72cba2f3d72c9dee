/**
 * Settings of any kind that is allowed.
 *
 * @module
 */
import type { SeededRandom } from "../../lib/base/random.ts";
import type { ConnectionOptions, TcpOptions } from "../../lib/tcp/config.ts";
import type { ListenOptions } from "../../lib/tcp/listener.ts";

/** Settings of a stack with little room. */
export function someTcpOptions(random: SeededRandom): TcpOptions {
  return {
    maxConnections: [5, 30][random.below(2)]!,
    maxTimeWait: random.below(4),
    maxHalfOpen: 1 + random.below(8),
    maxRequests: 1 + random.below(4),
    maxMemory: [0, 30_000, 1 << 29][random.below(3)]!,
    receiveBuffer: 4096 + random.below(60_000),
    sendBuffer: 4096 + random.below(60_000),
    sack: random.below(3) > 0,
    timestamps: random.below(3) > 0,
    requestTimeout: 10_000,
  };
}

/** Settings of a connection. */
export function someConnectionOptions(random: SeededRandom): ConnectionOptions {
  const below = (bound: number) => random.below(bound);
  return {
    nagle: below(2) === 1,
    cork: below(6) === 1,
    ackDelay: below(2) * below(500),
    userTimeout: below(3) ? Infinity : 1 + below(100_000),
    keepAlive: below(3) ? undefined : { idle: 1 + below(10_000), interval: 1000, count: 3 },
    linger: below(8) ? undefined : 0,
    finWait2Timeout: below(100_000),
    retries: 1 + below(15),
    synRetries: below(6),
    notSentLowWater: below(4) ? Infinity : 1 + below(5000),
  };
}

/** Settings of a listener with short queues. */
export function someListenOptions(random: SeededRandom): ListenOptions {
  return {
    ...someConnectionOptions(random),
    backlog: 1 + random.below(4),
    synBacklog: 1 + random.below(4),
    synCookies: (["never", "pressure", "always"] as const)[random.below(3)]!,
    deferAccept: random.below(2) * random.below(10_000),
  };
}
