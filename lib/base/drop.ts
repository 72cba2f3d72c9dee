/**
 * Why packets are dropped.
 *
 * Input from the network never throws: whoever refuses a packet returns a
 * reason, and the stack counts it. What is not counted cannot be debugged.
 *
 * @module
 */

/** Why a packet was dropped. The value is the index of its counter. */
export const Drop = {
  /** Not dropped. */
  None: 0,
  /** Shorter than its headers say, or than a header is. */
  Truncated: 1,
  /** A field has a value that the protocol does not allow. */
  Malformed: 2,
  /** An IP, TCP, UDP or ICMP checksum is wrong. */
  BadChecksum: 3,
  /** Neither IPv4 nor any other version that is registered. */
  UnknownVersion: 4,
  /** An IP protocol that nobody has registered. */
  UnknownProtocol: 5,
  /** A fragment where none can be: quoted in an ICMP error, but not the first, or in another one. */
  Fragment: 6,
  /** A source route (RFC 1122 §3.2.1.8). */
  SourceRoute: 7,
  /** A source address or port that cannot be a client's (RFC 1122 §3.2.1.3). */
  InvalidSource: 8,
  /** A destination address or port that cannot be a target's. */
  InvalidDestination: 9,
  /** A TCP segment of no known flow; it was answered with a reset unless it was one. */
  NoFlow: 10,
  /** A TCP segment with a combination of flags that its state does not take. */
  InvalidFlags: 11,
  /** Outside the receive window (RFC 9293 §3.10.7.4, first). */
  OutOfWindow: 12,
  /** An acknowledgment of what was never sent, or is long gone (RFC 5961 §5). */
  UnacceptableAck: 13,
  /** A timestamp older than one seen before (RFC 7323 §5). */
  OldTimestamp: 14,
  /** A reset that does not hit the next sequence number (RFC 5961 §3). */
  UnacceptableReset: 15,
  /** A SYN on a synchronized connection (RFC 5961 §4). */
  UnexpectedSyn: 16,
  /** Text that was received before. */
  Duplicate: 17,
  /** A SYN while as many flows as allowed wait for an answer. */
  TooManyRequests: 18,
  /** A SYN while as many connections as allowed exist, or a datagram of one flow too many. */
  TooManyFlows: 19,
  /** A retransmitted SYN whose first copy still waits for its answer. */
  RequestPending: 20,
  /** More text out of order than is kept. */
  ReassemblyFull: 21,
  /** A reset or an ICMP error that was not sent because too many are owed. */
  TooManyReplies: 22,
  /** A packet of ours that the link refused for good. */
  LinkRefused: 23,
  /** An IPv6 option that asks those who do not know it to drop the packet (RFC 8200 §4.2). */
  UnknownOption: 24,
  /** An ICMP message of a kind that nobody here needs (RFC 1122 §3.2.2). */
  IgnoredMessage: 25,
  /** An ICMP error about nothing that we have in flight (RFC 5927 §4.1). */
  UnrelatedError: 26,
  /** A SYN, or the ACK of a handshake, while as many connections as allowed wait to be accepted. */
  ListenerFull: 27,
  /** The bare ACK of a handshake whose listener waits for data. */
  Deferred: 28,
  /** Text that fits into the window, but not into the memory of the stack. */
  OutOfMemory: 29,
  /** An Ethernet frame for somebody else, or one that says it is from us. */
  ForeignFrame: 30,
  /** An Ethernet frame of a type that nobody here takes; one with a VLAN tag is such. */
  UnknownEtherType: 31,
  /** Somebody else says that an address of ours is theirs (RFC 5227 §2.4; RFC 4862 §5.4.4). */
  AddressConflict: 32,
  /** An answer to what was not asked (RFC 826; RFC 4861 §7.2.5), or a stranger's datagram. */
  Unsolicited: 33,
  /** A packet of ours for a neighbor that does not say where it is (RFC 4861 §7.2.2). */
  Unresolved: 34,
  /** A datagram while too many wait to be taken. */
  QueueFull: 35,
  /** A packet that may not be passed on any further: its hop limit is used up. */
  HopLimitExceeded: 36,
  /** An echo request while as many as allowed wait for an answer. */
  TooManyEchoes: 37,
  /** A fragment of a datagram of which others have overlapped, or contradict each other. */
  OverlappingFragment: 38,
  /** A datagram of which something was missing for too long (RFC 1122 §3.3.2; RFC 8200 §4.5). */
  FragmentTimeout: 39,
  /** A datagram of which something was missing, and which gave way to others. */
  FragmentEvicted: 40,
} as const;
/** One of the reasons in {@linkcode Drop}. */
export type Drop = typeof Drop[keyof typeof Drop];

/** Counts drops by reason. */
export class DropCounters {
  readonly #counts: Float64Array = new Float64Array(Object.keys(Drop).length);

  /** Adds one to the counter of `reason`. */
  count(reason: Drop): void {
    this.#counts[reason]!++; // every reason has a counter: see the constructor
  }

  /** How often `reason` was counted. */
  of(reason: Drop): number {
    return this.#counts[reason]!;
  }

  /** The counters that are not zero, by name. */
  snapshot(): Record<string, number> {
    const entries = Object.entries(Drop)
      .filter(([, reason]) => reason !== Drop.None)
      .map(([name, reason]): [string, number] => [name, this.of(reason)]);
    return Object.fromEntries(entries.filter(([, count]) => count > 0));
  }
}
