/**
 * The names that scripts use, with the numbers that Linux gives them. FreeBSD's
 * differ here and there; what a script checks is the name, so that one set will do.
 *
 * @module
 */

/** Error numbers. */
export const ERRNO = {
  EPERM: 1,
  EINTR: 4,
  EBADF: 9,
  EAGAIN: 11,
  EWOULDBLOCK: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EINVAL: 22,
  EPIPE: 32,
  EDOM: 33,
  ENOTSOCK: 88,
  EDESTADDRREQ: 89,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ESHUTDOWN: 108,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
} as const;
/** The name of an error number. */
export type Errno = keyof typeof ERRNO;

/** Bits of poll(2). */
export const POLL = {
  POLLIN: 0x1,
  POLLPRI: 0x2,
  POLLOUT: 0x4,
  POLLERR: 0x8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLRDBAND: 0x80,
  POLLWRNORM: 0x100,
  POLLWRBAND: 0x200,
  POLLRDHUP: 0x2000,
} as const;

/** States of TCP as `tcpi_state` numbers them. */
export const TCP_STATES: Readonly<Record<string, number>> = {
  ESTABLISHED: 1,
  "SYN-SENT": 2,
  "SYN-RECEIVED": 3,
  "FIN-WAIT-1": 4,
  "FIN-WAIT-2": 5,
  "TIME-WAIT": 6,
  CLOSED: 7,
  "CLOSE-WAIT": 8,
  "LAST-ACK": 9,
  LISTEN: 10,
  CLOSING: 11,
};

/** Every name that stands for a number. */
export const CONSTANTS: ReadonlyMap<string, number> = new Map<string, number>([
  ...Object.entries(ERRNO),
  ...Object.entries(POLL),
  ...Object.entries(POLL).map(([name, bit]): [string, number] => [`E${name}`, bit]),
  ...Object.entries(TCP_STATES).map(([name, value]): [string, number] => [
    `TCP_${name.replaceAll("-", "_").replace("RECEIVED", "RECV").replace("WAIT_", "WAIT")}`,
    value,
  ]),
  ...Object.entries({
    TCP_CLOSE: 7,
    TCP_CA_Open: 0,
    TCP_CA_Disorder: 1,
    TCP_CA_CWR: 2,
    TCP_CA_Recovery: 3,
    TCP_CA_Loss: 4,
    TCPI_OPT_TIMESTAMPS: 1,
    TCPI_OPT_SACK: 2,
    TCPI_OPT_WSCALE: 4,
    TCPI_OPT_ECN: 8,
    O_RDONLY: 0,
    O_WRONLY: 1,
    O_RDWR: 2,
    O_NONBLOCK: 0x800,
    SHUT_RD: 0,
    SHUT_WR: 1,
    SHUT_RDWR: 2,
    MSG_OOB: 0x1,
    MSG_PEEK: 0x2,
    MSG_DONTROUTE: 0x4,
    MSG_TRUNC: 0x20,
    MSG_DONTWAIT: 0x40,
    MSG_EOR: 0x80,
    MSG_WAITALL: 0x100,
    MSG_NOSIGNAL: 0x4000,
    MSG_MORE: 0x8000,
    MSG_ZEROCOPY: 0x400_0000,
    MSG_FASTOPEN: 0x2000_0000,
    IPTOS_LOWDELAY: 0x10,
    IPTOS_THROUGHPUT: 0x08,
    AF_INET: 2,
    AF_INET6: 10,
    SOCK_STREAM: 1,
    SOCK_DGRAM: 2,
    SOCK_NONBLOCK: 0x800,
    IPPROTO_TCP: 6,
  }),
]);
