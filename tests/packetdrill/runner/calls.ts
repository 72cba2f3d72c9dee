/**
 * The system calls of scripts.
 *
 * A call becomes an {@linkcode Attempt}, which is made again and again until it
 * returns something: that is how calls block.
 *
 * @module
 */
import { CONSTANTS, POLL } from "./constants.ts";
import { type Expression, fieldOf, format, numberOf, tryNumber } from "./expression.ts";
import { Mismatch, Unsupported } from "./failure.ts";
import type { Machine } from "./machine.ts";
import type { Call } from "./script.ts";
import { failed, type Outcome, Socket } from "./socket.ts";
import { getOption, setOption } from "./socket_options.ts";

/** Does what a call is to do, as far as that is possible; undefined: not yet. */
export type Attempt = () => Outcome | undefined;

type Prepare = (machine: Machine, call: Call) => Attempt;

const DONE: Outcome = { value: 0 };
const O_NONBLOCK = CONSTANTS.get("O_NONBLOCK") ?? 0;
const MSG_PEEK = CONSTANTS.get("MSG_PEEK") ?? 0;
const MSG_DONTWAIT = CONSTANTS.get("MSG_DONTWAIT") ?? 0;
const MSG_WAITALL = CONSTANTS.get("MSG_WAITALL") ?? 0;
const MSG_NOSIGNAL = CONSTANTS.get("MSG_NOSIGNAL") ?? 0;
const MSG_MORE = CONSTANTS.get("MSG_MORE") ?? 0;
const READ_FLAGS = MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;
const WRITE_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;

/** The attempt that `call` is. */
export function prepareCall(machine: Machine, call: Call): Attempt {
  const prepare = CALLS.get(call.name);
  if (!prepare) throw new Unsupported(`${call.name}() is not served`);
  return prepare(machine, call);
}

const CALLS: ReadonlyMap<string, Prepare> = new Map<string, Prepare>([
  ["socket", socket],
  [
    "bind",
    onSocket((on, machine) => () => {
      on.port = machine.freePort();
      return DONE;
    }),
  ],
  ["listen", onSocket(listen)],
  ["accept", onSocket(accept)],
  ["accept4", onSocket(accept)],
  ["connect", onSocket(connect)],
  ["read", onSocket((on, _, { args }) => read(on, numberOf(args[2]), 0))],
  ["recv", onSocket((on, _, { args }) => read(on, numberOf(args[2]), numberOf(args[3])))],
  ["recvfrom", onSocket((on, _, { args }) => read(on, numberOf(args[2]), numberOf(args[3])))],
  ["readv", onSocket((on, _, { args }) => read(on, vectorLength(args[1]), 0))],
  ["recvmsg", onSocket((on, _, { args }) => read(on, messageLength(args[1]), numberOf(args[2])))],
  ["write", onSocket((on, _, { args }) => write(on, numberOf(args[2]), 0))],
  ["send", onSocket((on, _, { args }) => write(on, numberOf(args[2]), numberOf(args[3])))],
  ["sendto", onSocket((on, _, { args }) => write(on, numberOf(args[2]), numberOf(args[3])))],
  ["writev", onSocket((on, _, { args }) => write(on, vectorLength(args[1]), 0))],
  ["sendmsg", onSocket((on, _, { args }) => write(on, messageLength(args[1]), numberOf(args[2])))],
  [
    "shutdown",
    onSocket((on, _, { args }) => {
      const how = numberOf(args[1]);
      return () => how > 2 ? failed("EINVAL") : on.shutdown(how !== 1, how !== 0);
    }),
  ],
  ["close", onSocket(close)],
  ["fcntl", onSocket(fcntl)],
  ["poll", poll],
  ["setsockopt", onSocket((on, machine, { args }) => () => setOption(on, machine, args))],
  ["getsockopt", onSocket((on, machine, { args }) => () => getOption(on, machine, args))],
  ["ioctl", onSocket(ioctl)],
]);

/** A call whose first argument is a socket. */
function onSocket(prepare: (on: Socket, machine: Machine, call: Call) => Attempt): Prepare {
  return (machine, call) => {
    const on = machine.socket(numberOf(call.args[0]));
    return on ? prepare(on, machine, call) : () => failed("EBADF");
  };
}

function socket(machine: Machine, { args, result }: Call): Attempt {
  const type = numberOf(args[1]);
  const protocol = args[2] && format(args[2]);
  const isStream = (type & 0xf) === CONSTANTS.get("SOCK_STREAM");
  if (!isStream || (protocol !== "IPPROTO_TCP" && protocol !== "0")) {
    throw new Unsupported(`sockets of ${protocol ?? "no protocol"} are not served`);
  }
  const made = new Socket(machine.persona.manners);
  made.isBlocking = !(type & O_NONBLOCK);
  return () => {
    machine.socketUnderTest = made;
    machine.flow = undefined;
    return place(machine, made, result);
  };
}

/** Gives `made` the number that the script calls it by. */
function place(machine: Machine, made: Socket, result: Expression): Outcome {
  const fd = tryNumber(result) ?? 3 + machine.sockets.size;
  if (fd >= 0) machine.sockets.set(fd, made);
  return { value: Math.max(fd, 0) };
}

function listen(on: Socket, machine: Machine, { args }: Call): Attempt {
  return () => {
    if (on.connection) return failed("EINVAL");
    if (on.listener) return DONE;
    on.port ??= machine.freePort();
    on.backlog = machine.persona.acceptQueue(numberOf(args[1]));
    machine.openListener(on, on.port);
    return DONE;
  };
}

function accept(on: Socket, machine: Machine, { result }: Call): Attempt {
  return () => {
    if (!on.listener) return failed("EINVAL");
    const connection = on.listener.accept();
    if (connection) return place(machine, machine.adopt(connection, on), result);
    return on.isBlocking ? undefined : failed("EAGAIN");
  };
}

function connect(on: Socket, machine: Machine): Attempt {
  let isMine = false;
  return () => {
    if (on.listener) return failed("EISCONN");
    if (!on.connection) {
      machine.connect(on);
      isMine = true;
      if (!on.isBlocking) return failed("EINPROGRESS");
    }
    const outcome = on.connected();
    if (!outcome) return on.isBlocking ? undefined : failed("EALREADY");
    if (outcome.error || isMine) return outcome;
    return on.confirmConnected() ? DONE : failed("EISCONN");
  };
}

function read(on: Socket, most: number, flags: number): Attempt {
  if (flags & ~READ_FLAGS) throw new Unsupported(`reading with the flags ${flags} is not served`);
  let total = 0;
  return () => {
    for (;;) {
      const outcome = on.read(most - total, (flags & MSG_PEEK) !== 0);
      if (outcome && outcome.value > 0) total += outcome.value;
      if (outcome && outcome.value > 0 && flags & MSG_WAITALL && total < most) continue;
      if (outcome) return total > 0 ? { value: total } : outcome;
      if (total > 0 && !(flags & MSG_WAITALL)) return { value: total };
      return on.isBlocking && !(flags & MSG_DONTWAIT) ? undefined : failed("EAGAIN");
    }
  };
}

function write(on: Socket, count: number, flags: number): Attempt {
  if (flags & ~WRITE_FLAGS) throw new Unsupported(`writing with the flags ${flags} is not served`);
  const waits = on.isBlocking && !(flags & MSG_DONTWAIT);
  let total = 0;
  return () => {
    for (;;) {
      const outcome = on.write(count - total, (flags & MSG_MORE) !== 0);
      if (outcome?.error) return total > 0 ? { value: total } : outcome;
      total += outcome?.value ?? 0;
      if (total === count) return { value: total };
      if (outcome) continue;
      if (waits) return undefined;
      return total > 0 ? { value: total } : failed("EAGAIN");
    }
  };
}

/** How much an iovec holds. */
function vectorLength(vector: Expression | undefined): number {
  if (vector?.kind !== "list") throw new Unsupported(`${format(vector)} is not a list of buffers`);
  return vector.items.reduce((sum, { value }) => {
    const length = fieldOf(value, "iov_len") ??
      (value.kind === "structure" ? value.items.at(-1)?.value : undefined);
    return sum + numberOf(length);
  }, 0);
}

function messageLength(message: Expression | undefined): number {
  if (fieldOf(message, "msg_control")?.kind === "list") {
    throw new Unsupported("control messages are not served");
  }
  return vectorLength(fieldOf(message, "msg_iov"));
}

function close(on: Socket, machine: Machine, { args }: Call): Attempt {
  let deadline: number | undefined;
  return () => {
    const { connection, lingers } = on;
    machine.sockets.delete(numberOf(args[0]));
    on.listener?.close();
    if (deadline === undefined) connection?.close();
    if (!connection || !lingers || !on.isBlocking || connection.isDrained) return DONE;
    deadline ??= machine.host.now + lingers * 1000;
    return connection.error || machine.host.now >= deadline ? DONE : undefined;
  };
}

function fcntl(on: Socket, _: Machine, { args }: Call): Attempt {
  const command = format(args[1]);
  return () => {
    if (command === "F_GETFL") return { value: on.isBlocking ? 2 : 2 | O_NONBLOCK };
    if (command !== "F_SETFL") throw new Unsupported(`fcntl(${command}) is not served`);
    on.isBlocking = !(numberOf(args[2]) & O_NONBLOCK);
    return DONE;
  };
}

function poll(machine: Machine, { args }: Call): Attempt {
  const list = args[0]?.kind === "list" ? args[0].items.map(({ value }) => value) : [];
  const wait = numberOf(args[2]);
  const deadline = wait < 0 ? Infinity : machine.host.now + wait * 1000;
  return () => {
    const found = list.map((entry) => {
      const socket = machine.socket(numberOf(fieldOf(entry, "fd")));
      const wanted = numberOf(fieldOf(entry, "events")) | POLL.POLLERR | POLL.POLLHUP;
      return socket ? socket.poll() & wanted : POLL.POLLNVAL;
    });
    const value = found.filter((bits) => bits !== 0).length;
    if (value === 0 && machine.host.now < deadline) return undefined;
    for (const [at, bits] of found.entries()) {
      const wanted = fieldOf(list[at], "revents");
      if (wanted && wanted.kind !== "ellipsis" && numberOf(wanted) !== bits) {
        throw new Mismatch(`revents is ${formatBits(bits)}, not ${format(wanted)}`);
      }
    }
    return { value };
  };
}

function formatBits(bits: number): string {
  return Object.entries(POLL).filter(([, bit]) => bits & bit).map(([name]) => name).join("|") ||
    "0";
}

function ioctl(on: Socket, _: Machine, { args }: Call): Attempt {
  const request = format(args[1]);
  return () => {
    const value = request === "SIOCINQ" || request === "FIONREAD"
      ? on.connection?.readable ?? 0
      : request === "SIOCOUTQ" || request === "TIOCOUTQ"
      ? on.unacknowledged
      : undefined;
    if (value === undefined) throw new Unsupported(`ioctl(${request}) is not served`);
    const wanted = tryNumber(args[2]);
    if (wanted !== undefined && wanted !== value) {
      throw new Mismatch(`${request} is ${value}, not ${wanted}`);
    }
    return DONE;
  };
}
