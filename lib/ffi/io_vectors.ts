/**
 * Where the parts of something are that the kernel reads or writes in one call:
 * an array of struct iovec (readv(2)).
 *
 * An address costs a BigInt when Deno tells it, so each memory is asked for once:
 * it does not move. As a number it is exact, being less than 2^53.
 *
 * @module
 */

// struct iovec: address and length, 64 bits each
const LENGTH = 8;
const VECTOR_LENGTH = 16;
const HIGH = 4;
const HIGH_UNIT = 2 ** 32;

const addresses = new WeakMap<ArrayBuffer, number>();

/** Parts of memory; see the module's description. Whoever calls the kernel keeps it alive. */
export class IoVectors {
  /** The array as the kernel has it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many parts there are. */
  count = 0;
  readonly #view: DataView<ArrayBuffer>;

  /** Makes an empty array for `most` parts. */
  constructor(most: number) {
    this.bytes = new Uint8Array(most * VECTOR_LENGTH);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Forgets all parts. */
  clear(): void {
    this.count = 0;
  }

  /** Adds `length` bytes of `memory` from `start` on. */
  add(memory: Uint8Array<ArrayBuffer>, start: number, length: number): void {
    const at = this.count++ * VECTOR_LENGTH;
    const address = addressOf(memory.buffer) + memory.byteOffset + start;
    this.#view.setUint32(at, address % HIGH_UNIT, true);
    this.#view.setUint32(at + HIGH, address / HIGH_UNIT, true);
    this.#view.setUint32(at + LENGTH, length, true); // its upper half stays 0
  }
}

function addressOf(memory: ArrayBuffer): number {
  let address = addresses.get(memory);
  if (address === undefined) {
    address = Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(memory))));
    addresses.set(memory, address);
  }
  return address;
}
