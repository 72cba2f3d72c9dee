/**
 * The line between headgate and the script that sets a guest up.
 *
 * Each end of a socket pair is one descriptor. The script reports on lines that
 * begin with "@". Its standard error goes here too, and that of the programs it
 * runs, so that whatever else arrives is why the set-up failed, if it did. When
 * either side ends, for whatever reason, the other sees the end of the line.
 *
 * @module
 */

import { checked, declare, libc } from "../ffi/libc.ts";
import { untilReadable } from "../ffi/poll.ts";

const calls = declare({
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SHUT_RDWR = 2;

/** Our end of the line. */
export class ControlSocket {
  /** The script's end: a descriptor to be handed to it and then closed with {@linkcode handOver}. */
  readonly theirs: number;
  readonly #ours: number;
  readonly #decoder = new TextDecoder();
  readonly #details: string[] = [];
  #received = "";
  #theirsIsOpen = true;
  #oursIsOpen = true;

  /** @throws {SystemError} If this process may have no more descriptors. */
  constructor() {
    const pair = new Int32Array(2);
    const bytes = new Uint8Array(pair.buffer);
    const result = calls().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, bytes);
    checked("make a control socket", "socketpair", result);
    [this.#ours, this.theirs] = [pair[0]!, pair[1]!]; // an array of two
  }

  /** What has arrived besides reports: one text of what went wrong, or an empty one. */
  get details(): string {
    return this.#details.join("; ");
  }

  /** Closes the script's end here, now that the script has it. */
  handOver(): void {
    if (this.#theirsIsOpen) libc().close(this.theirs);
    this.#theirsIsOpen = false;
  }

  /**
   * Waits for the next report.
   *
   * @param timeout Milliseconds.
   * @returns Its words, or undefined when the script has ended or took too long.
   */
  async report(timeout: number): Promise<readonly string[] | undefined> {
    const bytes = new Uint8Array(4096);
    while (true) {
      const end = this.#received.indexOf("\n");
      if (end >= 0) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 1);
        if (line.startsWith("@")) return line.slice(1).split(" ");
        if (line !== "") this.#details.push(line);
      } else {
        if (!await untilReadable(this.#ours, timeout)) {
          this.#details.push(`no answer in ${timeout} ms`);
          return undefined;
        }
        const length = libc().read(this.#ours, bytes, bytes.length);
        if (length <= 0) return undefined;
        this.#received += this.#decoder.decode(bytes.subarray(0, length), { stream: true });
      }
    }
  }

  /** Lets the script go on. Of no effect after {@linkcode close}. */
  send(word: string): void {
    if (!this.#oursIsOpen) return;
    const bytes = new TextEncoder().encode(word + "\n");
    libc().write(this.#ours, bytes, bytes.length);
  }

  /** Ends the line for both sides; a pending {@linkcode report} returns. Remains to be closed. */
  end(): void {
    if (this.#oursIsOpen) calls().shutdown(this.#ours, SHUT_RDWR);
  }

  /** Closes our end. May be called again. */
  close(): void {
    this.handOver();
    if (this.#oursIsOpen) libc().close(this.#ours);
    this.#oursIsOpen = false;
  }
}
