/**
 * The guest's own /etc/resolv.conf, in the place of the host's.
 *
 * It is mounted over the host's file, in the guest's mount namespace only, and
 * it is in memory only: nothing has to be removed afterwards, however we end.
 *
 * A link to a file below /run leads to what its owner, systemd-resolved say,
 * replaces when the network changes, and a mount on a file that is replaced is
 * gone. There the whole folder is hidden.
 *
 * Where names are asked for through sockets, of nscd or of systemd-resolved,
 * resolv.conf does not count. These are hidden, too: the C library then does as
 * if nobody listened.
 *
 * @module
 */

/** Where every program looks. */
export const RESOLV_CONF: string = "/etc/resolv.conf";

/** Through which C libraries ask others for names. */
const SOCKETS = [
  "/run/nscd/socket",
  "/var/run/nscd/socket",
  "/run/systemd/resolve/io.systemd.Resolve",
];

/**
 * Commands for sh that put `$text` in the place of the file `$target`, or of the
 * folder `$folder` in which that is, with the programs `$mount` and `$umount`.
 * What fails ends it. A tmpfs takes the place of the folder `$place` for a moment.
 */
export const RESOLV_CONF_SCRIPT: string = `
if [ -n "$target" ]; then
  "$mount" -t tmpfs -o mode=755 headgate "$place" || exit
  (umask 022; printf %s "$text" >"$place/text"; : >"$place/nothing") || exit
  if [ -n "$folder" ]; then
    "$mount" -t tmpfs -o mode=755 headgate "$folder" || exit
    (umask 022; : >"$target") || exit
  fi
  "$mount" --bind "$place/text" "$target" || exit
  for socket in ${SOCKETS.join(" ")}; do
    [ ! -S "$socket" ] || "$mount" --bind "$place/nothing" "$socket" || exit
  done
  "$umount" "$place" || exit
fi
`;

/** What a guest's resolv.conf takes the place of. */
export interface ResolvConfPlace {
  /** The file that the host's resolv.conf is in the end. */
  readonly target: string;
  /** The folder that is hidden as a whole; empty if only the file is. */
  readonly folder: string;
  /** Another one when what is hidden has been replaced, and a mount on it is gone. */
  readonly version: string;
}

/** Where a guest's resolv.conf would be, or undefined if the host has none. */
export function findResolvConf(): ResolvConfPlace | undefined {
  try {
    const target = Deno.realPathSync(RESOLV_CONF);
    const parent = target.slice(0, target.lastIndexOf("/"));
    const folder = /^\/run\/./.test(parent) ? parent : "";
    const { dev, ino } = Deno.statSync(folder || target);
    return { target, folder, version: `${target} ${dev} ${ino}` };
  } catch {
    return undefined; // a link that leads nowhere is as good as none
  }
}
