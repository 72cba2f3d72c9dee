/**
 * The life of a guest: set up, served, gone.
 *
 *     programs make namespaces and the link ----+
 *     meanwhile, what serves it is loaded ------+---> served ---> ended
 *
 * A stack takes as long to be loaded as a guest to be set up, and these happen
 * in different processes. So this file imports nothing of what serves a guest.
 *
 * @module
 */
import { type Guest, type GuestOptions, prepareGuest } from "./guest.ts";
import { forwardSignals, type SignalForwarding } from "./signals.ts";

/** Starts a guest that is set up, and serves it until its end. */
export type Serve<T> = (guest: Guest, signals: SignalForwarding) => Promise<T>;

/**
 * Sets a guest up and has it served. Signals that ask this process to end are
 * the command's meanwhile.
 *
 * @param load Gives what serves the guest; begins while the guest is set up.
 * @returns What serving it has yielded.
 * @throws {SetupError} When the guest cannot be set up; then nothing has run.
 */
export async function withGuest<T>(
  options: GuestOptions,
  load: () => Promise<Serve<T>>,
): Promise<T> {
  const signals = forwardSignals();
  const preparing = prepareGuest({ ...options, signal: signals.abort });
  try {
    const [guest, serve] = await Promise.all([preparing, load()]);
    return await serve(guest, signals);
  } finally {
    await preparing.then(end, () => {}); // why it failed has been thrown above
    signals.stop();
  }
}

async function end(guest: Guest): Promise<void> {
  guest.close();
  await guest.exited;
}
