/**
 * What the host's resolver is told.
 *
 * @module
 */
import { parseResolvConf, type ResolvConf } from "../dns/resolv_conf.ts";
import { WatchedFile } from "../dns/watched_file.ts";
import { systemClock } from "../driver.ts";
import { RESOLV_CONF } from "../namespace/resolv_conf_mount.ts";

/** The host's resolv.conf; looked at again while it is used. */
export function hostResolvConf(): WatchedFile<ResolvConf> {
  return new WatchedFile(RESOLV_CONF, parseResolvConf, systemClock);
}
