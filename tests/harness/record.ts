/**
 * Runs a world once more to record its packets.
 *
 * @module
 */
import { PcapLink } from "../../lib/link/pcap_link.ts";
import { World, type WorldOptions } from "./world.ts";

const FOLDER = new URL("../../tmp/", import.meta.url);

/**
 * Records what the world of `options` does until it fails or ends.
 *
 * @returns The path of the recording, relative to the root of the repository.
 */
export function recordWorld(options: WorldOptions, name: string): string {
  Deno.mkdirSync(FOLDER, { recursive: true });
  const path = `${name}.pcap`;
  using file = Deno.openSync(new URL(path, FOLDER), { create: true, write: true, truncate: true });
  const sink = {
    write: (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    },
  };
  let recorder: PcapLink | undefined;
  // At the client: there one sees what it sends and what reaches it.
  const world = new World(options, (link, end, clock) => {
    if (end !== 0) return link;
    return recorder = new PcapLink(link, { sink, wallClock: () => clock.now() });
  });
  try {
    world.run();
  } catch {
    // that is what is being recorded
  }
  recorder?.close();
  return `tmp/${path}`;
}
