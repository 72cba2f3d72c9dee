/**
 * What is on the machine: processes, devices, namespaces; and waiting until
 * that is as it should be.
 *
 * @module
 */

/** How long processes that were killed may take to vanish, in milliseconds. */
const CLEAN_UP_TIMEOUT = 5000;

/** Calls `check` until it no longer throws, or throws what it throws at last. */
export async function eventually(
  check: () => void | Promise<void>,
  timeout = CLEAN_UP_TIMEOUT,
): Promise<void> {
  const end = performance.now() + timeout;
  while (true) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** The processes whose environment contains `mark`. */
export function markedProcesses(mark: string): string[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    try {
      if (!/^\d+$/.test(name)) return [];
      const isMarked = Deno.readTextFileSync(`/proc/${name}/environ`).includes(mark);
      return isMarked ? [`${name} ${Deno.readTextFileSync(`/proc/${name}/cmdline`)}`] : [];
    } catch {
      return []; // it has ended, or is somebody else's
    }
  });
}

/** The devices and the named namespaces of the host. */
export async function networkOfHost(): Promise<string[]> {
  const listing = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("ip", { args, stderr: "null" }).output();
    return new TextDecoder().decode(stdout).match(/^(\d+: )?[^\s:]+/gm) ?? [];
  };
  return [...await listing("-o", "link"), ...await listing("netns")];
}
