/**
 * What the guest sends datagrams to: servers on the host's loopback, in the
 * test's own process.
 *
 * @module
 */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { eventually } from "./machine.ts";

/** A server on a free UDP port of 127.0.0.1; ends with the block that it is declared in. */
export class DatagramServer implements AsyncDisposable {
  /** Datagrams that have come. */
  count = 0;
  readonly #socket: Socket;

  private constructor(serve: (data: Uint8Array, from: RemoteInfo, socket: Socket) => void) {
    this.#socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
    this.#socket.on("message", (data: Uint8Array, from: RemoteInfo) => {
      this.count++;
      serve(data, from, this.#socket);
    });
  }

  /** Starts one that does with each datagram what `serve` says. @default {nothing} */
  static async start(
    serve: (data: Uint8Array, from: RemoteInfo, socket: Socket) => void = () => {},
  ): Promise<DatagramServer> {
    const server = new DatagramServer(serve);
    await new Promise<void>((resolve) => server.#socket.bind(0, "127.0.0.1", resolve));
    return server;
  }

  /** Starts one that sends everything back. */
  static echo(): Promise<DatagramServer> {
    return DatagramServer.start((data, { port, address }, socket) =>
      socket.send(data, port, address)
    );
  }

  /** Where it is. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** Resolves when so many datagrams have come. */
  async untilCount(count: number): Promise<void> {
    await eventually(() => {
      if (this.count < count) throw new Error(`Only ${this.count} of ${count} have come`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/** A UDP port of the host's loopback at which nobody is. */
export async function closedDatagramPort(): Promise<number> {
  await using server = await DatagramServer.start();
  return server.port;
}
