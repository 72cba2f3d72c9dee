/**
 * Measures everything, in turns: for each measurement one backend after the other, and who is
 * first changes from run to run, so that whatever the machine does besides hits all alike.
 *
 * @module
 */
import { Agent, AGENT_WORDS } from "./agent.ts";
import type { Backend } from "./backend.ts";
import { type Figure, type Measure, MEASURES } from "./measures.ts";
import type { Sample } from "./metrics.ts";
import { Port } from "./outside.ts";
import { clientsOf } from "./processes.ts";
import { measureStart, measureWholeRuns } from "./start.ts";

/** The time to start is measured of guests that do not run yet. */
const START = "start";

/** The names of all that is measured. */
export const MEASURE_NAMES: readonly string[] = [
  ...MEASURES.flatMap(({ measures }) => measures.map(({ name }) => name)),
  START,
];

/** What is to be done, and who hears of it. */
export interface CampaignOptions {
  readonly runs: number;
  readonly seconds: number;
  /** Whether something with this name is wanted. */
  readonly wants: (name: string) => boolean;
  /** Is told how far it is, and what failed. */
  readonly say: (line: string) => void;
}

/** The measurements of some backends; see the module's description. */
export class Campaign {
  readonly samples: Sample[] = [];
  readonly #backends: readonly Backend[];
  readonly #options: CampaignOptions;
  /** Guests that run, by the name of their backend. */
  readonly #agents = new Map<string, Agent>();
  /** Measurements that failed, with the name of the backend: they are not tried again. */
  readonly #failed = new Set<string>();

  constructor(backends: readonly Backend[], options: CampaignOptions) {
    this.#backends = backends;
    this.#options = options;
  }

  /** Does all runs. Ends all guests, whatever happens. */
  async measure(): Promise<void> {
    const { runs, wants } = this.#options;
    for (let run = 0; run < runs; run++) {
      for (const { mtu, measures } of MEASURES) {
        for (const measure of measures.filter(({ name }) => wants(name))) {
          await this.#inTurn(run, measure.name, (backend) => this.#apply(measure, backend, mtu));
        }
        await this.#endAll();
      }
      if (!wants(START)) continue;
      const forwarding = (measure: typeof measureStart) => async (backend: Backend) =>
        backend.program === undefined ? [] : await measure(backend);
      await this.#inTurn(run, START, forwarding(measureStart));
      await this.#inTurn(run, `${START}/whole`, forwarding(measureWholeRuns));
    }
  }

  async #inTurn(
    run: number,
    name: string,
    measure: (backend: Backend) => Promise<readonly Figure[]>,
  ): Promise<void> {
    const { runs, say } = this.#options;
    const shift = run % this.#backends.length;
    const order = [...this.#backends.slice(shift), ...this.#backends.slice(0, shift)];
    const seen: string[] = [];
    for (const backend of order) {
      const attempt = `${backend.name} ${name}`;
      if (this.#failed.has(attempt)) continue;
      try {
        for (const [metric, value] of await measure(backend)) {
          this.samples.push({ metric, backend: backend.name, run, value });
          seen.push(`${backend.name} ${value.toPrecision(3)} ${metric.unit}`);
        }
      } catch (error) {
        this.#failed.add(attempt);
        seen.push(`${backend.name} fails: ${error instanceof Error ? error.message : error}`);
      }
    }
    say(`run ${run + 1} of ${runs}, ${name}: ${seen.join("; ")}`);
  }

  async #apply(measure: Measure, backend: Backend, mtu: number): Promise<readonly Figure[]> {
    const { name } = backend;
    if (measure.needsFreshGuest) await this.#end(name);
    const agent = this.#agents.get(name) ?? await this.#start(backend, mtu);
    try {
      return await measure.run(agent, this.#options.seconds);
    } finally {
      if (measure.needsFreshGuest || agent.isLost) await this.#end(name);
    }
  }

  async #start(backend: Backend, mtu: number): Promise<Agent> {
    const agent = new Agent(await backend.start({ mtu, command: AGENT_WORDS }));
    this.#agents.set(backend.name, agent);
    await checkForwarder(backend, agent);
    return agent;
  }

  async #end(name: string): Promise<void> {
    const agent = this.#agents.get(name);
    this.#agents.delete(name);
    await agent?.guest.end();
  }

  async #endAll(): Promise<void> {
    for (const name of [...this.#agents.keys()]) await this.#end(name);
  }
}

/** How long the first connection may take, in milliseconds. */
const FIRST_CONNECTION = 5000;

/**
 * Makes sure that what is measured is what is meant: the guest is in a namespace of its own, and
 * the process that speaks with our servers for it runs the backend's program.
 */
async function checkForwarder(backend: Backend, agent: Agent): Promise<void> {
  const before = new Set(clientsOf(Port.Echo));
  const { namespace, pid } = await agent.do("facts", {}, FIRST_CONNECTION);
  await agent.do("open", {}, FIRST_CONNECTION);
  const clients = clientsOf(Port.Echo).filter((client) => !before.has(client));
  const { forwarder } = agent.guest;
  const isOwn = namespace === Deno.readLinkSync("/proc/self/ns/net");
  const expected = forwarder ?? pid;
  const program = Deno.readLinkSync(`/proc/${expected}/exe`);
  const isRight = clients.length === 1 && clients[0] === expected &&
    isOwn === (forwarder === undefined) && program.startsWith(backend.program ?? "");
  if (!isRight) {
    throw new Error(`it does not carry the guest's traffic: processes ${clients} do, ${program}`);
  }
}
