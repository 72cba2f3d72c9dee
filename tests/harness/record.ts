/**
 * Recordings of what has failed, made when it is run once more.
 *
 * @module
 */
import type { Millis } from "../../lib/base/clock.ts";
import type { PacketBuffer } from "../../lib/base/packet_buffer.ts";
import { type Link, SendResult } from "../../lib/link/link.ts";
import { PcapLink, type PcapSink } from "../../lib/link/pcap_link.ts";
import { type Decorate, World, type WorldOptions } from "./world.ts";

const FOLDER = new URL("../../tmp/", import.meta.url);

/** Is shown a packet, before whoever it is for changes it. */
export type Tap = (packet: PacketBuffer, now: Millis) => void;

/**
 * Records what the world of `options` does until it fails or ends.
 *
 * @returns The path of the recording, relative to the root of the repository.
 */
export function recordWorld(options: WorldOptions, name: string, decorate?: Decorate): string {
  return record(name, (sink, recording) => {
    // At the client: there one sees what it sends and what reaches it.
    const world = new World(options, (link, end, clock) => {
      const decorated = decorate?.(link, end, clock) ?? link;
      if (end !== 0) return decorated;
      return recording(new PcapLink(decorated, { sink, wallClock: () => clock.now() }));
    });
    world.run();
  });
}

/**
 * Records the packets, or Ethernet frames, that `run` shows.
 *
 * @returns The path of the recording, relative to the root of the repository.
 */
export function recordPackets(
  name: string,
  run: (tap: Tap) => void,
  isEthernet = false,
): string {
  return record(name, (sink, recording) => {
    let present: Millis = 0;
    const recorder = recording(
      new PcapLink(NOWHERE, { sink, wallClock: () => present, isEthernet }),
    );
    run((packet, now) => {
      present = now;
      recorder.send(packet);
    });
  });
}

/** Lets `run` make a recorder, which is closed when `run` ends, however it does. */
function record(
  name: string,
  run: (sink: PcapSink, recording: (recorder: PcapLink) => PcapLink) => void,
): string {
  Deno.mkdirSync(FOLDER, { recursive: true });
  const path = `${name}.pcap`;
  using file = Deno.openSync(new URL(path, FOLDER), { create: true, write: true, truncate: true });
  const sink = {
    write: (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    },
  };
  let recorder: PcapLink | undefined;
  try {
    run(sink, (made) => recorder = made);
  } catch {
    // that is what is being recorded
  }
  recorder?.close();
  return `tmp/${path}`;
}

/** Takes everything, and brings nothing. */
const NOWHERE: Link = {
  mtu: 65_535,
  checksumOffload: true,
  maxSegmentation: 65_535,
  isClosed: false,
  send: () => SendResult.Sent,
  receive: () => false,
  wait: () => Promise.resolve(),
  wake: () => {},
  close: () => {},
};
