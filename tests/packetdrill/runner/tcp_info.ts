/**
 * `struct tcp_info`, made of what a connection says of itself, in Linux's units:
 * times in microseconds, windows in segments.
 *
 * @module
 */
import type { Connection } from "../../../lib/tcp/connection.ts";
import { CONSTANTS, TCP_STATES } from "./constants.ts";
import { type Expression, format, numberOf } from "./expression.ts";
import { Mismatch, Unsupported } from "./failure.ts";

/** What Linux says of a threshold that has never been set. */
const NO_THRESHOLD = 0x7fff_ffff;

/** The value of the field `name`, which begins with "tcpi_"; undefined when there is none. */
export function tcpInfoField(connection: Connection, name: string): number | undefined {
  const { info } = connection;
  const segments = (bytes: number) => Math.floor(bytes / info.segmentSize);
  switch (name) {
    case "tcpi_state":
      return TCP_STATES[info.state];
    case "tcpi_rto":
      return info.rto * 1000;
    case "tcpi_rtt":
      return Math.round(info.rtt * 1000);
    case "tcpi_rttvar":
      return Math.round(info.rttVariation * 1000);
    case "tcpi_snd_cwnd":
      return segments(info.congestionWindow);
    case "tcpi_snd_ssthresh":
      return isFinite(info.slowStartThreshold) ? segments(info.slowStartThreshold) : NO_THRESHOLD;
    case "tcpi_snd_mss":
      return info.segmentSize;
    case "tcpi_snd_wnd":
      return info.sendWindow;
    case "tcpi_rcv_wnd":
      return info.receiveWindow;
    default:
      return undefined;
  }
}

/** Checks each field of `wanted`, a structure, that the script names. */
export function checkTcpInfo(connection: Connection, wanted: Expression | undefined): void {
  if (wanted?.kind !== "structure") {
    if (wanted?.kind === "ellipsis") return;
    throw new Unsupported(`${format(wanted)} is not a structure`);
  }
  for (const { name, value } of wanted.items) {
    if (name === undefined) throw new Unsupported(`${format(value)} has no name in TCP_INFO`);
    const is = tcpInfoField(connection, name);
    if (is === undefined) throw new Unsupported(`${name} is not known`);
    if (is !== numberOf(value)) throw new Mismatch(`${name} is ${is}, not ${format(value)}`);
  }
}

/** The value of a name in a script's assertions, beside the fields of `tcp_info`. */
export function constantOf(name: string): number | undefined {
  // FreeBSD's prefix, in front of names of its own.
  const state = /^(?:TCPI|TCPS)_(\w+)$/.exec(name)?.[1];
  return CONSTANTS.get(name) ?? (state ? TCP_STATES[STATE_NAMES[state] ?? state] : undefined);
}

const STATE_NAMES: Readonly<Record<string, string>> = {
  "SYN_SENT": "SYN-SENT",
  "SYN_RECEIVED": "SYN-RECEIVED",
  "SYN_RCVD": "SYN-RECEIVED",
  "SYN_RECV": "SYN-RECEIVED",
  "CLOSE_WAIT": "CLOSE-WAIT",
  "FIN_WAIT_1": "FIN-WAIT-1",
  "FIN_WAIT_2": "FIN-WAIT-2",
  "FIN_WAIT1": "FIN-WAIT-1",
  "FIN_WAIT2": "FIN-WAIT-2",
  "LAST_ACK": "LAST-ACK",
  "TIME_WAIT": "TIME-WAIT",
};
