/**
 * Runs a script: event by event, in virtual time.
 *
 *     '<'     time passes until then; the packet goes in
 *     '>'     time passes until a packet comes out, which must be that one, then
 *     call    time passes until then; the result must be that, at once or by its end
 *     `...`   and %{ ... }%: shell and Python, by tables
 *
 * As packetdrill does, it counts relative times from when the event before has
 * happened, and forgives an error of 4 ms or of an eighth of that time.
 *
 * @module
 */
import { encodeReport } from "../../harness/icmp_report.ts";
import {
  formatPacket,
  type IcmpSpec,
  type PacketSpec,
  type TcpSpec,
} from "../../harness/packet_spec.ts";
import { fillPayload } from "../../harness/text.ts";
import { encodeSegment, toWireAddress } from "../../harness/wire.ts";
import { prepareCall } from "./calls.ts";
import { TCP_STATES } from "./constants.ts";
import { compare, join } from "./expectation.ts";
import { format, tryNumber } from "./expression.ts";
import { Mismatch, Unsupported } from "./failure.ts";
import type { SentPacket } from "./host.ts";
import { Machine } from "./machine.ts";
import type { Persona } from "./personas.ts";
import { Python } from "./python.ts";
import type { Call, Script, ScriptEvent } from "./script.ts";
import { runShell } from "./shell.ts";
import type { Outcome } from "./socket.ts";
import { constantOf, tcpInfoField } from "./tcp_info.ts";
import { formatTime, type Micros } from "./time.ts";

/** Of times, unless a script says otherwise. */
const TOLERANCE: Micros = 4000;
/** Of the time since the event before. */
const RELATIVE_TOLERANCE = 0.125;
/** How long a packet is waited for whose time does not matter. */
const PATIENCE: Micros = 86_400e6;
/** The most payload of a packet that goes in. */
const LONGEST = 65_000;
/** How many of the last packets a failure shows. */
const HISTORY = 12;

/** A call that blocks. */
interface Blocked {
  readonly event: ScriptEvent;
  readonly call: Call;
  /** When it is to return. */
  readonly end: Micros;
  readonly tolerance: Micros;
  returned: { readonly outcome: Outcome; readonly at: Micros } | undefined;
}

/** All but the settings that are put back at the end: here they have ended with the script. */
function withoutRestoring(events: readonly ScriptEvent[]): readonly ScriptEvent[] {
  const isSetting = ({ action }: ScriptEvent) =>
    action.kind === "shell" && /^\s*sysctl\s+-w\b/.test(action.text);
  const last = events.findLastIndex((event) => !isSetting(event));
  return last < 0 ? events : events.slice(0, last + 1);
}

/** Runs a script; see the module's description. */
export class Interpreter {
  readonly #script: Script;
  readonly #machine: Machine;
  readonly #python: Python;
  readonly #history: (() => string)[] = [];
  readonly #tolerance: Micros;
  readonly #tick: number;
  #blocked: Blocked | undefined;
  #failure: unknown;

  /** Prepares to run `script`. */
  constructor(script: Script, persona: Persona) {
    this.#script = script;
    const { options } = script;
    this.#tolerance = Number(options.get("tolerance_usecs") ?? TOLERANCE);
    this.#tick = Number(options.get("tcp_ts_tick_usecs") ?? 0);
    this.#machine = new Machine(persona, options, (sent) => this.#noteSent(sent));
    this.#machine.isStrict = options.has("strict_segments");
    this.#python = new Python((name) => this.#lookUp(name));
  }

  /** The last packets, as a script would have them. */
  get history(): readonly string[] {
    return this.#history.map((describe) => describe()); // now that the numbers are known
  }

  /** Virtual time since the script began. */
  get now(): Micros {
    return this.#machine.isRunning ? this.#machine.host.now : 0;
  }

  /**
   * Runs the script; `starts` is told of each event.
   *
   * @param strictEnd Whether nothing may be left unsaid at the end.
   */
  run(starts: (event: ScriptEvent) => void, strictEnd: boolean): void {
    for (const event of withoutRestoring(this.#script.events)) {
      starts(event);
      this.#take(event);
      if (this.#failure) throw this.#failure;
    }
    this.#awaitCall();
    const [left] = this.#machine.isRunning ? this.#machine.host.sent : [];
    if (strictEnd && left) throw new Mismatch(`at the end: unexpected ${this.#describe(left)}`);
  }

  #take(event: ScriptEvent): void {
    const { action, time } = event;
    const base = time.isRelative ? this.now : 0;
    const from = base + time.from;
    const tolerance = Math.max(this.#tolerance, (from - this.now) * RELATIVE_TOLERANCE);
    if (action.kind === "expect") {
      return this.#expect(action.packet, from, base + time.to, tolerance);
    }
    // Settings come before the stack is made, and take no time.
    if (from > this.now) this.#machine.host.runUntil(from);
    if (this.#failure) return;
    switch (action.kind) {
      case "receive":
        return this.#receive(action.packet);
      case "shell":
        return runShell(this.#machine, action.text);
      case "python":
        return this.#python.run(action.text);
      case "call":
        return this.#call(event, action, tolerance);
    }
  }

  #receive(packet: PacketSpec): void {
    const { host } = this.#machine;
    const { now } = host;
    this.#note(() => `${formatTime(now)} < ${formatPacket(packet)}`);
    host.inject(packet.kind === "tcp" ? this.#encode(packet) : this.#encodeIcmp(packet));
  }

  #encode(spec: TcpSpec): Uint8Array {
    const foreign = spec.options?.find(({ kind }) => kind === "foreign");
    if (foreign?.kind === "foreign") {
      throw new Unsupported(`the option ${foreign.name} is not served`);
    }
    if (spec.length > LONGEST) throw new Unsupported(`${spec.length} bytes are in no packet`);
    const flow = this.#machine.flowFor(spec);
    flow.window = spec.window ?? flow.window;
    const payload = new Uint8Array(spec.length);
    fillPayload(spec, payload);
    if (spec.isJunk) payload.forEach((byte, at) => payload[at] = ~byte);
    return encodeSegment({
      source: toWireAddress(this.#machine.peerAddress),
      destination: toWireAddress(this.#machine.ownAddress),
      sourcePort: flow.peerPort,
      destinationPort: flow.ownPort,
      ...flow.numbering.toWire(spec, flow.window),
      payload,
    });
  }

  #encodeIcmp(spec: IcmpSpec): Uint8Array {
    const { flow, ownAddress, peerAddress } = this.#machine;
    if (!flow) throw new Unsupported("ICMP comes before there is a flow");
    const ends = {
      source: toWireAddress(ownAddress),
      destination: toWireAddress(peerAddress),
      sourcePort: flow.ownPort,
      destinationPort: flow.peerPort,
    };
    return encodeReport(spec, ends, flow.numbering);
  }

  #expect(expected: PacketSpec, from: Micros, to: Micros, tolerance: Micros): void {
    const deadline = to === Infinity ? this.now + PATIENCE : to + tolerance;
    const first = this.#takePacket(deadline);
    if (this.#failure) return;
    if (!first) {
      const wanted = `> ${formatPacket(expected)}`;
      throw new Mismatch(`${wanted} has not come by ${formatTime(deadline)}`);
    }
    let actual = this.#toSpec(first, expected);
    const most = expected.kind === "tcp" && !this.#machine.isStrict ? expected.length : 0;
    while (actual.kind === "tcp" && actual.length > 0 && actual.length < most) {
      const next = this.#takePacket(deadline);
      const joined = next && join(actual, this.#toSpec(next, undefined), most);
      if (!joined) break;
      actual = joined;
    }
    const difference = compare(expected, actual, this.#tick, tolerance);
    if (difference) {
      throw new Mismatch(
        `the packet differs in its ${difference}\n  expected > ${formatPacket(expected)}\n` +
          `  but came > ${formatPacket(actual)}`,
      );
    }
    if (to === Infinity) return;
    this.#checkTime("the packet", first.time, from, to, tolerance);
  }

  /** The next packet of the flow; those of flows that the script has done with do not count. */
  #takePacket(deadline: Micros): SentPacket | undefined {
    const { host, flow } = this.#machine;
    for (;;) {
      const sent = host.take(deadline);
      if (!sent || !flow || this.#failure) return sent;
      const segment = "quoted" in sent.wire ? sent.wire.quoted : sent.wire;
      const peerPort = "quoted" in sent.wire ? segment.sourcePort : segment.destinationPort;
      const ownPort = "quoted" in sent.wire ? segment.destinationPort : segment.sourcePort;
      if (peerPort === flow.peerPort && ownPort === flow.ownPort) return sent;
    }
  }

  #toSpec({ wire }: SentPacket, expected: PacketSpec | undefined): PacketSpec {
    const { flow } = this.#machine;
    if ("quoted" in wire || !flow) {
      throw new Mismatch("the stack has sent something that belongs to no flow of the script");
    }
    return flow.numbering.fromWire(wire, expected?.kind === "tcp" ? expected : undefined);
  }

  #call(event: ScriptEvent, call: Call, tolerance: Micros): void {
    this.#awaitCall();
    const { host } = this.#machine;
    const attempt = prepareCall(this.#machine, call);
    const began = this.now;
    const end = event.end === undefined
      ? began
      : event.end + (event.time.isRelative ? began - event.time.from : 0);
    const blocked: Blocked = { event, call, end, tolerance, returned: undefined };
    this.#blocked = blocked;
    this.#machine.wait(() => {
      try {
        const outcome = attempt();
        if (!outcome) return false;
        blocked.returned = { outcome, at: this.now };
      } catch (error) {
        this.#failure = error;
      }
      return true;
    });
    host.settle();
    if (this.#failure) throw this.#failure;
    if (event.end === undefined) this.#awaitCall();
    else if (blocked.returned) this.#checkCall(blocked);
  }

  /** Lets a call return that is under way. */
  #awaitCall(): void {
    const blocked = this.#blocked;
    if (!blocked) return;
    const { host } = this.#machine;
    const isGoingOn = () => !blocked.returned && !this.#failure;
    host.runWhile(isGoingOn, blocked.end + blocked.tolerance);
    host.settle();
    if (this.#failure) throw this.#failure;
    this.#checkCall(blocked);
  }

  #checkCall(blocked: Blocked): void {
    this.#blocked = undefined;
    const { call, returned, end, tolerance } = blocked;
    if (!returned) {
      throw new Mismatch(`${call.name}() has not returned by ${formatTime(end + tolerance)}`);
    }
    const { outcome, at } = returned;
    const is = outcome.error ? `-1 ${outcome.error}` : String(outcome.value);
    const wanted = tryNumber(call.result);
    const wantedError = call.error === "EWOULDBLOCK" ? "EAGAIN" : call.error;
    const isRight = call.result.kind === "ellipsis" ||
      (wanted === outcome.value && (wantedError ?? "") === (outcome.error ?? ""));
    if (!isRight) {
      throw new Mismatch(
        `${call.name}() has returned ${is}, not ${
          [format(call.result), ...(call.error ? [call.error] : [])].join(" ")
        }`,
      );
    }
    this.#checkTime(`the return of ${call.name}()`, at, end, end, tolerance);
  }

  #checkTime(what: string, at: Micros, from: Micros, to: Micros, tolerance: Micros): void {
    if (at >= from - tolerance && at <= to + tolerance) return;
    const wanted = from === to ? formatTime(from) : `${formatTime(from)} to ${formatTime(to)}`;
    throw new Mismatch(`${what} came at ${formatTime(at)} instead of ${wanted}`);
  }

  #lookUp(name: string): number | undefined {
    if (!name.startsWith("tcpi_")) return constantOf(name);
    const { connection, socketUnderTest } = this.#machine;
    if (connection) return tcpInfoField(connection, name);
    if (name === "tcpi_state") return TCP_STATES[socketUnderTest?.listener ? "LISTEN" : "CLOSED"];
    throw new Unsupported(`${name} is asked for before there is a connection`);
  }

  #noteSent(sent: SentPacket): void {
    this.#note(() => `${formatTime(sent.time)} ${this.#describe(sent)}`);
  }

  #describe(sent: SentPacket): string {
    const { flow } = this.#machine;
    if ("quoted" in sent.wire) return `> icmp type ${sent.wire.type} code ${sent.wire.code}`;
    const isOther = sent.wire.destinationPort !== flow?.peerPort;
    if (!flow || isOther) return `> a segment to port ${sent.wire.destinationPort}`;
    return `> ${formatPacket(flow.numbering.fromWire(sent.wire, undefined))}`;
  }

  #note(describe: () => string): void {
    this.#history.push(describe);
    if (this.#history.length > HISTORY) this.#history.shift();
  }
}
