/**
 * Signals to headgate are meant for the command that it runs.
 *
 * A terminal sends those of its keys to every process of its foreground group.
 * While we are in that group the command has them already, and must not get
 * them twice; then we only do not die of them before it does.
 *
 * SIGUSR1 is not passed on: it opens Deno's inspector.
 *
 * @module
 */

import { isInForeground } from "../ffi/terminal.ts";
import type { Guest } from "./guest.ts";

/** A signal that is passed on. */
export type PassedSignal = "SIGHUP" | "SIGINT" | "SIGQUIT" | "SIGTERM";

/** Their numbers on Linux. */
const NUMBERS: Readonly<Record<PassedSignal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGTERM: 15,
};

/** Those that a key of the terminal sends. */
const OF_THE_TERMINAL: readonly PassedSignal[] = ["SIGINT", "SIGQUIT"];

/** A signal came while there was no command to have it. */
export class Interrupted extends Error {
  /** Tells it from other errors. */
  override readonly name = "Interrupted";
  /** What to exit with: 128 and the signal's number. */
  readonly exitStatus: number;

  /** Makes the error. @param signal Which one it was. */
  constructor(readonly signal: PassedSignal) {
    super(`Cannot go on: ${signal} came`);
    this.exitStatus = 128 + NUMBERS[signal];
  }
}

/** What becomes of signals to this process: see {@linkcode forwardSignals}. */
export interface SignalForwarding {
  /** Aborted by a signal while there is no guest to have it; its reason is an {@linkcode Interrupted}. */
  readonly abort: AbortSignal;
  /**
   * Passes signals on to `guest` until it has ended.
   *
   * @throws {Interrupted} If one came before.
   */
  forwardTo(guest: Pick<Guest, "kill" | "exited">): void;
  /** Lets signals do what they do by default again. */
  stop(): void;
}

/** Takes the signals to this process. Those that it ignores, because of nohup(1) say, stay ignored. */
export function forwardSignals(): SignalForwarding {
  const controller = new AbortController();
  let kill: Guest["kill"] | undefined;
  const take = (signal: PassedSignal) => {
    if (kill === undefined) controller.abort(new Interrupted(signal));
    else if (!(OF_THE_TERMINAL.includes(signal) && isInForeground())) kill(signal);
  };
  const ignored = ignoredSignals();
  const listeners = (Object.keys(NUMBERS) as PassedSignal[])
    .filter((signal) => !(ignored >> BigInt(NUMBERS[signal] - 1) & 1n))
    .map((signal) => ({ signal, listener: () => take(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return {
    abort: controller.signal,
    forwardTo(guest) {
      controller.signal.throwIfAborted();
      kill = (signal) => guest.kill(signal);
      const forget = () => kill = undefined;
      guest.exited.then(forget, forget);
    },
    stop() {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}

/** The signals that this process ignores, one bit each, beginning with signal 1. */
function ignoredSignals(): bigint {
  const status = Deno.readTextFileSync("/proc/self/status");
  return BigInt("0x" + (/^SigIgn:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"));
}
