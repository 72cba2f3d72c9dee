/**
 * Sequence numbers: points on a circle of 2^32.
 *
 * At run time a `Seq` is a signed 32-bit integer, which V8 keeps unboxed. To
 * the compiler it is a symbol, because that is the one type on which
 * TypeScript rejects `<`, `+` and `-` alike: comparing two sequence numbers
 * with `<` is the classic TCP bug, and here it does not compile.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.4 | RFC 9293 §3.4}
 * @module
 */

/** A TCP sequence number. `===` works; for anything else use this module. */
export type Seq = symbol & { readonly brand: "Seq" };

/** The sequence number with the low 32 bits of `n`. */
export function toSeq(n: number): Seq {
  return (n | 0) as unknown as Seq;
}

/** The bits of `s` as a signed integer, for a header field or a log line. */
export function seqBits(s: Seq): number {
  return s as unknown as number;
}

/** `s` moved by `n` bytes; `n` may be negative. */
export function seqAdd(s: Seq, n: number): Seq {
  return toSeq(seqBits(s) + n);
}

/** Bytes from `b` forward to `a`; negative when `a` is before `b`. */
export function seqDiff(a: Seq, b: Seq): number {
  return (seqBits(a) - seqBits(b)) | 0;
}

/** Whether `a` is before `b`. */
export function seqBefore(a: Seq, b: Seq): boolean {
  return seqDiff(a, b) < 0;
}

/** Whether `a` is before `b` or equal to it. */
export function seqBeforeOrAt(a: Seq, b: Seq): boolean {
  return seqDiff(a, b) <= 0;
}

/** The later of `a` and `b`. */
export function seqMax(a: Seq, b: Seq): Seq {
  return seqBefore(a, b) ? b : a;
}
