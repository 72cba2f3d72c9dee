/**
 * The guest's first process: what is process 1 of its PID namespace.
 *
 * It is a shell, because that is what every machine has that waits for its
 * children's children too. Process 1 cannot be killed from inside, ends with the
 * command, and takes what is left of the guest with it.
 *
 *     headgate                        unshare               process 1: sh
 *     spawn ------------------------> new namespaces,
 *                                     fork ---------------> mount resolv.conf and /proc,
 *                                                         open the TUN
 *     copy its descriptor,    <---------- @opened ---------
 *     make the interface with it
 *     kill unshare ------------------>x
 *                              ------------ adopted ------> die with headgate (setpriv),
 *                                                           configure the link (ip)
 *                             <-------- @configured ------- fork
 *                              -------------- go ---------> run the command
 *
 * unshare has to go because a terminal sends its signals to all of us: the
 * command may handle SIGQUIT or SIGHUP, unshare would die of them. Without it
 * process 1 is our own child. It may ask for a signal at its parent's death
 * only after that, since otherwise it is unshare's.
 *
 * @module
 */

import { TUN_PATH } from "../ffi_tun.ts";
import { OWN_ETC_SCRIPT } from "./own_etc.ts";
import { RESOLV_CONF_SCRIPT, type ResolvConfPlace } from "./resolv_conf_mount.ts";

/** Descriptors that the scripts begin with, or open: single digits, as sh wants them. */
export const ScriptDescriptor = {
  /** The control socket too, so that error messages of the set-up arrive there. */
  StandardError: 2,
  /** What is to be the command's standard error. */
  CommandError: 7,
  /** The TUN, which belongs to the namespace that it was opened in. */
  Tun: 8,
  /** The control socket. */
  Control: 9,
} as const;

/** How many packets may wait for us. The kernel's 500 loses bursts of 1,000 connections. */
const QUEUE_LENGTH = 20_000;

/** Programs that the set-up runs, by the paths where they are. */
export interface InitTools {
  readonly unshare: string;
  readonly setpriv: string;
  readonly mount: string;
  readonly umount: string;
  readonly mkdir: string;
  readonly ip: string;
  readonly sh: string;
}

/** The guest's only link, and where it leads. */
export interface LinkSettings {
  /** 1 to 15 bytes. */
  readonly interfaceName: string;
  /** Bytes: 68 to 65535, and at least 1280 with IPv6. */
  readonly mtu: number;
  /** What the guest is in: one network of each family, or of one; none if it is to find out itself. */
  readonly networks: readonly LinkNetwork[];
  /** Whether the link is Ethernet: a TAP device. @default {false} */
  readonly tap?: boolean;
  /** Whether the guest's kernel makes itself IPv6 addresses, and looks for routers. @default {false} */
  readonly autoconfigure?: boolean;
}

/** A network that the guest is in; addresses as text, both IPv4 or both IPv6. */
export interface LinkNetwork {
  /** The guest's. */
  readonly address: string;
  /** Bits of the network part of `address`. */
  readonly prefixLength: number;
  /** Where the guest sends everything. */
  readonly gateway: string;
}

// Arguments: as they are named, the other script, then the other script's.
const SETUP_SCRIPT = `
mount=$1 umount=$2 setpriv=$3 sh=$4 mkdir=$5 text=$6 target=$7 folder=$8 script=$9
shift 9
place=/proc # a folder that is always there, and about to be hidden in any case
${OWN_ETC_SCRIPT}
${RESOLV_CONF_SCRIPT}
if "$mount" -t proc proc /proc; then proc=fresh; else proc=outer; fi
[ -c ${TUN_PATH} ] || exit # where there is none, opening would make a file
exec 8<>${TUN_PATH}
echo "@opened $proc $etc" >&9
read -r word <&9 || exit
exec 8>&-
exec "$setpriv" --pdeathsig KILL "$sh" -c "$script" headgate "$@"
`;

/** A guest's resolv.conf, and where it goes. */
export interface GuestResolvConf extends ResolvConfPlace {
  /** What it says. */
  readonly text: string;
}

// Arguments: ip, its batch, then the command. A shell that a terminal's signal reaches would
// otherwise end with it, whatever becomes of the command; the subshell has no traps any more.
const RUN_SCRIPT = `
trap : HUP INT QUIT TERM
"$1" -batch - <<END || exit
$2
END
shift 2
(
  echo @configured >&9
  read -r word <&9 || exit
  exec 2>&7 7>&- 9>&-
  exec "$@"
)
exit
`;

/** The words that make new namespaces and run `words` in them as process 1. */
export function unshareWords(
  unshare: string,
  withUserNamespace: boolean,
  words: readonly string[],
): readonly string[] {
  const user = withUserNamespace ? ["--user", "--map-root-user"] : [];
  // "slave": what is mounted outside later, such as a USB stick, appears inside.
  const mount = ["--mount", "--propagation", "slave"];
  return [unshare, ...user, "--net", ...mount, "--pid", "--fork", "--", ...words];
}

/** The words of process 1, which runs `command` when it is told to. */
export function initWords(
  tools: InitTools,
  settings: LinkSettings,
  command: readonly string[],
  resolvConf?: GuestResolvConf,
): readonly string[] {
  const { mount, umount, mkdir, setpriv, ip, sh } = tools;
  const { text = "", target = "", folder = "" } = resolvConf ?? {};
  // Who configures itself writes in /etc.
  const isOnItsOwn = settings.networks.length === 0;
  const setUp = [mount, umount, setpriv, sh, isOnItsOwn ? mkdir : "", text, target, folder];
  const run = [ip, linkBatch(settings).join("\n"), ...command];
  return [sh, "-c", SETUP_SCRIPT, "headgate", ...setUp, RUN_SCRIPT, ...run];
}

/** What is to be configured, as lines for `ip -batch`. */
function linkBatch(settings: LinkSettings): readonly string[] {
  const { interfaceName: name, mtu, networks, autoconfigure = false } = settings;
  return [
    "link set lo up",
    // No address but ours: the kernel would make one itself and look for routers with it.
    ...(hasIpv6() && !autoconfigure ? [`link set ${name} addrgenmode none`] : []),
    ...networks.map(({ address, prefixLength }) => {
      // There is nobody who could have the same address, and it is to be usable at once.
      const flags = isIpv6(address) ? " nodad" : "";
      return `address add ${address}/${prefixLength} dev ${name}${flags}`;
    }),
    `link set ${name} mtu ${mtu} txqueuelen ${QUEUE_LENGTH} up`,
    ...networks.map(({ gateway }) =>
      `route add ${isIpv6(gateway) ? "::" : "0.0.0.0"}/0 via ${gateway} dev ${name} onlink`
    ),
    // The kernel makes such a route itself, but some time later. Meanwhile answers were lost, and
    // the first connection took a second.
    ...networks.filter(({ address }) => isIpv6(address)).map(({ address }) =>
      `route add local ${address} dev ${name} table local`
    ),
  ];
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** Whether this kernel can have IPv6 addresses at all. */
export function hasIpv6(): boolean {
  try {
    Deno.statSync("/proc/sys/net/ipv6");
    return true;
  } catch {
    return false;
  }
}
