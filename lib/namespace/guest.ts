/**
 * A guest: a command in a network namespace of its own, whose only link is a
 * TUN device that we have.
 *
 * Root and an ordinary user go the same way; the user makes a user namespace
 * besides, in which the command is root. The order in which things happen is
 * drawn in init.ts. Nothing of the command runs before everything is as it
 * should be, and nothing of it survives us, however we end.
 *
 * @module
 */

import {
  copyDescriptor,
  killChild,
  oldestChild,
  replaceByChild,
  spawn,
  untilEnd,
} from "../ffi/process.ts";
import { formatReason, type Reason, SystemError } from "../ffi/system_error.ts";
import { isInForeground, takeForeground } from "../ffi/terminal.ts";
import { TunDevice } from "../ffi_tun.ts";
import { checkRequirements, findTools, isPrivileged } from "./checks.ts";
import { ControlSocket } from "./control.ts";
import {
  type GuestResolvConf,
  initWords,
  type LinkSettings,
  ScriptDescriptor,
  unshareWords,
} from "./init.ts";
import { findProgram } from "./programs.ts";
import { keepResolvConf } from "./resolv_conf_keeper.ts";
import { findResolvConf } from "./resolv_conf_mount.ts";

export type { LinkNetwork, LinkSettings } from "./init.ts";

/** Longest time between two steps of the set-up in milliseconds; usual are 10. */
const STEP_TIMEOUT = 10_000;

/** What a guest is to be. */
export interface GuestOptions extends LinkSettings {
  /**
   * The command and its arguments: at least one word. It has our environment,
   * but where sh is dash it lacks variables whose names a shell cannot have.
   */
  readonly command: readonly string[];
  /** The text of the guest's /etc/resolv.conf. @default the host's is seen */
  readonly resolvConf?: string;
  /** Whether the kernel may leave checksums and segmentation to us. */
  readonly offload: boolean;
  /** Ends the set-up; of no effect after it. */
  readonly signal?: AbortSignal;
}

/** A guest that is set up. */
export interface Guest {
  /** The other end of the guest's link. Whoever uses it closes it, or {@linkcode close} does. */
  readonly tun: TunDevice;
  /** The longest IP packet on it, in bytes. */
  readonly mtu: number;
  /** What the machine did not allow, though it need not keep the command from running. */
  readonly warnings: readonly string[];
  /** The command's exit status as a shell has it: 128 + n if it died of signal n. */
  readonly exited: Promise<number>;
  /** Lets the command run; until then nothing of it has. */
  start(): void;
  /** Sends a signal to the command, but not to its children. Of no effect after its end. */
  kill(signal: Deno.Signal): void;
  /** Ends the command and all that it has started. May be called again. */
  close(): void;
}

/** A guest could not be set up; nothing of its command has run and nothing of it is left. */
export class SetupError extends Error {
  /** "SetupError" */
  /** Tells it from other errors. */
  override readonly name = "SetupError";

  /** What to exit with: 127 if there is no such command, 126 if it cannot be executed, else 1. */
  readonly exitStatus: number;

  /** Makes an error whose message is one line. */
  constructor(message: string, exitStatus = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitStatus = exitStatus;
  }
}

/**
 * Makes the namespaces and the link of a guest. Takes about 20 ms.
 *
 * @throws {SetupError} If that is not possible. Its message is one line: what, why, what to do.
 * @throws The reason of `signal`, if that ended it.
 */
export async function prepareGuest(options: GuestOptions): Promise<Guest> {
  const { signal } = options;
  signal?.throwIfAborted();
  requireCommand(options.command);
  const control = new ControlSocket();
  const end = () => control.end();
  signal?.addEventListener("abort", end);
  try {
    return await setUp(options, control);
  } catch (error) {
    control.close();
    signal?.throwIfAborted();
    if (!(error instanceof SystemError)) throw error;
    throw new SetupError(error.message, 1, { cause: error });
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/** Refuses what could not be executed, before anything is set up for it. */
function requireCommand([name]: readonly string[]): void {
  if (name === undefined) throw new TypeError("Cannot run a command of no words");
  const program = findProgram(name);
  if (program.found === "nothing") throw new SetupError(`Cannot run "${name}": not found`, 127);
  if (program.found === "other") {
    throw new SetupError(`Cannot run "${name}": ${program.path} ${program.why}`, 126);
  }
}

async function setUp(options: GuestOptions, control: ControlSocket): Promise<Guest> {
  const resolvConf = placeResolvConf(options.resolvConf);
  const unshare = startInit(options, resolvConf, control);
  const opened = await control.report(STEP_TIMEOUT);
  if (opened === undefined) {
    control.end();
    await untilEnd(unshare);
    throw await explainFailure("make the namespaces of the guest", control.details);
  }
  const init = replaceByChild(unshare);
  let tun: TunDevice | undefined;
  try {
    const descriptor = copyDescriptor(init, ScriptDescriptor.Tun);
    const { interfaceName: name, offload, tap = false } = options;
    tun = TunDevice.adopt(descriptor, { name, offload, tap, persistent: true });
    control.send("adopted");
    if (await control.report(STEP_TIMEOUT) === undefined) {
      throw new SetupError(`Cannot configure the network of the guest: ${control.details}`);
    }
  } catch (error) {
    tun?.close();
    killChild(init);
    await untilEnd(init);
    throw error;
  }
  const warnings = [
    ...(opened.includes("outer") ? [OUTER_PROC] : []),
    ...(opened.includes("shared") ? [SHARED_ETC] : []),
  ];
  const guest = createGuest(init, { tun, mtu: options.mtu, warnings }, control);
  if (resolvConf) keepResolvConf(init, resolvConf, guest.exited);
  return guest;
}

const SHARED_ETC = "The command has no /etc of its own, in which a DHCP client could write: this " +
  "machine does not allow to mount one over the other";
const OUTER_PROC = "The command sees the processes outside in /proc: this machine does not allow " +
  "to mount another one";

/** Starts the process that makes the namespaces; the script is its only child. */
function startInit(
  options: GuestOptions,
  resolvConf: GuestResolvConf | undefined,
  control: ControlSocket,
): number {
  const tools = findTools();
  if ("ok" in tools) throw setupError("set up a guest", tools);
  const words = initWords(tools, options, options.command, resolvConf);
  const pid = spawn({
    path: tools.unshare,
    words: unshareWords(tools.unshare, !isPrivileged(), words),
    descriptors: new Map([
      [ScriptDescriptor.CommandError, ScriptDescriptor.StandardError],
      [ScriptDescriptor.StandardError, control.theirs],
      [ScriptDescriptor.Control, control.theirs],
    ]),
  });
  control.handOver();
  return pid;
}

/** A file that is not there has no place to put another in. */
function placeResolvConf(text: string | undefined): GuestResolvConf | undefined {
  if (text === undefined) return undefined;
  const place = findResolvConf();
  if (place) return { text, ...place };
  throw new SetupError(
    "Cannot give the guest a resolv.conf: the host has no /etc/resolv.conf; make an empty one",
  );
}

/** Why a step failed: what the machine lacks, or else what the programs said. */
async function explainFailure(action: string, details: string): Promise<SetupError> {
  const lacking = (await checkRequirements()).find((check) => !check.ok);
  return setupError(action, lacking ?? { detail: details === "" ? "it ended" : details });
}

function setupError(action: string, reason: Reason & { readonly name?: string }): SetupError {
  const subject = reason.name === undefined ? "" : `${reason.name}: `;
  return new SetupError(`Cannot ${action}: ${subject}${formatReason(reason)}`);
}

function createGuest(
  init: number,
  known: Pick<Guest, "tun" | "mtu" | "warnings">,
  control: ControlSocket,
): Guest {
  let isOver = false;
  const hadTerminal = isInForeground();
  const exited = untilEnd(init).finally(() => {
    isOver = true;
    if (hadTerminal && !isInForeground()) takeForeground();
  });
  return {
    ...known,
    exited,
    start() {
      control.send("go");
      control.close();
    },
    kill(signal) {
      // The oldest child of process 1 is the command, or the shell that is about to become it.
      const command = isOver ? undefined : oldestChild(init);
      if (command !== undefined) sendSignal(command, signal);
    },
    close() {
      if (!isOver) killChild(init);
      known.tun.close();
      control.close();
    },
  };
}

function sendSignal(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // it has just ended
  }
}
