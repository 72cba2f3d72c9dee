/**
 * Worlds at random: each seed is one, and always the same.
 *
 * Beside the test this is a tool to look for trouble overnight:
 *
 *     deno run -A tests/world/random_world.ts --worlds 10000 --seed 1
 *
 * @module
 */
import type { Millis } from "../../lib/base/clock.ts";
import { SeededRandom } from "../../lib/base/random.ts";
import type { Faults } from "../../lib/link/impairment.ts";
import type { TcpOptions } from "../../lib/tcp/config.ts";
import type { Script } from "../harness/application.ts";
import { recordWorld } from "../harness/record.ts";
import { type EndOptions, World, type WorldOptions, type WorldResult } from "../harness/world.ts";

/** Full segments that one end has to say, at most: small segments make long worlds. */
const MOST_SEGMENTS = 600;
const MOST_BYTES = 400_000;
/** Eight timeouts in a row, the last of them of 60 s each. */
const MOST_STALL: Millis = 400_000;

class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  isLucky(probability: number): boolean {
    return this.#random.next() < probability;
  }

  among<T>(...choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)]!; // `below` stays below
  }

  /** Each order of magnitude as likely as the others. */
  logarithmic(least: number, most: number): number {
    return Math.floor(least * (most / least) ** this.#random.next());
  }

  upTo(most: number): number {
    return most * this.#random.next();
  }

  seed(): number {
    return this.#random.nextUint32();
  }
}

/** The world of `seed`, in which each end says at most `mostBytes`. */
export function randomWorld(seed: number, mostBytes = MOST_BYTES): WorldOptions {
  const dice = new Dice(seed);
  const delay = dice.among(0, 0, dice.upTo(5), dice.upTo(200));
  const mtus = [randomMtu(dice), randomMtu(dice)] as const;
  const aborts = dice.isLucky(0.1);
  const tcps = [randomTcp(dice, mtus[0], aborts), randomTcp(dice, mtus[1], aborts)] as const;
  const most = Math.min(MOST_SEGMENTS * smallestPayload(mtus, tcps), mostBytes);
  const last = dice.among(0, 1, 2); // not both: somebody has to close first
  return {
    seed,
    client: { mtu: mtus[0], tcp: tcps[0], script: randomScript(dice, most, last === 0, aborts) },
    server: { mtu: mtus[1], tcp: tcps[1], script: randomScript(dice, most, last === 1, aborts) },
    offload: dice.isLucky(0.5),
    version: Math.min(...mtus) < 1280 ? 4 : dice.among(4, 6), // RFC 8200 §5
    up: randomFaults(dice, delay),
    down: randomFaults(dice, delay),
    listens: dice.isLucky(0.3),
    acceptAfter: dice.isLucky(0.2) ? dice.upTo(5000) : 0,
    linkCapacity: dice.among(2, 16, 256),
  };
}

function randomMtu(dice: Dice): number {
  return dice.among(100, 576, 1500, 1500, 9000, 65_520, dice.logarithmic(88, 65_520));
}

/** What a segment carries at the least when there is enough to send. */
function smallestPayload(mtus: readonly number[], tcps: readonly TcpOptions[]): number {
  const sizes = [
    ...mtus.map((mtu) => mtu - 60),
    ...tcps.map((tcp) => tcp.maxSegmentSize ?? Infinity),
  ];
  return Math.max(Math.min(...sizes) - 12, 36);
}

function randomTcp(dice: Dice, mtu: number, aborts: boolean): TcpOptions {
  const buffer = () =>
    dice.among(4096, 5000, 16_384, 65_535, 262_144, dice.logarithmic(4096, 2 ** 22));
  const receiveBuffer = buffer();
  // A unit of the window must be a small part of it.
  const largestScale = Math.floor(Math.log2(receiveBuffer / 8));
  return {
    sendBuffer: buffer(),
    receiveBuffer,
    windowScale: dice.among(undefined, undefined, 0, Math.min(14, largestScale)),
    maxSegmentSize: dice.among(undefined, undefined, undefined, dice.logarithmic(48, mtu)),
    sack: dice.isLucky(0.7),
    timestamps: dice.isLucky(0.7),
    windowScaling: dice.isLucky(0.7),
    nagle: dice.isLucky(0.3),
    ackDelay: dice.among(0, 0, 40, 200, 500),
    initialWindow: dice.among(262_144, 1),
    timeWait: 240_000, // RFC 9293 §3.4.2; timeouts of a minute outlast a shorter one
    // Who is reset by a packet that gets lost must find out by itself.
    keepAlive: aborts || dice.isLucky(0.1) ? { idle: 20_000, interval: 5000, count: 8 } : undefined,
  };
}

function randomScript(dice: Dice, most: number, closesLast: boolean, aborts: boolean): Script {
  const total = dice.isLucky(0.1) ? 0 : dice.logarithmic(1, most);
  const pause = () => dice.isLucky(0.2) ? dice.upTo(20) : 0;
  const chunk = () => dice.among(65_536, dice.logarithmic(most / 1000 + 1, 65_536));
  return {
    total,
    writeChunk: chunk(),
    writePause: pause(),
    readChunk: chunk(),
    readPause: pause(),
    readAfter: dice.isLucky(0.2) ? dice.upTo(10_000) : 0,
    closesLast,
    inPlace: dice.isLucky(0.5),
    ...(aborts && dice.isLucky(0.5) && { abortsAfter: dice.upTo(50_000) }),
  };
}

function randomFaults(dice: Dice, delay: Millis): Faults {
  if (dice.isLucky(0.15)) return { delay };
  const maybe = (most: number) => dice.isLucky(0.5) ? dice.upTo(most) : 0;
  return {
    delay,
    loss: maybe(0.1),
    duplication: maybe(0.05),
    corruption: maybe(0.03),
    reordering: maybe(0.1),
    holdBack: dice.upTo(50),
    jitter: maybe(20),
    ...(dice.isLucky(0.2) && { rate: dice.logarithmic(20, 20_000), queue: dice.among(20, 200) }),
  };
}

/**
 * Runs the world of `seed`.
 *
 * @throws {Error} When it does not end as it should; the message says what world
 * it is, and where its packets have been recorded.
 */
export function runRandomWorld(seed: number): WorldResult {
  const options = randomWorld(seed);
  try {
    const result = new World(options).run();
    checkEnd(options, result);
    checkEffort(options, result);
    return result;
  } catch (error) {
    const path = recordWorld(options, `world-${seed}`);
    throw new Error(
      `world ${seed} failed; its packets are in ${path}; it is ${Deno.inspect(options)}`,
      { cause: error },
    );
  }
}

/** Whether everything has arrived, and both ends have ended well. */
export function checkEnd({ client, server }: WorldOptions, result: WorldResult): void {
  const ends = [
    {
      name: "client",
      self: result.client,
      writes: client.script.total,
      reads: server.script.total,
    },
    {
      name: "server",
      self: result.server,
      writes: server.script.total,
      reads: client.script.total,
    },
  ];
  const aborts = [client, server].some(({ script }) => script.abortsAfter !== undefined);
  for (const { name, self, writes, reads } of ends) {
    if (aborts) continue; // what was read was right, and both stacks have forgotten everything
    if (!self) throw new Error(`there is no ${name}`);
    const { connection, written, read, isAtEnd } = self;
    if (connection.error) throw new Error(`the ${name} was cut off: ${connection.error}`);
    if (written !== writes) throw new Error(`the ${name} wrote ${written} of ${writes}`);
    if (read !== reads) throw new Error(`the ${name} read ${read} of ${reads}`);
    if (!isAtEnd) throw new Error(`the ${name} has not seen the end`);
  }
}

function checkEffort({ client, server }: WorldOptions, result: WorldResult): void {
  const most = mostPackets(client, server, result.elapsed);
  if (result.packets > most) throw new Error(`${result.packets} packets, more than ${most}`);
  if (result.longestStall > MOST_STALL) throw new Error(`a stall of ${result.longestStall} ms`);
}

/** What data, their acknowledgments, losses, window updates and probes may take at the most. */
function mostPackets(client: EndOptions, server: EndOptions, elapsed: Millis): number {
  const payload = smallestPayload([client.mtu, server.mtu], [client.tcp, server.tcp]);
  const segments = [client, server].map(({ script }) =>
    Math.ceil(script.total / Math.min(payload, script.writeChunk ?? payload, 2048))
  );
  return 6 * (20 + segments[0]! + segments[1]! + elapsed / 5000); // the worst of 12000 needs half
}

if (import.meta.main) {
  const number = (flag: string, otherwise: number) => {
    const at = Deno.args.indexOf(`--${flag}`);
    return at < 0 ? otherwise : Number(Deno.args[at + 1]);
  };
  const first = number("seed", 1);
  const count = number("worlds", 1000);
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    try {
      runRandomWorld(seed);
    } catch (error) {
      failed++;
      // deno-lint-ignore no-console -- a tool talks to the terminal
      console.error(error);
    }
  }
  // deno-lint-ignore no-console -- as above
  console.log(`${count} worlds, ${failed} failed`);
  Deno.exitCode = failed === 0 ? 0 : 1;
}
