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

import type { Guest } from "./guest.ts";

/** The signals that are passed on, with their numbers on Linux. */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;
type PassedSignal = keyof typeof NUMBERS;

/** Those that a key of the terminal sends. */
const OF_THE_TERMINAL: readonly PassedSignal[] = ["SIGINT", "SIGQUIT"];

/** A signal came before there was a command to have it. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** What to exit with: 128 and the signal's number. */
  readonly exitStatus: number;

  /** @param signal Which one it was. */
  constructor(readonly signal: PassedSignal) {
    super(`Cannot run the command: ${signal} came before it was started`);
    this.exitStatus = 128 + NUMBERS[signal];
  }
}

/** Takes the signals to this process, until it is closed, and passes them on. */
export class SignalForwarding {
  readonly #interruption = new AbortController();
  readonly #listeners = new Map<PassedSignal, () => void>();
  #guest: Pick<Guest, "kill"> | undefined;

  /** Begins to listen. What is ignored, because of nohup(1) for example, stays ignored. */
  constructor() {
    const ignored = ignoredSignals();
    for (const signal of Object.keys(NUMBERS) as PassedSignal[]) {
      if (ignored >> BigInt(NUMBERS[signal] - 1) & 1n) continue;
      const listener = () => this.#take(signal);
      this.#listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    }
  }

  /** Aborted by a signal before {@linkcode forwardTo}; its reason is an {@linkcode Interrupted}. */
  get interruption(): AbortSignal {
    return this.#interruption.signal;
  }

  /**
   * Passes signals on to `guest` from now on.
   *
   * @throws {Interrupted} If one came before.
   */
  forwardTo(guest: Pick<Guest, "kill">): void {
    this.interruption.throwIfAborted();
    this.#guest = guest;
  }

  /** Lets signals do what they do by default again. May be called again. */
  close(): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    this.#listeners.clear();
  }

  #take(signal: PassedSignal): void {
    if (this.#guest === undefined) this.#interruption.abort(new Interrupted(signal));
    else if (!(OF_THE_TERMINAL.includes(signal) && isInForeground())) this.#guest.kill(signal);
  }
}

/** The signals that this process ignores, one bit each, beginning with signal 1. */
function ignoredSignals(): bigint {
  const status = Deno.readTextFileSync("/proc/self/status");
  return BigInt("0x" + (/^SigIgn:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"));
}

/** Whether our process group is the one that the terminal sends signals to. */
function isInForeground(): boolean {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  // After the name, which is in parentheses and may contain any: state, ppid, pgrp, session, tty, tpgid
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group === foreground;
}
