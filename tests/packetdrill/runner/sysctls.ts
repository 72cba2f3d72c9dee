/**
 * System settings of Linux and FreeBSD, in the stack's words.
 *
 * A setting is served when the stack can do what it says, or when it says what
 * is the case anyway. Everything else skips the script.
 *
 * @module
 */
import type { TcpOptions } from "../../../lib/tcp/config.ts";
import { Unsupported } from "./failure.ts";
import type { Machine } from "./machine.ts";

/** What a value means; undefined: it is not served. */
type Meaning = (value: string) => TcpOptions | undefined;

/** Served with these values only, which change nothing. */
function only(...values: string[]): Meaning {
  return (value) => values.includes(value) ? {} : undefined;
}

/** Whatever the value, a script cannot see it here. */
const unseen: Meaning = () => ({});

const flag = (name: "sack" | "timestamps" | "windowScaling"): Meaning => (value) => ({
  [name]: value !== "0",
});

const SYSCTLS: Readonly<Record<string, Meaning>> = {
  // Linux
  "net.ipv4.tcp_sack": flag("sack"),
  "net.ipv4.tcp_timestamps": flag("timestamps"),
  "net.ipv4.tcp_window_scaling": flag("windowScaling"),
  "net.ipv4.tcp_dsack": only("1"),
  "net.ipv4.tcp_ecn": only("0"),
  "net.ipv4.tcp_frto": only("2"),
  "net.ipv4.tcp_reordering": only("3"),
  "net.ipv4.tcp_early_retrans": only("3", "4"),
  "net.ipv4.tcp_recovery": only("1"),
  "net.ipv4.tcp_slow_start_after_idle": only("0"),
  "net.ipv4.tcp_notsent_lowat": only("4294967295", "-1"),
  "net.ipv4.tcp_fastopen": only("0", "1"),
  "net.ipv4.tcp_syn_retries": (value) => ({ synRetries: Number(value) }),
  "net.ipv4.tcp_synack_retries": (value) => ({ synRetries: Number(value) }),
  "net.ipv4.tcp_retries2": (value) => ({ retries: Number(value) }),
  "net.ipv4.tcp_syncookies": unseen, // there is no pressure in a script
  "net.ipv4.tcp_no_metrics_save": unseen, // each script has a stack of its own
  "net.ipv4.tcp_metrics_save": unseen,
  "net.ipv4.tcp_tso_win_divisor": unseen,
  "net.ipv4.tcp_min_tso_segs": unseen,
  "net.ipv4.tcp_pacing_ss_ratio": unseen, // nothing is paced
  "net.ipv4.tcp_pacing_ca_ratio": unseen,
  "net.ipv4.tcp_rto_max_ms": (value) => ({ maxRto: Number(value) }),
  "net.ipv4.tcp_moderate_rcvbuf": unseen,
  "net.ipv4.tcp_autocorking": unseen,
  "net.ipv4.tcp_invalid_ratelimit": (value) => ({ challengeInterval: Number(value) }),
  "net.ipv4.tcp_fin_timeout": (value) => ({ finWait2Timeout: Number(value) * 1000 }),
  "net.core.default_qdisc": unseen,
  // FreeBSD
  "net.inet.tcp.rfc1323": (value) => ({ timestamps: value !== "0", windowScaling: value !== "0" }),
  "net.inet.tcp.sack.enable": flag("sack"),
  "net.inet.tcp.ecn.enable": only("0", "2"),
  "net.inet.tcp.blackhole": only("0"),
  "net.inet.tcp.rexmit_initial": (value) => ({ initialRto: Number(value) }),
  "net.inet.tcp.rexmit_drop_options": only("0"),
  "net.inet.tcp.syncookies": unseen,
  "net.inet.tcp.syncookies_only": only("0"),
  "net.inet.tcp.hostcache.purgenow": unseen,
};

/** Of FreeBSD: what options of sockets begin with, and in what fraction of their unit. */
const OPTION_DEFAULTS: Readonly<Record<string, readonly [string, number]>> = {
  "net.inet.tcp.keepinit": ["TCP_KEEPINIT", 1000],
  "net.inet.tcp.keepidle": ["TCP_KEEPIDLE", 1000],
  "net.inet.tcp.keepintvl": ["TCP_KEEPINTVL", 1000],
  "net.inet.tcp.keepcnt": ["TCP_KEEPCNT", 1],
};

/**
 * Sets `key` to `value`, before the stack is made; afterwards only what changes nothing.
 *
 * @throws {Unsupported} When the stack cannot do that.
 */
export function applySysctl(machine: Machine, key: string, value: string): void {
  const name = key.replaceAll("/", ".");
  const option = OPTION_DEFAULTS[name];
  if (option) {
    machine.optionDefaults.set(option[0], Number(value) / option[1]);
    return;
  }
  const known = Object.hasOwn(machine.persona.sysctls, name)
    ? machine.persona.sysctls[name]
    : SYSCTLS[name];
  const meaning = known?.(value);
  if (!meaning) throw new Unsupported(`the setting ${name}=${value} is not served`);
  if (!machine.isRunning) machine.tcp = { ...machine.tcp, ...meaning };
  else if (!isPartOf(meaning, machine.tcp) && machine.sockets.size > 0) {
    throw new Unsupported(`${name} is changed while the stack runs`);
  }
}

function isPartOf(part: TcpOptions, whole: TcpOptions): boolean {
  const values = new Map(Object.entries(whole));
  return Object.entries(part).every(([name, value]) => values.get(name) === value);
}
