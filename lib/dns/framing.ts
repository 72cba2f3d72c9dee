/**
 * Messages in a stream: each has its length before it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-4.2.2 | RFC 1035 §4.2.2}
 * @module
 */
import type { ByteStream } from "../forward/dialer.ts";

const LENGTH_BYTES = 2;
const LONGEST_MESSAGE = 0xffff;

/** `message` with its length before it, to be written at once (RFC 7766 §8). */
export function frame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  if (message.length > LONGEST_MESSAGE) {
    throw new RangeError(`Cannot send a message of ${message.length} bytes: 65535 are the most`);
  }
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  framed[0] = message.length >> 8;
  framed[1] = message.length;
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/** Writes all of `data`. */
export async function writeAll(
  stream: Pick<ByteStream, "write">,
  data: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let at = 0; at < data.length;) at += await stream.write(data.subarray(at));
}

/** Reads messages from a stream. */
export class FrameReader {
  readonly #stream: Pick<ByteStream, "read">;

  /** Reads from `stream`, from a place where a length is. */
  constructor(stream: Pick<ByteStream, "read">) {
    this.#stream = stream;
  }

  /** The next message, or undefined at the end, also if that comes amid a message. */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const length = await this.#exactly(LENGTH_BYTES);
    return length && await this.#exactly(length[0]! << 8 | length[1]!);
  }

  async #exactly(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const read = await this.#stream.read(bytes.subarray(at));
      if (read === null) return undefined;
      at += read;
    }
    return bytes;
  }
}
