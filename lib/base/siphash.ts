/**
 * SipHash-2-4, 64 bits: a keyed hash that nobody without the key can predict.
 *
 * JavaScript has no 64-bit integers that are fast, so each of the four words of
 * state is a pair of 32-bit halves.
 *
 * @see {@link https://www.aumasson.jp/siphash/siphash.pdf | Aumasson and Bernstein, 2012}
 * @module
 */
import type { Random } from "./random.ts";

/** A key of 128 bits. */
export class SipHash {
  readonly #key: DataView<ArrayBuffer>;
  #v0h = 0;
  #v0l = 0;
  #v1h = 0;
  #v1l = 0;
  #v2h = 0;
  #v2l = 0;
  #v3h = 0;
  #v3l = 0;
  /** The low 32 bits of the last hash, signed. */
  low = 0;
  /** The high 32 bits of the last hash, signed. */
  high = 0;

  /**
   * Makes a hash with `key`, which is copied.
   *
   * @throws {RangeError} When the key is not 16 bytes long.
   */
  constructor(key: Uint8Array) {
    if (key.length !== 16) {
      throw new RangeError(`Cannot make a SipHash: the key has ${key.length} bytes, not 16`);
    }
    this.#key = new DataView(Uint8Array.from(key).buffer);
  }

  /** A hash with a key from `random`. */
  static withRandomKey(random: Random): SipHash {
    const key = new Uint8Array(16);
    random.fill(key);
    return new SipHash(key);
  }

  /** Hashes `[0, length)` of `message` into {@linkcode low} and {@linkcode high}. */
  update(message: DataView, length: number): void {
    const k = this.#key;
    const k0l = k.getInt32(0, true), k0h = k.getInt32(4, true);
    const k1l = k.getInt32(8, true), k1h = k.getInt32(12, true);
    // "somepseudorandomlygeneratedbytes"
    this.#v0h = k0h ^ 0x736f6d65;
    this.#v0l = k0l ^ 0x70736575;
    this.#v1h = k1h ^ 0x646f7261;
    this.#v1l = k1l ^ 0x6e646f6d;
    this.#v2h = k0h ^ 0x6c796765;
    this.#v2l = k0l ^ 0x6e657261;
    this.#v3h = k1h ^ 0x74656462;
    this.#v3l = k1l ^ 0x79746573;

    const whole = length & ~7;
    for (let at = 0; at < whole; at += 8) {
      this.#compress(message.getInt32(at + 4, true), message.getInt32(at, true));
    }
    let lastLow = 0;
    let lastHigh = length << 24;
    for (let at = whole; at < length; at++) {
      const shift = (at - whole) * 8;
      if (shift < 32) lastLow |= message.getUint8(at) << shift;
      else lastHigh |= message.getUint8(at) << (shift - 32);
    }
    this.#compress(lastHigh, lastLow);

    this.#v2l ^= 0xff;
    for (let round = 0; round < 4; round++) this.#round();
    this.low = this.#v0l ^ this.#v1l ^ this.#v2l ^ this.#v3l;
    this.high = this.#v0h ^ this.#v1h ^ this.#v2h ^ this.#v3h;
  }

  #compress(high: number, low: number): void {
    this.#v3h ^= high;
    this.#v3l ^= low;
    this.#round();
    this.#round();
    this.#v0h ^= high;
    this.#v0l ^= low;
  }

  #round(): void {
    let v0h = this.#v0h, v0l = this.#v0l, v1h = this.#v1h, v1l = this.#v1l;
    let v2h = this.#v2h, v2l = this.#v2l, v3h = this.#v3h, v3l = this.#v3l;
    let h = 0, l = 0;

    l = (v0l >>> 0) + (v1l >>> 0); // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
    v0h = (v0h + v1h + (l > 0xffff_ffff ? 1 : 0)) | 0;
    v0l = l | 0;
    h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
    l = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
    v1h = h;
    v1l = l;
    h = v0h;
    v0h = v0l;
    v0l = h;

    l = (v2l >>> 0) + (v3l >>> 0); // v2 += v3; v3 <<<= 16; v3 ^= v2
    v2h = (v2h + v3h + (l > 0xffff_ffff ? 1 : 0)) | 0;
    v2l = l | 0;
    h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
    v3h = h;
    v3l = l;

    l = (v0l >>> 0) + (v3l >>> 0); // v0 += v3; v3 <<<= 21; v3 ^= v0
    v0h = (v0h + v3h + (l > 0xffff_ffff ? 1 : 0)) | 0;
    v0l = l | 0;
    h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
    v3h = h;
    v3l = l;

    l = (v2l >>> 0) + (v1l >>> 0); // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
    v2h = (v2h + v1h + (l > 0xffff_ffff ? 1 : 0)) | 0;
    v2l = l | 0;
    h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
    l = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
    v1h = h;
    v1l = l;
    h = v2h;
    v2h = v2l;
    v2l = h;

    this.#v0h = v0h;
    this.#v0l = v0l;
    this.#v1h = v1h;
    this.#v1l = v1l;
    this.#v2h = v2h;
    this.#v2l = v2l;
    this.#v3h = v3h;
    this.#v3l = v3l;
  }
}
