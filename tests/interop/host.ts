/**
 * What the guest talks to: servers on the host's loopback, in the test's own
 * process.
 *
 * @module
 */

/** A server on a free port of a loopback address; ends with the block that it is declared in. */
export class HostServer implements AsyncDisposable {
  /** The connections so far. */
  readonly connections: Deno.TcpConn[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #served: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  /** Serves every connection with `serve`, which need not close it. */
  constructor(serve: (connection: Deno.TcpConn) => Promise<void>, hostname = "127.0.0.1") {
    this.#listener = Deno.listen({ hostname, port: 0, tcpBacklog: 4096 });
    this.#accepting = this.#accept(serve);
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Resolves when all connections so far have been served; rejects if one could not be. */
  async served(): Promise<void> {
    await Promise.all(this.#served);
  }

  async #accept(serve: (connection: Deno.TcpConn) => Promise<void>): Promise<void> {
    for (;;) {
      const connection = await this.#next();
      if (!connection) return;
      this.connections.push(connection);
      const served = serve(connection).finally(() => close(connection));
      served.catch(() => {}); // for who waits for it
      this.#served.push(served);
    }
  }

  /** The next connection, until the listener is closed. */
  async #next(): Promise<Deno.TcpConn | undefined> {
    for (;;) {
      try {
        return await this.#listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return undefined;
        // One that was reset before it was accepted is none.
        if (!(error instanceof Deno.errors.NotConnected)) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.connections) close(connection);
    await Promise.allSettled(this.#served);
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // it was closed already
  }
}

/** A port of the host's loopback on which nobody listens. */
export function closedPort(hostname = "127.0.0.1"): number {
  const listener = Deno.listen({ hostname, port: 0 });
  listener.close();
  return listener.addr.port;
}

/** Reads to the end; `take` gets each piece, which it may not keep. */
export async function readAll(
  connection: Deno.TcpConn,
  take: (piece: Uint8Array<ArrayBuffer>) => void = () => {},
): Promise<number> {
  const buffer = new Uint8Array(1 << 18);
  let total = 0;
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return total;
    total += count;
    take(buffer.subarray(0, count));
  }
}

/** Reads to the end, which must come soon, as text. */
export async function readText(connection: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  await readAll(connection, (piece) => text += decoder.decode(piece, { stream: true }));
  return text;
}

/** Writes all of `data`. */
export async function writeAll(
  connection: Deno.TcpConn,
  data: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (let at = 0; at < data.length;) at += await connection.write(data.subarray(at));
}

/** A server of HTTP that answers everything with `body`. */
export function pageServer(body: Uint8Array<ArrayBuffer>, hostname?: string): HostServer {
  return new HostServer(async (connection) => {
    const buffer = new Uint8Array(4096);
    const decoder = new TextDecoder();
    for (let request = ""; !request.includes("\r\n\r\n");) {
      const count = await connection.read(buffer);
      if (count === null) return;
      request += decoder.decode(buffer.subarray(0, count));
    }
    const head = `HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
    await writeAll(connection, new TextEncoder().encode(head));
    await writeAll(connection, body);
    await connection.closeWrite();
    await readAll(connection);
  }, hostname);
}
