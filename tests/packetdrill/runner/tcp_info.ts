/**
 * `struct tcp_info`, made of what a connection says of itself, in Linux's units:
 * times in microseconds, windows in segments.
 *
 * @module
 */
import type { Connection } from "../../../lib/tcp/connection.ts";
import type { TcpInfo } from "../../../lib/tcp/info.ts";
import { CONSTANTS, TCP_STATES } from "./constants.ts";
import { type Expression, format, numberOf } from "./expression.ts";
import { Mismatch, Unsupported } from "./failure.ts";

/** What Linux says of a threshold that has never been set. */
const NO_THRESHOLD = 0x7fff_ffff;

/** How tcp_info numbers what is thought of the path. */
const CONGESTION_STATES: Readonly<Record<TcpInfo["congestionState"], number>> = {
  open: 0,
  disorder: 1,
  recovery: 3,
  loss: 4,
};

/** The fields of `tcp_info`, by name. */
const FIELDS: Readonly<Record<string, (info: TcpInfo) => number>> = {
  "tcpi_state": ({ state }) => TCP_STATES[state] ?? 0,
  "tcpi_ca_state": ({ congestionState }) => CONGESTION_STATES[congestionState],
  "tcpi_retransmits": ({ timeouts }) => timeouts,
  "tcpi_probes": ({ probes }) => probes,
  "tcpi_backoff": ({ backoffs }) => backoffs,
  "tcpi_rto": ({ rto }) => rto * 1000,
  "tcpi_rtt": ({ rtt }) => Math.round(rtt * 1000),
  "tcpi_rttvar": ({ rttVariation }) => Math.round(rttVariation * 1000),
  "tcpi_snd_cwnd": (info) => toSegments(info.congestionWindow, info),
  "tcpi_snd_ssthresh": (info) =>
    isFinite(info.slowStartThreshold) ? toSegments(info.slowStartThreshold, info) : NO_THRESHOLD,
  "tcpi_snd_mss": ({ segmentSize }) => segmentSize,
  "tcpi_advmss": ({ advertisedMss }) => advertisedMss,
  "tcpi_unacked": ({ unackedSegments }) => unackedSegments,
  "tcpi_sacked": ({ sackedSegments }) => sackedSegments,
  "tcpi_lost": ({ lostSegments }) => lostSegments,
  "tcpi_retrans": ({ retransmittedSegments }) => retransmittedSegments,
  "tcpi_total_retrans": ({ totalRetransmits }) => totalRetransmits,
  "tcpi_reordering": ({ reordering }) => reordering,
  "tcpi_snd_wnd": ({ sendWindow }) => sendWindow,
  "tcpi_rcv_wnd": ({ receiveWindow }) => receiveWindow,
};

function toSegments(bytes: number, { segmentSize }: TcpInfo): number {
  return Math.floor(bytes / segmentSize);
}

/** The value of the field `name`, which begins with "tcpi_"; undefined when there is none. */
export function tcpInfoField(connection: Connection, name: string): number | undefined {
  return FIELDS[name]?.(connection.info);
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
