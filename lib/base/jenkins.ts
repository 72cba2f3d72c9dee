/**
 * Jenkins's one-at-a-time hash, as gVisor had it until 2023.
 *
 * Fast, but easily reversed: who sees a few outputs can find the seed. Not for
 * anything that must be secret.
 *
 * @see {@link http://www.burtleburtle.net/bob/hash/doobs.html | Jenkins, 1997}
 * @module
 */

/** Hashes `[0, length)` of `message`; returns 32 bits, signed. */
export function jenkins(seed: number, message: DataView, length: number): number {
  let hash = seed | 0;
  for (let at = 0; at < length; at++) {
    hash = (hash + message.getUint8(at)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) | 0;
}
