/**
 * Options of sockets: setsockopt(2) and getsockopt(2).
 *
 * @module
 */
import { type ConnectionOptions, tcpConfig } from "../../../lib/tcp/config.ts";
import { State } from "../../../lib/tcp/state.ts";
import { ERRNO } from "./constants.ts";
import { type Expression, fieldOf, format, numberOf, tryNumber } from "./expression.ts";
import { Mismatch, Unsupported } from "./failure.ts";
import type { Machine } from "./machine.ts";
import { failed, type Outcome, type Socket } from "./socket.ts";
import { checkTcpInfo } from "./tcp_info.ts";

const DONE: Outcome = { value: 0 };

/** Options that change nothing a script could see, where there is one process and one peer. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...["SO_REUSEADDR", "SO_REUSEPORT", "SO_PRIORITY", "SO_MARK", "SO_OOBINLINE", "SO_RCVLOWAT"],
  ...["IP_BIND_ADDRESS_NO_PORT", "IP_LOCAL_PORT_RANGE", "IP_MTU_DISCOVER", "IP_RECVERR"],
  ...["IP_FREEBIND", "IP_TOS", "SO_BUSY_POLL", "SO_NOSIGPIPE", "IPV6_V6ONLY"],
]);

/** What an option of connections does, in the stack's words. */
type Set = (value: number, socket: Socket, machine: Machine) => ConnectionOptions;

const SETTERS: Readonly<Record<string, Set>> = {
  "TCP_NODELAY": (value) => ({ nagle: value === 0 }),
  "TCP_CORK": (value) => ({ cork: value !== 0 }),
  "TCP_NOPUSH": (value) => ({ cork: value !== 0 }),
  "TCP_MAXSEG": (value) => ({ maxSegmentSize: value }),
  "TCP_USER_TIMEOUT": (value) => ({ userTimeout: value || Infinity }),
  "TCP_SYNCNT": (value) => ({ synRetries: value }),
  "TCP_NOTSENT_LOWAT": (value) => ({ notSentLowWater: value || Infinity }),
  "TCP_LINGER2": (value) => ({ finWait2Timeout: value * 1000 }),
  "TCP_DEFER_ACCEPT": () => ({}), // listen() asks for it
  "TCP_QUICKACK": (value, _, { persona }) => ({
    ackDelay: value ? 0 : persona.tcp.ackDelay ?? 0,
    ...(!value && { quickAcks: 0 }),
  }),
  "SO_RCVBUF": (value, _, { persona }) => persona.receiveBuffer(value),
  "SO_SNDBUF": (value, _, { persona }) => persona.sendBuffer(value),
  "SO_KEEPALIVE": (_, socket, machine) => keepAlive(socket, machine),
  "TCP_KEEPIDLE": (_, socket, machine) => keepAlive(socket, machine),
  "TCP_KEEPINTVL": (_, socket, machine) => keepAlive(socket, machine),
  "TCP_KEEPCNT": (_, socket, machine) => keepAlive(socket, machine),
};

function keepAlive({ values }: Socket, { optionDefaults }: Machine): ConnectionOptions {
  if (!values.get("SO_KEEPALIVE")) return { keepAlive: undefined };
  const value = (name: string) => values.get(name) ?? optionDefaults.get(name) ?? 0;
  return {
    keepAlive: {
      idle: value("TCP_KEEPIDLE") * 1000,
      interval: value("TCP_KEEPINTVL") * 1000,
      count: value("TCP_KEEPCNT"),
    },
  };
}

/** setsockopt(2), called with `args`. */
export function setOption(
  socket: Socket,
  machine: Machine,
  args: readonly Expression[],
): Outcome {
  const name = format(args[2]);
  if (WITHOUT_EFFECT.has(name)) {
    socket.values.set(name, tryNumber(args[3]) ?? 0);
    return DONE;
  }
  if (name === "SO_LINGER") return setLinger(socket, args[3]);
  const set = SETTERS[name];
  if (!set) throw new Unsupported(`setting ${name} is not served`);
  const value = numberOf(args[3]);
  socket.values.set(name, value);
  try {
    const options = set(value, socket, machine);
    tcpConfig({ ...machine.tcp, ...options }); // throws now, not when the options are used
    socket.setOptions(options);
    if (socket.listener) listenAnew(socket, machine);
  } catch (error) {
    if (error instanceof RangeError) return failed("EINVAL");
    throw error;
  }
  if (machine.isRunning) machine.host.settle();
  return DONE;
}

/** A listener has the options with which it began: those that come later take another. */
function listenAnew(socket: Socket, machine: Machine): void {
  const { listener } = socket;
  if (!listener || listener.info.halfOpen + listener.pending > 0) return;
  listener.close();
  machine.openListener(socket, listener.own.port);
}

function setLinger(socket: Socket, value: Expression | undefined): Outcome {
  const isOn = numberOf(fieldOf(value, "onoff") ?? fieldOf(value, "l_onoff")) !== 0;
  const seconds = numberOf(fieldOf(value, "linger") ?? fieldOf(value, "l_linger"));
  socket.lingers = isOn ? seconds * 1000 : undefined;
  socket.setOptions({ linger: socket.lingers });
  return DONE;
}

/** getsockopt(2), called with `args`, whose fourth is what the script expects. */
export function getOption(
  socket: Socket,
  machine: Machine,
  args: readonly Expression[],
): Outcome {
  const name = format(args[2]);
  const wanted = args[3];
  if (name === "TCP_INFO") {
    const { connection } = socket;
    if (!connection) return failed("EINVAL");
    checkTcpInfo(connection, wanted);
    return DONE;
  }
  const value = valueOf(name, socket, machine);
  if (value === undefined) throw new Unsupported(`getting ${name} is not served`);
  const number = tryNumber(wanted);
  if (number === undefined && wanted?.kind !== "ellipsis") {
    throw new Unsupported(`${format(wanted)} is not a known value of ${name}`);
  }
  if (number !== undefined && number !== value) {
    throw new Mismatch(`${name} is ${nameOf(name, value)}, not ${format(wanted)}`);
  }
  return DONE;
}

function valueOf(
  name: string,
  socket: Socket,
  { persona, tcp, optionDefaults }: Machine,
): number | undefined {
  const { connection, options } = socket;
  // Until it hears from the peer, a connection has what the socket had.
  const hasHeard = connection && connection.state !== State.SynSent;
  const current = hasHeard ? connection.options : { ...tcp, ...options };
  switch (name) {
    case "SO_ERROR": {
      const error = socket.takeError();
      return error ? ERRNO[error] : 0;
    }
    case "SO_RCVBUF":
      return persona.receiveSpace(current.receiveBuffer ?? 0);
    case "SO_SNDBUF":
      return persona.sendSpace(current.sendBuffer ?? 0);
    case "SO_ACCEPTCONN":
      return socket.listener ? 1 : 0;
    case "SO_KEEPALIVE":
      return current.keepAlive ? 1 : 0;
    case "TCP_NODELAY":
      return current.nagle ? 0 : 1;
    case "TCP_CORK":
    case "TCP_NOPUSH":
      return current.cork ? 1 : 0;
    case "TCP_MAXSEG":
      return connection?.info.segmentSize ?? options.maxSegmentSize ?? 536; // RFC 9293 §3.7.1
    default:
      return socket.values.get(name) ?? optionDefaults.get(name);
  }
}

function nameOf(option: string, value: number): string {
  const error = option === "SO_ERROR" &&
    Object.entries(ERRNO).find(([, number]) => number === value);
  return error ? error[0] : String(value);
}
