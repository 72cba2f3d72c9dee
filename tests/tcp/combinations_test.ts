/**
 * Every kind of segment in every state, against a second opinion: what RFC 9293
 * §3.10.7, as RFC 5961 and RFC 1337 have changed it, has to say about it.
 */
import { assertEquals } from "@std/assert";
import { SWAPPED_WRAPS, WRAPS } from "../harness/numbering.ts";
import { FLAG_LETTERS, type TcpSpec } from "../harness/packet_spec.ts";
import { Conversation } from "../harness/script.ts";
import {
  enterState,
  type ReachableState,
  SYNCHRONIZED,
  TIME_WAIT,
  UNSYNCHRONIZED,
} from "../harness/states.ts";
import { encodeSegment } from "../harness/wire.ts";

const WINDOW = 50_000;
/** The right edge of the window that the SYN or SYN-ACK has promised. */
const EDGE = 1 + WINDOW;
/** The largest window that the peer has said it has. */
const PEER_WINDOW = 65_535;
const FLAGS = 1 << FLAG_LETTERS.length;

interface Case {
  readonly flags: string;
  readonly start: number;
  readonly length: number;
  readonly ack: number;
}

/** The state that follows, and the flags of the one segment that is sent in answer, if any. */
interface Verdict {
  readonly state: string;
  readonly answer: string;
}

function judge(state: ReachableState, segment: Case): Verdict {
  if (state.name === "SYN-SENT") return judgeInSynSent(segment);
  const { name, next, una, max, isActive = false } = state;
  const { flags, start, length, ack } = segment;
  const has = (letter: string) => flags.includes(letter);
  const stay = (answer: string): Verdict => ({ state: name, answer });
  const size = length + Number(has("S")) + Number(has("F"));
  const isWaiting = name === "TIME-WAIT";
  const isOpening = name === "SYN-RECEIVED";

  const isOnlySyn = has("S") && !has("R") && !has("F") && !has(".");
  if (isWaiting && isOnlySyn && start > next) return { state: "SYN-RECEIVED", answer: "S." };
  if (isOpening && has("S") && !has("R") && start === 0) { // once more, or the peer's half of two
    if (!isActive || !has(".")) return stay("S.");
    if (ack !== max) return stay("R");
    return { state: has("F") ? "CLOSE-WAIT" : "ESTABLISHED", answer: size > 1 ? "." : "" };
  }

  const isAcceptable = size === 0
    ? next <= start && (start < EDGE || (start === EDGE && !has("R"))) // an ACK may sit at the edge
    : start === next || (start < EDGE && start + size > next);
  if (!isAcceptable) return stay(has("R") ? "" : ".");
  if (has("R")) {
    if (isWaiting) return stay("");
    return start === next ? { state: "CLOSED", answer: "" } : stay(".");
  }
  if (has("S")) return stay(".");
  if (!has(".")) return stay("");
  if (isOpening && ack !== max) return stay("R");
  if (ack > max || ack < una - PEER_WINDOW) return stay(".");

  const acked = ack === max ? AFTER_ACK[name] ?? name : name;
  if (acked === "TIME-WAIT") { // as FreeBSD and Linux do
    return { state: acked, answer: size === 0 && start === next ? "" : "." };
  }
  if (size === 0 || !["ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2"].includes(acked)) {
    return { state: acked, answer: "" };
  }
  const isEnd = has("F") && start <= next;
  return { state: isEnd ? AFTER_FIN[acked]! : acked, answer: "." };
}

const AFTER_ACK: Record<string, string> = {
  "SYN-RECEIVED": "ESTABLISHED",
  "FIN-WAIT-1": "FIN-WAIT-2",
  "CLOSING": "TIME-WAIT",
  "LAST-ACK": "CLOSED",
};
const AFTER_FIN: Record<string, string> = {
  "ESTABLISHED": "CLOSE-WAIT",
  "FIN-WAIT-1": "CLOSING",
  "FIN-WAIT-2": "TIME-WAIT",
};

function judgeInSynSent({ flags, ack }: Case): Verdict {
  const has = (letter: string) => flags.includes(letter);
  const stay = (answer: string): Verdict => ({ state: "SYN-SENT", answer });
  const isAcked = has(".") && ack === 1;
  if (has(".") && !isAcked) return stay(has("R") ? "" : "R");
  if (has("R")) return isAcked ? { state: "CLOSED", answer: "" } : stay("");
  if (!has("S") || (has("F") && !isAcked)) return stay("");
  if (!isAcked) return { state: "SYN-RECEIVED", answer: "S." };
  return { state: has("F") ? "CLOSE-WAIT" : "ESTABLISHED", answer: "." };
}

function flagsOf(bits: number): string {
  return [...FLAG_LETTERS].filter((_, bit) => bits & (1 << bit)).join("");
}

/** All that counts, in full; and each set of flags once where it fits and once with text. */
function* casesFor({ next, una, max }: ReachableState): Generator<Case> {
  const starts = [next, next + 1, next - 1, next - 5, next - 100_000, next + 2 ** 31 - 10];
  starts.push(EDGE - 1, EDGE, EDGE + 1);
  const acks = [una, max, una - 1, max + 1, una - 70_000, max + 2 ** 31 - 10];
  for (let bits = 0; bits < FLAGS; bits++) {
    const flags = flagsOf(bits);
    const isPlain = !/[PUEWA]/.test(flags);
    for (const length of [0, 5]) {
      for (const start of isPlain ? starts : [next]) {
        for (const ack of isPlain && flags.includes(".") ? acks : [max]) {
          yield { flags, start, length, ack };
        }
      }
    }
  }
}

function play(talk: Conversation, state: ReachableState, segment: Case): Verdict {
  const spec: TcpSpec = {
    kind: "tcp",
    flags: [...segment.flags].reduce((bits, letter) => bits | 1 << FLAG_LETTERS.indexOf(letter), 0),
    start: segment.start,
    length: segment.length,
    ack: segment.flags.includes(".") ? segment.ack : undefined,
    window: undefined,
    urgent: segment.flags.includes("U") ? 3 : undefined,
    options: undefined,
    segmentSize: undefined,
    isJunk: false,
  };
  enterState(talk, state);
  talk.inject(encodeSegment(talk.toWire(spec)));
  const answer = talk.takePacket();
  assertEquals(talk.takePacket(), undefined, "more than one answer");
  const verdict = {
    state: talk.connection.info.state,
    answer: answer?.kind === "tcp" ? flagsOf(answer.flags) : "",
  };
  talk.connection.abort();
  while (talk.takePacket());
  return verdict;
}

for (const state of [...UNSYNCHRONIZED, ...SYNCHRONIZED, TIME_WAIT]) {
  const how = state.isActive && state.name !== "SYN-SENT" ? ", reached by our own SYN," : "";
  Deno.test(
    `TCP in ${state.name}${how} does with every kind of segment what the RFC says (Z-01, W-01, R-04, R-05, R-06, R-08, R-10, R-13, F-12)`,
    () => {
      for (const origins of [WRAPS, SWAPPED_WRAPS]) {
        const tcp = { receiveBuffer: WINDOW, maxTimeWait: 2 };
        const talk = new Conversation({ tcp, origins });
        talk.port = 1;
        for (const segment of casesFor(state)) {
          talk.port++;
          const verdict = play(talk, state, segment);
          assertEquals(verdict, judge(state, segment), JSON.stringify(segment));
        }
      }
    },
  );
}
