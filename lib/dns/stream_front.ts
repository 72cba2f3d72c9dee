/**
 * Queries over TCP.
 *
 * A client may send more before it has its answers, and gets them as they come.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7766 | RFC 7766}
 * @module
 */
import type { ByteStream } from "../forward/dialer.ts";
import type { StreamService } from "../forward/services.ts";
import { frame, FrameReader, writeAll } from "./framing.ts";
import type { NameService } from "./name_service.ts";

/** RFC 7766 §6.2.3 says seconds; a client in the guest comes back at no cost. */
const IDLE_TIMEOUT = 10_000;
const MAX_STREAMS = 64;
/** Queries of one connection at a time; beyond them its TCP window closes. */
const MAX_PIPELINED = 16;

/** Answers queries over TCP; see the module's description. */
export class StreamFront implements StreamService {
  readonly maxStreams: number = MAX_STREAMS;
  readonly #service: NameService;
  readonly #idleTimeout: number;

  /** Puts TCP in front of `service`; it closes idle connections after so many ms. */
  constructor(service: NameService, idleTimeout: number = IDLE_TIMEOUT) {
    this.#service = service;
    this.#idleTimeout = idleTimeout;
  }

  async serve(stream: ByteStream): Promise<void> {
    const reader = new FrameReader(stream);
    const answers = new Set<Promise<void>>();
    let written: Promise<void> = Promise.resolve();
    for (;;) {
      const query = await this.#unlessIdle(reader.next(), stream, () => answers.size > 0);
      if (!query) break;
      const answer = this.#service.answer(query).then((answer) => {
        // One after the other: an answer may take more than one write.
        if (answer) written = written.then(() => this.#write(stream, frame(answer.message)));
        return written;
      }).finally(() => answers.delete(answer));
      answer.catch(() => {}); // reading from the lost connection fails, too
      answers.add(answer);
      if (answers.size >= MAX_PIPELINED) await Promise.race(answers);
    }
    await Promise.all(answers);
  }
  /** Writes all of `data`, unless the client takes too long to read it. */
  async #write(stream: ByteStream, data: Uint8Array<ArrayBuffer>): Promise<void> {
    const timer = setTimeout(
      () => stream.reset ? stream.reset() : stream.close(),
      this.#idleTimeout,
    );
    try {
      await writeAll(stream, data);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the stream while `promise` is pending and, for some time, nothing is going on. */
  async #unlessIdle<T>(
    promise: Promise<T>,
    stream: ByteStream,
    isBusy: () => boolean,
  ): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const start = () => {
      timer = setTimeout(() => isBusy() ? start() : stream.close(), this.#idleTimeout);
    };
    start();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
