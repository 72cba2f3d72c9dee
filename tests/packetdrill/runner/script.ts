/**
 * The grammar of packetdrill's scripts.
 *
 *     script := {'--' name ['=' value]} {event}
 *     event  := time ['...' seconds] action | shell        // the latter: at once
 *     action := ('<' | '>') packet | call | shell | '%{' python '}%'
 *     call   := name '(' list ')' '=' expression [ERRNO] ['(' text ')']
 *     shell  := '`' text '`'
 *
 * Packets are in {@link ../../harness/packet_parser.ts}.
 *
 * @module
 */
import { parsePacket } from "../../harness/packet_parser.ts";
import type { PacketSpec } from "../../harness/packet_spec.ts";
import { Scanner } from "../../harness/scanner.ts";
import { type Expression, parseItems, parseResult } from "./expression.ts";
import { Unsupported } from "./failure.ts";
import { stripSource, titleOf } from "./source.ts";
import { type EventTime, type Micros, parseSeconds, parseTime } from "./time.ts";

/** A system call and what it is to return. */
export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expression[];
  readonly result: Expression;
  /** The name of the error, when it is to fail. */
  readonly error: string | undefined;
}

/** What happens in an event. */
export type Action =
  | { readonly kind: "receive" | "expect"; readonly packet: PacketSpec }
  | { readonly kind: "shell" | "python"; readonly text: string }
  | Call;

/** A line of a script, more or less. */
export interface ScriptEvent {
  readonly line: number;
  readonly text: string;
  readonly time: EventTime;
  /** A call with this blocks, and returns then; seconds count as those of `time` do. */
  readonly end: Micros | undefined;
  readonly action: Action;
}

/** A script. */
export interface Script {
  /** The comment in its first line. */
  readonly title: string | undefined;
  readonly options: ReadonlyMap<string, string>;
  readonly events: readonly ScriptEvent[];
}

const AT_ONCE: EventTime = { isRelative: true, from: 0, to: 0 };

/**
 * Reads the script in the file `name`.
 *
 * @param names For which `#ifdef` holds.
 * @throws {SyntaxError} When it is not in the language.
 * @throws {Unsupported} When it is, and speaks of other protocols.
 */
export function parseScript(name: string, text: string, names: ReadonlySet<string>): Script {
  const scanner = new Scanner(stripSource(text, names), 1, name);
  const options = parseOptions(scanner);
  const events: ScriptEvent[] = [];
  while (!scanner.isAtEnd) events.push(parseEvent(scanner));
  return { title: titleOf(text), options, events };
}

function parseOptions(scanner: Scanner): Map<string, string> {
  const options = new Map<string, string>();
  const next = () => scanner.accept(/--([a-z]\w*)(?:[ \t]*=[ \t]*(?:"([^"\n]*)"|([^\s"]*)))?/y);
  for (let option = next(); option; option = next()) {
    options.set(option[1] ?? "", option[2] ?? option[3] ?? "");
  }
  return options;
}

function parseEvent(scanner: Scanner): ScriptEvent {
  const { line, position } = scanner;
  const time = scanner.accept(/(?=`)/y) ? AT_ONCE : parseTime(scanner);
  const end = scanner.accept(/\.\.\./y) ? parseSeconds(scanner) : undefined;
  const action = parseAction(scanner);
  return { line, text: scanner.textSince(position), time, end, action };
}

function parseAction(scanner: Scanner): Action {
  const direction = scanner.accept(/[<>]/y);
  if (direction) {
    if (scanner.accept(/(?=(?:udp|gre|mpls|ipv4|ipv6)\b)/y)) {
      throw new Unsupported("its packets are not those of TCP");
    }
    const packet = parsePacket(scanner, []);
    return { kind: direction[0] === "<" ? "receive" : "expect", packet };
  }
  const shell = scanner.accept(/`([^`]*)`/y);
  if (shell) return { kind: "shell", text: shell[1] ?? "" };
  const python = scanner.accept(/%\{([\s\S]*?)\}%/y);
  if (python) return { kind: "python", text: python[1] ?? "" };
  return parseCall(scanner);
}

function parseCall(scanner: Scanner): Call {
  const [, name = ""] = scanner.expect(/([a-z]\w*)\s*\(/y, "a packet, a call or code");
  const args = parseItems(scanner, /\)/y).map(({ value }) => value);
  scanner.expect(/=/y, '"="');
  const result = parseResult(scanner);
  const error = scanner.accept(/E[A-Z0-9]+\b/y)?.[0];
  scanner.accept(/\([^)\n]*\)/y);
  return { kind: "call", name, args, result, error };
}
