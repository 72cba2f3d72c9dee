/**
 * Initial sequence numbers and timestamp offsets.
 *
 *     ISN = M + F(own address, own port, peer address, peer port, secret)
 *
 * M is a clock that ticks every 64 ns and so wraps after 275 s, longer than the
 * 2 MSL for which a connection's numbers may linger: a new connection between
 * the same ends starts above the old one. F keeps outsiders from guessing.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6528#section-3 | RFC 6528 §3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7323#section-5.4 | RFC 7323 §5.4}
 * @module
 */
import type { Millis } from "../base/clock.ts";
import { jenkins } from "../base/jenkins.ts";
import type { Random } from "../base/random.ts";
import { SipHash } from "../base/siphash.ts";
import { type IpAddress, isIpv4, writeAddress } from "../ip/address.ts";
import type { Endpoint } from "../ip/flow.ts";
import { type Seq, toSeq } from "./seq.ts";

/**
 * Which function F is: SipHash-2-4 over 128 secret bits, or Jenkins's
 * one-at-a-time over 32, which is weaker and offered for comparison with gVisor.
 */
export type IsnAlgorithm = "siphash" | "jenkins";

/** Chooses the numbers at which connections start. */
export interface IsnGenerator {
  /** The initial sequence number of a connection made at `now`. */
  initialSequence(own: Endpoint, peer: Endpoint, now: Millis): Seq;
  /** What is added to the clock in the timestamps to `peer`; signed 32 bits. */
  timestampOffset(own: IpAddress, peer: IpAddress): number;
}

const TICKS_PER_MILLI = 15_625; // of 64 ns

/** M: the low 32 bits of the clock, in ticks of 64 ns. */
export function isnClock(now: Millis): number {
  return Math.floor(now * TICKS_PER_MILLI) % 2 ** 32;
}

/** Makes an {@linkcode IsnGenerator} with secrets from `random`. */
export function isnGenerator(algorithm: IsnAlgorithm, random: Random): IsnGenerator {
  const offsets = SipHash.withRandomKey(random);
  const hash = algorithm === "siphash" ? sipIsn(SipHash.withRandomKey(random)) : jenkinsIsn(random);
  const message = new DataView(new ArrayBuffer(MESSAGE_LENGTH));
  return {
    initialSequence: (own, peer, now) => toSeq(hash(own, peer) + isnClock(now)),
    timestampOffset: (own, peer) => {
      writeAddress(message, 0, own);
      writeAddress(message, 16, peer);
      offsets.update(message, 32);
      return offsets.low;
    },
  };
}

type IsnHash = (own: Endpoint, peer: Endpoint) => number;

const MESSAGE_LENGTH = 36;

/** SipHash over address 16, address 16, port, port: the low 32 bits. */
export function sipIsn(key: SipHash): IsnHash {
  const message = new DataView(new ArrayBuffer(MESSAGE_LENGTH));
  return (own, peer) => {
    writeAddress(message, 0, own.address);
    writeAddress(message, 16, peer.address);
    message.setUint16(32, own.port);
    message.setUint16(34, peer.port);
    key.update(message, MESSAGE_LENGTH);
    return key.low;
  };
}

function jenkinsIsn(random: Random): IsnHash {
  const seed = new Uint8Array(4);
  random.fill(seed);
  return seededJenkinsIsn(new DataView(seed.buffer).getInt32(0));
}

/** gVisor's layout: addresses in their own length, ports little-endian. */
export function seededJenkinsIsn(seed: number): IsnHash {
  const message = new DataView(new ArrayBuffer(MESSAGE_LENGTH));
  return (own, peer) => {
    let at = writeShortAddress(message, 0, own.address);
    at = writeShortAddress(message, at, peer.address);
    message.setUint16(at, own.port, true);
    message.setUint16(at + 2, peer.port, true);
    return jenkins(seed, message, at + 4);
  };
}

function writeShortAddress(message: DataView, at: number, address: IpAddress): number {
  if (isIpv4(address)) {
    message.setInt32(at, address.w3);
    return at + 4;
  }
  writeAddress(message, at, address);
  return at + 16;
}
