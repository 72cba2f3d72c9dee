/**
 * What is measured of a guest that runs.
 *
 * @module
 */
import { type Agent, figure } from "./agent.ts";
import type { Metric } from "./metrics.ts";
import { withIperf } from "./outside.ts";
import { cpuSeconds, residentBytes, threadSeconds } from "./processes.ts";

/** Something to be measured; one measurement may give several figures. */
export interface Measure {
  /** The name that `--rows` looks at. */
  readonly name: string;
  /** Whether each measurement is to have a guest of its own. */
  readonly needsFreshGuest?: boolean;
  /** Measures for about so many seconds. */
  run(agent: Agent, seconds: number): Promise<readonly Figure[]>;
}

/** A figure as it was measured. */
export type Figure = readonly [metric: Metric, value: number];

/** What an order may take longer than its seconds, in milliseconds. */
const PATIENCE = 10_000;
/** Bytes of a datagram; QUIC sends such. */
const DATAGRAM = 1200;
/** Nobody measures the last digits of these. */
const GIGA = 1e9, MEBI = 2 ** 20;

/** How long nothing happens, in milliseconds. */
const IDLENESS = 10_000;

const IDLE: Measure = {
  name: "idle",
  async run({ guest: { forwarder } }) {
    if (forwarder === undefined) return [];
    const before = threadSeconds(forwarder);
    await new Promise((resolve) => setTimeout(resolve, IDLENESS));
    let computed = 0;
    for (const [thread, after] of threadSeconds(forwarder)) {
      computed += after - (before.get(thread) ?? 0);
    }
    const metric = { id: "idle", label: "CPU time while nothing happens", unit: "%" };
    return [[metric, 100 * computed / (IDLENESS / 1000)]];
  },
};

/** The MTUs, with what is measured at each. */
export const MEASURES: readonly { readonly mtu: number; readonly measures: readonly Measure[] }[] =
  [
    {
      mtu: 65_520,
      measures: [
        ...bulks(65_520),
        ...(["nothing", "up", "down"] as const).map(ping),
        ...[1, 32].map(connections),
        ...[false, true].map(datagrams),
        IDLE,
        ...[0, 1000, 10_000].map(memory),
      ],
    },
    { mtu: 16_384, measures: bulks(16_384) },
    { mtu: 1500, measures: bulks(1500) },
  ];

/** With IPv6 one stream: what eight streams cost is not a matter of the family. */
function bulks(mtu: number): Measure[] {
  return ([[4, 1], [4, 8], [6, 1]] as const).flatMap(([family, streams]) =>
    [false, true].map((reverse) => bulk(mtu, family, streams, reverse))
  );
}

function bulk(mtu: number, family: 4 | 6, streams: number, reverse: boolean): Measure {
  const way = reverse ? "down" : "up";
  const name = `${way}/${streams}/${mtu}/${family}`;
  const label = `${way}, ${streams === 1 ? "1 stream" : `${streams} streams`}, ` +
    `MTU ${mtu}, IPv${family}`;
  const rate: Metric = { id: `bulk/${name}`, label: `bulk ${label}`, unit: "Gbit/s" };
  const cost: Metric = { id: `cpu/${name}`, label: `CPU ${label}`, unit: "s/GB" };
  return {
    name: rate.id,
    async run(agent, seconds) {
      const { forwarder } = agent.guest;
      const before = forwarder === undefined ? 0 : cpuSeconds(forwarder);
      const answer = await withIperf(() =>
        agent.do("bulk", { seconds, streams, reverse }, seconds * 1000 + PATIENCE, family)
      );
      const figures: Figure[] = [[rate, figure(answer, "bitsPerSecond") / GIGA]];
      if (forwarder !== undefined) {
        const computed = cpuSeconds(forwarder) - before;
        figures.push([cost, computed / (figure(answer, "bytes") / GIGA)]);
      }
      return figures;
    },
  };
}

function ping(beside: "nothing" | "up" | "down"): Measure {
  const where = beside === "nothing" ? "alone" : `beside bulk ${beside}`;
  const metric = (which: string): Metric => ({
    id: `ping/${beside}/${which}`,
    label: `request and answer, 1 byte, ${where}, ${which}`,
    unit: "us",
  });
  return {
    name: `ping/${beside}`,
    async run(agent, seconds) {
      const ask = () => agent.do("ping", { seconds, beside }, seconds * 1000 + PATIENCE);
      const answer = await (beside === "nothing" ? ask() : withIperf(ask));
      return ["p50", "p99"].map((which) => [metric(which), figure(answer, which)]);
    },
  };
}

function connections(atOnce: number): Measure {
  const how = atOnce === 1 ? "one after the other" : `${atOnce} at once`;
  const metric = { id: `connections/${atOnce}`, label: `connections, ${how}`, unit: "1/s" };
  return {
    name: metric.id,
    needsFreshGuest: true, // with no ports that have been used
    async run(agent, seconds) {
      const answer = await agent.do("connections", { seconds, atOnce }, seconds * 1000 + PATIENCE);
      return [[metric, figure(answer, "perSecond")]];
    },
  };
}

function datagrams(reverse: boolean): Measure {
  const way = reverse ? "down" : "up";
  const label = `datagrams of ${DATAGRAM} bytes that arrive, ${way}`;
  const metric = { id: `datagrams/${way}`, label, unit: "1/s" };
  return {
    name: metric.id,
    async run(agent, seconds) {
      const settings = { seconds, size: DATAGRAM, reverse };
      const answer = await agent.do("datagrams", settings, seconds * 1000 + PATIENCE);
      return [[metric, figure(answer, "perSecond")]];
    },
  };
}

function memory(count: number): Measure {
  const label = `memory, ${count.toLocaleString("en")} idle connections`;
  const metric = { id: `memory/${count}`, label, unit: "MiB" };
  return {
    name: metric.id,
    needsFreshGuest: true,
    async run(agent) {
      const { forwarder } = agent.guest;
      if (forwarder === undefined) return [];
      await agent.do("hold", { count }, 2 * PATIENCE);
      return [[metric, residentBytes(forwarder) / MEBI]];
    },
  };
}
