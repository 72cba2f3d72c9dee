/**
 * Ephemeral ports: which one a connection of ours gets that asks for none.
 *
 *     port = first + (F(own address, target, secret) + count[G(...)]) mod range
 *
 * The double-hash algorithm: nobody outside can tell the next port of another
 * pair of ends, and one pair goes through the whole range before a port comes
 * again, so that TIME-WAIT is over by then.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6056#section-3.3.4 | RFC 6056 §3.3.4}
 * @module
 */
import type { Random } from "../base/random.ts";
import { SipHash } from "../base/siphash.ts";
import { type IpAddress, writeAddress } from "../ip/address.ts";
import type { Endpoint } from "../ip/flow.ts";

/** Where a connection of ours comes from. */
export interface ClientEndpoint {
  /** An address of the stack's. */
  readonly address: IpAddress;
  /** The port; 0 is as good as none. @default an ephemeral one, by RFC 6056 */
  readonly port?: number | undefined;
}

/** Whether `port` is one: 1 to 65535. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= 0xffff;
}

/** The range of Linux (`ip_local_port_range`). */
export const FIRST_EPHEMERAL_PORT = 32_768;
/** The last of the range. */
export const LAST_EPHEMERAL_PORT = 60_999;

const COUNT = LAST_EPHEMERAL_PORT - FIRST_EPHEMERAL_PORT + 1;
/** RFC 6056 §3.3.4 suggests ten or more; each keeps others from seeing how much is going on. */
const COUNTERS = 64;
const MESSAGE_LENGTH = 34;

/** Chooses ephemeral ports; see the module's description. */
export class EphemeralPorts {
  readonly #hash: SipHash;
  readonly #message = new DataView(new ArrayBuffer(MESSAGE_LENGTH));
  readonly #counters = new Uint32Array(COUNTERS);

  /** Takes its secret from `random`. */
  constructor(random: Random) {
    this.#hash = SipHash.withRandomKey(random);
  }

  /** The next port from `own` to `target` that `isFree`, or undefined when none is. */
  next(own: IpAddress, target: Endpoint, isFree: (port: number) => boolean): number | undefined {
    writeAddress(this.#message, 0, own);
    writeAddress(this.#message, 16, target.address);
    this.#message.setUint16(32, target.port);
    this.#hash.update(this.#message, MESSAGE_LENGTH);
    const offset = this.#hash.low >>> 0; // F
    const counter = (this.#hash.high >>> 0) % COUNTERS; // G: the other half is as good as a hash
    for (let tried = 0; tried < COUNT; tried++) {
      const count = this.#counters[counter]!++; // `counter` is below COUNTERS
      const port = FIRST_EPHEMERAL_PORT + (offset + count) % COUNT;
      if (isFree(port)) return port;
    }
    return undefined;
  }
}
