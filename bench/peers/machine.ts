/**
 * On what was measured: enough to understand the figures, and nothing that names the machine.
 *
 * @module
 */

/** A description in one sentence. */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const cores = navigator.hardwareConcurrency;
  const kernel = /^\d+\.\d+/.exec(Deno.osRelease())?.[0];
  return `${cores} cores${model ? ` (${model.trim()})` : ""}, ${memory} GiB, Linux ${kernel}`;
}
