/**
 * What the kernel answers when it refuses: error numbers and the exception
 * that carries one.
 *
 * The numbers are those of x86-64 and arm64, the machines that Deno runs on.
 *
 * @module
 */

/** Error numbers by their names in errno(3): those that our calls may answer with. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ETXTBSY: 26,
  ENOSPC: 28,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  EBADFD: 77,
  EUSERS: 87,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EINPROGRESS: 115,
} as const;

const names = new Map<number, string>(
  Object.entries(Errno).map(([name, value]) => [value, name]),
);

/** The name of an error number: `"EPERM"`, or `"errno 200"` for one that is not in the table. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}

/** Why something is not possible here, and what to do about it. */
export interface Reason {
  /** What is the case, as it goes on after a colon. */
  readonly detail: string;
  /** What to do about it, if there is something. */
  readonly remedy?: string;
}

/** A reason as one text: the detail, a semicolon, the remedy. */
export function formatReason({ detail, remedy }: Reason): string {
  return remedy === undefined ? detail : `${detail}; ${remedy}`;
}

/** A system call that failed. */
export class SystemError extends Error {
  /** Tells it from other errors. */
  override readonly name = "SystemError";
  /** The name of the error number: `"EPERM"`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param action What could not be done, as it goes on after "Cannot".
   * @param call The system call, `"ioctl(TUNSETIFF)"`.
   * @param errno Its error number.
   * @param reason What that means here. @default {that the call answers so}
   */
  constructor(
    action: string,
    readonly call: string,
    readonly errno: number,
    readonly reason: Reason = { detail: `${call} answers ${errnoName(errno)}` },
  ) {
    super(`Cannot ${action}: ${formatReason(reason)}`);
    this.code = errnoName(errno);
  }
}
