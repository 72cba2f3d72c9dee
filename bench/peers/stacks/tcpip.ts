/**
 * Two stacks of npm's `tcpip`, which is lwIP in WebAssembly, joined by their TUN interfaces.
 *
 * Everything in it is streams and promises. Its segments carry 1460 bytes and its windows four of
 * them, whatever the link: its largest packets are those of 1500 bytes.
 *
 * @module
 */
import type { Join } from "./joined.ts";

/** The version whose interface this is. */
export const TCPIP_VERSION = "0.3.6";

/** As much of the package as is used here. */
export interface Tcpip {
  createStack(options: { readonly initializeLoopback: boolean }): Promise<TcpipStack>;
}

/** A stack of the package. */
export interface TcpipStack {
  createTunInterface(options: { readonly ip: string }): Promise<Streams>;
  listenTcp(options: { readonly port: number }): Promise<AsyncIterable<TcpipConnection>>;
  connectTcp(options: { readonly host: string; readonly port: number }): Promise<TcpipConnection>;
}

/** Where packets, or bytes, come from and go to. */
export interface Streams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** A connection of the package. */
export interface TcpipConnection extends Streams {
  close(): Promise<void>;
}

/** Takes the package from Deno's cache. No literal: else every check would want to have it. */
export async function importTcpip(): Promise<Tcpip> {
  const specifier: string = `npm:tcpip@${TCPIP_VERSION}`;
  return await import(specifier);
}

const SERVER = "10.0.2.2", CLIENT = "10.0.2.100", PORT = 80;

/** What joins two stacks of the package. */
export function joinerOf({ createStack }: Tcpip): Join {
  return async () => {
    const options = { initializeLoopback: false };
    const [left, right] = [await createStack(options), await createStack(options)];
    const leftLink = await left.createTunInterface({ ip: `${CLIENT}/24` });
    const rightLink = await right.createTunInterface({ ip: `${SERVER}/24` });
    void leftLink.readable.pipeTo(rightLink.writable);
    void rightLink.readable.pipeTo(leftLink.writable);
    const open = opener(left, (await right.listenTcp({ port: PORT }))[Symbol.asyncIterator]());
    const [client, server] = await open();
    const byte = new Uint8Array(1), answer = new Uint8Array(1);
    return {
      async pass(data, into) {
        await Promise.all([client.write(data), server.fill(into)]);
      },
      async ask() {
        await Promise.all([client.write(byte), server.fill(answer)]);
        await Promise.all([server.write(byte), client.fill(answer)]);
      },
      async connect() {
        const [one, other] = await open();
        await Promise.all([one.write(byte), other.fill(answer)]);
        await one.close();
        await other.readEnd();
        await other.close();
      },
    };
  };
}

/** What opens connections from `client` to the listener whose connections are `accepted`. */
function opener(
  client: TcpipStack,
  accepted: AsyncIterator<TcpipConnection>,
): () => Promise<readonly [client: End, server: End]> {
  // Asked for long before: a connection that comes while nobody asks may be lost.
  let next = accepted.next();
  return async () => {
    const [connection, { value, done }] = await Promise.all([
      client.connectTcp({ host: SERVER, port: PORT }),
      next,
    ]);
    if (done) throw new Error("it accepts no more connections");
    next = accepted.next();
    return [new End(connection), new End(value)];
  };
}

/** An end of a connection. */
class End {
  readonly #connection: TcpipConnection;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(connection: TcpipConnection) {
    this.#connection = connection;
    this.#reader = connection.readable.getReader();
    this.#writer = connection.writable.getWriter();
  }

  write(data: Uint8Array): Promise<void> {
    return this.#writer.write(data);
  }

  /** Reads until `into` is full. */
  async fill(into: Uint8Array): Promise<void> {
    for (let read = 0; read < into.length;) {
      const { value } = await this.#reader.read();
      if (!value) throw new Error(`the connection ends after ${read} of ${into.length} bytes`);
      if (value.length > into.length - read) throw new Error("more arrives than was sent");
      into.set(value, read);
      read += value.length;
    }
  }

  /** Waits until the peer has closed. */
  async readEnd(): Promise<void> {
    const { done } = await this.#reader.read();
    if (!done) throw new Error("more arrives than was sent");
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
