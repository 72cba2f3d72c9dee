/**
 * Two stacks that behave, over a link on which somebody meddles.
 *
 * Whatever {@linkcode MeddlingLink} forges, every byte has to arrive, and both ends have to close in
 * peace.
 *
 * @module
 */
import { recordWorld } from "../harness/record.ts";
import { type Decorate, World } from "../harness/world.ts";
import { checkEnd, randomWorld } from "../world/random_world.ts";
import { MeddlingLink } from "./meddling_link.ts";

const MOST_BYTES = 30_000;

/** Lets the world of `seed` be meddled with; returns how many packets there were. */
export function fuzzPeers(seed: number): number {
  const options = { ...randomWorld(seed, MOST_BYTES), offload: false };
  const result = new World(options, meddling(seed)).run();
  checkEnd(options, result);
  return result.wirePackets;
}

/** Records what {@linkcode fuzzPeers} does; returns the path of the recording. */
export function recordPeers(seed: number, name: string): string {
  const options = { ...randomWorld(seed, MOST_BYTES), offload: false };
  return recordWorld(options, name, meddling(seed));
}

function meddling(seed: number): Decorate {
  const zeal = [0.1, 0.5, 2][seed % 3]!;
  return (link, end) => new MeddlingLink(link, seed + end, zeal);
}
