/**
 * What Deno cannot do with the sockets that it made: resetting a connection.
 *
 * Deno does not tell the descriptor of a connection. But a connection is known
 * by its two addresses, and the kernel tells those of a descriptor, so we look
 * at our descriptors until we find it. With 10,000 of them open this is to stay
 * cheap, hence what was seen is remembered by its local port, which is nearly
 * unique; the descriptors that changed lately are looked at before the others;
 * and what is found is checked again before it is used, because descriptors are
 * closed and given out again without our knowledge.
 *
 *     reset   ->   remembered?   ->   empty or changed   ->   all of them
 *                  2 us               at the last look        0.3 us each
 *
 * @module
 */

import { declare } from "./libc.ts";
import { AF_INET, AF_INET6, SOCKADDR_LENGTH, SocketAddress } from "./socket_address.ts";

const calls = declare({
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
});

const wantedLocal = new SocketAddress();
const wantedRemote = new SocketAddress();
const found = new SocketAddress();
const disconnected = new SocketAddress(); // all zero: AF_UNSPEC
const lengthView = new Uint32Array(1);
const length = new Uint8Array(lengthView.buffer);

/** Local port by descriptor, as of the last look at it; 0 or a gap for what is no socket. */
const ports: number[] = [];
/** Descriptor by local port: the inverse, as far as it is unique. */
const descriptors = new Map<number, number>();
/** What had no port, or another one than before, when all were looked at. */
let changing: number[] = [];

/**
 * Resets a TCP connection at once: its peer receives an RST, what was not sent
 * yet is thrown away, and reading from it fails. It remains to be closed.
 *
 * SO_LINGER before closing would not do: Deno's `close` begins with a shutdown,
 * so that the peer sees an orderly end first. connect(2) to no address resets.
 *
 * @param local The connection's own address, `conn.localAddr`.
 * @param remote The address of its peer, `conn.remoteAddr`.
 * @returns Whether this process has a connection with these addresses.
 */
export function resetConnection(local: Deno.NetAddr, remote: Deno.NetAddr): boolean {
  if (!wantedLocal.parse(local) || !wantedRemote.parse(remote)) return false;
  const descriptor = findWanted();
  if (descriptor === undefined) return false;
  return calls().connect(descriptor, disconnected.bytes, SOCKADDR_LENGTH) === 0;
}

function findWanted(): number | undefined {
  const remembered = descriptors.get(wantedLocal.port);
  if (remembered !== undefined && isWanted(remembered)) return remembered;
  for (const descriptor of changing) {
    if (look(descriptor) && isWanted(descriptor)) return descriptor;
  }
  lookAtAll();
  return allWithPort(wantedLocal.port).find(isWanted);
}

/** Looks at every descriptor that there can be. */
function lookAtAll(): void {
  const limit = descriptorLimit();
  changing = [];
  ports.length = limit;
  for (let descriptor = 0; descriptor < limit; descriptor++) {
    const before = ports[descriptor];
    look(descriptor);
    if (!ports[descriptor] || ports[descriptor] !== before) changing.push(descriptor);
  }
}

/** Notes the local port of a descriptor. @returns Whether it is the wanted one's. */
function look(descriptor: number): boolean {
  lengthView[0] = SOCKADDR_LENGTH;
  const isSocket = calls().getsockname(descriptor, found.bytes, length) === 0;
  const isInternet = isSocket && (found.family === AF_INET || found.family === AF_INET6);
  const port = isInternet ? found.port : 0;
  ports[descriptor] = port;
  if (port !== 0) descriptors.set(port, descriptor);
  return port === wantedLocal.port;
}

/** The connections from one local port: one, unless it is a server's. */
function allWithPort(port: number): number[] {
  return ports.flatMap((other, descriptor) => other === port ? [descriptor] : []);
}

/** Whether a descriptor has both wanted addresses now. */
function isWanted(descriptor: number): boolean {
  lengthView[0] = SOCKADDR_LENGTH;
  if (calls().getsockname(descriptor, found.bytes, length) !== 0) return false;
  if (!found.equals(wantedLocal)) return false;
  lengthView[0] = SOCKADDR_LENGTH;
  if (calls().getpeername(descriptor, found.bytes, length) !== 0) return false;
  return found.equals(wantedRemote);
}

/** A number that no descriptor of this process reaches: the size of its table. */
function descriptorLimit(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^FDSize:\s*(\d+)/m.exec(status)?.[1] ?? 0);
}
