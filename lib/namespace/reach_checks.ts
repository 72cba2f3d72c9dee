/**
 * What guests can reach of the world by way of this machine, beyond what they
 * need in order to run.
 *
 * @module
 */
import { PingSocket } from "../ffi/ping_socket.ts";
import { SystemError } from "../ffi/system_error.ts";
import { type Check, readSettingText } from "./checks.ts";
import { parseResolvConf } from "../dns/resolv_conf.ts";
import { hasIpv6 } from "./init.ts";
import { RESOLV_CONF } from "./resolv_conf_mount.ts";

/** Looks at what guests can do without. */
export function checkReach(): readonly Check[] {
  return [checkNames(), checkIpv6(), checkPings()];
}

function checkNames(): Check {
  const check = { name: "names", isOptional: true };
  try {
    const { servers } = parseResolvConf(Deno.readTextFileSync(RESOLV_CONF));
    const addresses = servers.map(({ address }) => address);
    return { ...check, ok: true, detail: `${addresses.join(", ")} is asked (${RESOLV_CONF})` };
  } catch (error) {
    const detail = `${RESOLV_CONF}: ${error instanceof Error ? error.message : error}`;
    return { ...check, ok: false, detail, remedy: 'make it, with a line "nameserver ADDRESS"' };
  }
}

function checkIpv6(): Check {
  const check = { name: "IPv6", isOptional: true };
  if (!hasIpv6()) {
    return { ...check, ok: false, detail: "this kernel has none, so guests have none" };
  }
  return hasIpv6Route()
    ? { ...check, ok: true, detail: "there is a default route" }
    : { ...check, ok: false, detail: "there is no default route; guests are told so at once" };
}

function hasIpv6Route(): boolean {
  // destination, its prefix length, source, its prefix length, next hop, ..., interface
  const routes = Deno.readTextFileSync("/proc/net/ipv6_route").split("\n");
  return routes.some((route) => /^0{32} 00 /.test(route) && !/ lo$/.test(route));
}

/** Who may send echo requests is not always obvious, hence one is about to be sent. */
function checkPings(): Check {
  const check = { name: "pings to elsewhere", isOptional: true };
  const groups = readSettingText("net/ipv4/ping_group_range")?.trim().replace(/\s+/, " ");
  try {
    const socket = PingSocket.open(4, 0);
    socket.close();
    const detail = socket.isRaw ? "by a raw socket" : `net.ipv4.ping_group_range is "${groups}"`;
    return { ...check, ok: true, detail };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return {
      ...check,
      ok: false,
      detail: `net.ipv4.ping_group_range is "${groups}", without a group of ours`,
      remedy: `as root, "sysctl -w net.ipv4.ping_group_range='0 2147483647'"`,
    };
  }
}
