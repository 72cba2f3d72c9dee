/**
 * What the kernel knows of processes: their time, their memory, their sockets.
 *
 * @module
 */

/** Ticks of the clock a second in /proc/PID/stat, on every machine that runs Deno. */
const TICKS = 100;

/** Seconds that a process has computed, in user space and in the kernel. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS; // utime and stime: fields 14 and 15
}

/** The same of each of its threads, to the nanosecond. One that ends takes its own along. */
export function threadSeconds(pid: number): ReadonlyMap<string, number> {
  const threads = [...Deno.readDirSync(`/proc/${pid}/task`)];
  return new Map(threads.map(({ name }) => {
    const [nanoseconds] = Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ");
    return [name, Number(nanoseconds) / 1e9];
  }));
}

/** Bytes that a process has in memory. */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
}

/** The processes that have a TCP connection to `port` of loopback, but for those of servers. */
export function clientsOf(port: number): number[] {
  const inodes = ["tcp", "tcp6"].flatMap((name) => inodesTo(port, `/proc/net/${name}`));
  const names = new Set(inodes.map((inode) => `socket:[${inode}]`));
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name))
    .filter((pid) => pid > 0 && descriptorsOf(pid).some((target) => names.has(target)));
}

const ESTABLISHED = "01";

function inodesTo(port: number, path: string): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return Deno.readTextFileSync(path).split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(suffix) && state === ESTABLISHED)
    .map((fields) => fields[9] ?? "");
}

function descriptorsOf(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
      try {
        return [Deno.readLinkSync(`/proc/${pid}/fd/${name}`)];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // it has ended meanwhile
  }
}
