/**
 * `--pcap FILE`: records every packet between the guest and the stack.
 *
 * @module
 */
import type { Link } from "../link/link.ts";
import { PcapLink } from "../link/pcap_link.ts";

/** A file that is open, and what puts a recorder in front of a link. */
export interface Capture {
  /** Records what passes over `link`, which carries IP packets or Ethernet frames, from now on. */
  wrap(link: Link, isEthernet: boolean): Link;
  /** Closes the file; the link must be closed by then. */
  close(): void;
}

/**
 * Opens `path`, before anything runs, for a capture in pcap format.
 *
 * @param say Tells the user when the file cannot take any more.
 * @throws {Error} When it cannot be written; the message is one line.
 */
export function openCapture(path: string, say: (line: string) => void): Capture {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, create: true, truncate: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot write the capture "${path}": ${why}; choose another --pcap file`, {
      cause: error,
    });
  }
  return {
    wrap: (link, isEthernet) =>
      new PcapLink(link, {
        isEthernet,
        sink: { write: (bytes) => writeAll(file, bytes) },
        wallClock: () => performance.timeOrigin + performance.now(),
        failed: (error) => say(`the capture "${path}" ends here: ${error}`),
      }),
    close: () => file.close(),
  };
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
