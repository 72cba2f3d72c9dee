/**
 * Runs the text of a script, and says what became of it.
 *
 * @module
 */
import { Mismatch, Unsupported } from "./failure.ts";
import { Interpreter } from "./interpreter.ts";
import { type Persona, PERSONAS } from "./personas.ts";
import type { Verdict } from "./report.ts";
import { parseScript, type ScriptEvent } from "./script.ts";
import { formatTime } from "./time.ts";

/** How to run a script. */
export interface RunOptions {
  /** The system that scripts are for. @default what each looks like */
  readonly persona?: Persona | undefined;
  /** Whether a packet that nobody expects at the end is a failure; packetdrill does not look. */
  readonly strictEnd: boolean;
}

/** Options of scripts that count. */
const OPTIONS: ReadonlySet<string> = new Set([
  ...["ip_version", "mtu", "local_ip", "remote_ip", "persona"],
  ...["tolerance_usecs", "tcp_ts_tick_usecs", "strict_segments"],
]);

interface ReadingOptions extends RunOptions {
  readonly persona: Persona;
}

/** Settings that only BSD has, and the name that its readings have. */
const LOOKS_LIKE_FREEBSD = /\b(?:net\.inet|kern\.ipc)\.|^\s*#\s*ifn?def\s+FreeBSD\b/m;

/**
 * Runs the script in `path`, in each of the readings that its `#ifdef`s have, until one passes.
 * One with an option `--persona=NAME` is for that system, whatever `options` say.
 */
export function runText(path: string, text: string, options: RunOptions): Verdict {
  const name = /^(?:--\S+[ \t]+)*--persona=(\w+)/m.exec(text)?.[1];
  const persona = name === undefined ? options.persona ?? guess(text) : PERSONAS[name];
  if (!persona) return { kind: "skip", reason: `there is no persona "${name}"` };
  return runReadings(path, text, { ...options, persona });
}

function guess(text: string): Persona | undefined {
  return PERSONAS[LOOKS_LIKE_FREEBSD.test(text) ? "freebsd" : "linux"];
}

function runReadings(path: string, text: string, options: ReadingOptions): Verdict {
  const { definitions } = options.persona;
  const branches = /^\s*#\s*if/m.test(text);
  const readings = branches ? definitions : definitions.slice(0, 1);
  let first: Verdict | undefined;
  for (const names of readings) {
    const verdict = runReading(path, text, names, options);
    if (verdict.kind === "pass") {
      const reading = branches ? [`with ${[...names].join(", ")}`] : [];
      return { ...verdict, notes: [...reading, ...verdict.notes] };
    }
    first ??= verdict;
  }
  return first ?? { kind: "skip", reason: "it has no reading" };
}

function runReading(
  path: string,
  text: string,
  names: ReadonlySet<string>,
  { persona, strictEnd }: ReadingOptions,
): Verdict {
  let event: ScriptEvent | undefined;
  let interpreter: Interpreter | undefined;
  try {
    const script = parseScript(path, text, names);
    interpreter = new Interpreter(script, persona);
    interpreter.run((next) => event = next, strictEnd);
    const ignored = [...script.options.keys()].filter((option) => !OPTIONS.has(option));
    return { kind: "pass", notes: ignored.map((option) => `the option --${option} is ignored`) };
  } catch (error) {
    const where = event ? `line ${event.line}: ` : "";
    if (error instanceof Unsupported) return { kind: "skip", reason: where + error.message };
    if (error instanceof SyntaxError) return { kind: "fail", reason: error.message, details: [] };
    const [reason = "", ...more] = explain(error).split("\n");
    return {
      kind: "fail",
      reason: where + reason,
      details: [
        ...more,
        ...(event ? [`in        ${event.text.split("\n", 1)}`] : []),
        ...(interpreter
          ? [`at        ${formatTime(interpreter.now)}, after`, ...interpreter.history]
          : []),
      ],
    };
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What the harness asserts of every packet says enough; what is thrown elsewhere is a bug.
  const isExpected = error instanceof Mismatch || error.name === "AssertionError";
  return isExpected ? error.message : `a bug: ${error.stack ?? error.message}`;
}
