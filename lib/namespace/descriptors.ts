/**
 * How many files this process may have open. Each port of the guest that sends
 * datagrams takes one, and each connection does; neither is to starve the other.
 *
 * @module
 */

/** The most flows of datagrams, whatever the limit is: as many as a stack has by default. */
const MOST_FLOWS = 4096;

/** Flows of datagrams that leave three quarters of the descriptors to others. */
export function affordableDatagramFlows(limits: string = readLimits()): number {
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? MOST_FLOWS : Math.min(MOST_FLOWS, Math.ceil(Number(soft) / 4));
}

/** Deno has raised the soft limit to the hard one when it started. */
function readLimits(): string {
  return Deno.readTextFileSync("/proc/self/limits");
}
