/**
 * What it means that the host could not reach something.
 *
 * @module
 */
import type { Unreachable } from "../tcp/request.ts";
import type { FlowRefusal } from "./observer.ts";

/** Why something did not reach its target. */
export interface Failure {
  /** For whoever counts flows. */
  readonly how: FlowRefusal;
  /** The same in words. */
  readonly reason: string;
  /** What the guest is told by ICMP, if it is. */
  readonly unreachable?: Unreachable;
}

/** What a kernel's error codes mean to the guest; a refusal is a reset, a time-out silence. */
const FAILURES: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: { how: "refused", reason: "connection refused" },
  ECONNRESET: { how: "refused", reason: "connection reset" },
  ENETUNREACH: { how: "unreachable", reason: "network unreachable", unreachable: "network" },
  ENETDOWN: { how: "unreachable", reason: "network down", unreachable: "network" },
  EHOSTUNREACH: { how: "unreachable", reason: "host unreachable", unreachable: "host" },
  EHOSTDOWN: { how: "unreachable", reason: "host down", unreachable: "host" },
  // The host has no address of that family that could send there, or no port left.
  EADDRNOTAVAIL: { how: "unreachable", reason: "no address to send from", unreachable: "network" },
  EAFNOSUPPORT: { how: "unreachable", reason: "no such family here", unreachable: "network" },
  EACCES: { how: "unreachable", reason: "prohibited by the host", unreachable: "prohibited" },
  EPERM: { how: "unreachable", reason: "prohibited by the host", unreachable: "prohibited" },
  ETIMEDOUT: { how: "timed out", reason: "no answer" },
  EMFILE: { how: "failed", reason: "headgate has too many open files; raise ulimit -n" },
  ENFILE: { how: "failed", reason: "the host has too many open files" },
};

/** What an error says, by its `code`. */
export function classifyFailure(error: unknown): Failure {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return FAILURES[code ?? ""] ?? { how: "failed", reason: message ?? String(error) };
}
