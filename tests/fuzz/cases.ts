/**
 * The cases of the fuzz test: each is small, has a seed of its own, and can be repeated alone.
 *
 * @module
 */
import { recordPackets, type Tap } from "../harness/record.ts";
import { fuzzControlBlock } from "./control_block.ts";
import { fuzzDatagrams } from "./datagrams.ts";
import { fuzzEthernet } from "./ethernet.ts";
import { fuzzNetwork } from "./network.ts";
import { fuzzParsers } from "./parsers.ts";
import { fuzzPeers, recordPeers } from "./peers.ts";
import { fuzzSockets } from "./sockets.ts";
import { fuzzStack } from "./stack.ts";

/** A sort of cases. */
interface Kind {
  readonly name: string;
  /** Plays a case; returns how many packets it took. */
  readonly run: (seed: number) => number;
  /** Plays it again, and returns the path of a recording. */
  readonly record: (seed: number, name: string) => string;
}

const PACKETS = 300;

/** The sorts of cases, which take turns. */
export const KINDS: readonly Kind[] = [
  tapped("parsers", (seed, tap) => {
    fuzzParsers(seed, PACKETS, tap);
    return PACKETS;
  }),
  tapped("connection", (seed, tap) => fuzzControlBlock(seed, 200, tap)),
  tapped("stack", (seed, tap) => fuzzStack(seed, 300, tap)),
  tapped("sockets", (seed, tap) => fuzzSockets(seed, 300, tap)),
  tapped("ethernet", (seed, tap) => fuzzEthernet(seed, 300, tap), true),
  { name: "peers", run: fuzzPeers, record: recordPeers },
  tapped("network", (seed, tap) => fuzzNetwork(seed, 200, tap)),
  tapped("datagrams", (seed, tap) => fuzzDatagrams(seed, 300, tap)),
];

function tapped(
  name: string,
  run: (seed: number, tap?: Tap) => number,
  isEthernet = false,
): Kind {
  return {
    name,
    run: (seed) => run(seed),
    record: (seed, path) => recordPackets(path, (tap) => run(seed, tap), isEthernet),
  };
}

/** The kind of case number `index`. */
export function kindOf(index: number): Kind {
  return KINDS[index % KINDS.length]!;
}

/**
 * Runs case number `index` of `seed`; returns how many packets it took.
 *
 * @throws {Error} When a promise is broken. The message says how to repeat the
 * case, and where its packets have been recorded.
 */
export function runCase(seed: number, index: number): number {
  const kind = kindOf(index);
  const own = (Math.imul(seed, 0x85eb_ca6b) ^ Math.imul(index + 1, 0x9e37_79b1)) >>> 0;
  try {
    return kind.run(own);
  } catch (cause) {
    const path = kind.record(own, `fuzz-${seed}-${index}`);
    const repeat = `deno task fuzz --seed ${seed} --case ${index}`;
    const message = `case ${index} of seed ${seed} (${kind.name}) has failed`;
    throw new Error(`${message}; its packets are in ${path}; to repeat it: ${repeat}`, { cause });
  }
}
