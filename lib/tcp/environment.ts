/**
 * What TCP gets from the stack that it is part of.
 *
 * @module
 */
import type { Random } from "../base/random.ts";
import type { Segment } from "./header.ts";
import type { IsnGenerator } from "./isn.ts";
import type { FlowRequest, Unreachable } from "./request.ts";

/** What TCP must know of its surroundings. */
export interface TcpEnvironment {
  /** The longest IP packet that the link carries, in bytes. */
  readonly mtu: number;
  /** Whether the link completes checksums. */
  readonly checksumOffload: boolean;
  /** The largest payload of a super-segment, or 0 when the link takes none. */
  readonly maxSegmentation: number;
  /**
   * Whether the link takes a payload from where it is; it must complete checksums, too, as
   * nobody else sees the payload. @default {false}
   */
  readonly gathers?: boolean;
  /** Where secrets come from. @default the system's source */
  readonly random?: Random;
  /** Initial sequence numbers; for tests. @default {@linkcode isnGenerator} */
  readonly isn?: IsnGenerator;
  /** Answers a SYN with an ICMP error. */
  readonly unreachable?: (request: FlowRequest, syn: Segment, what: Unreachable) => void;
}
