/**
 * The dialer of targets that have names, and of links that are no devices: `Deno.connect`.
 *
 * @module
 */
import { resetConnection } from "../ffi/sockets.ts";
import type { ByteStream, Dialer, Target } from "./dialer.ts";

/** Connects from the host, as any program there would. */
export const directDialer: Dialer = {
  dial: async ({ hostname, port }: Target, signal: AbortSignal): Promise<ByteStream> => {
    const connection = await Deno.connect({ hostname, port, signal });
    // The guest has its own ideas of what to wait for; a second Nagle would cost it 40 ms.
    connection.setNoDelay(true);
    return new DirectStream(connection);
  },
};

/** A `Deno.TcpConn` that can be reset. */
class DirectStream implements ByteStream {
  readonly #connection: Deno.TcpConn;
  #isClosed = false;

  constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#connection.read(into);
  }

  write(data: Uint8Array<ArrayBuffer>): Promise<number> {
    return this.#connection.write(data);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }

  reset(): void {
    if (this.#isClosed) return;
    resetConnection(this.#connection.localAddr, this.#connection.remoteAddr);
    this.close();
  }
}
