/**
 * The guest's own /etc, for guests that configure themselves.
 *
 * Programs such as dhclient replace files in /etc, or make others beside them. Here that
 * changes what the guest sees, and nothing outside: what is written goes into memory and
 * is gone with the guest. An ordinary user could otherwise write nothing there.
 *
 * @see {@link https://www.kernel.org/doc/html/latest/filesystems/overlayfs.html}
 * @module
 */

/**
 * Commands for sh that make /etc the guest's own with the programs `$mount`,
 * `$umount` and `$mkdir`, unless that is empty. Then `$etc` is "own", or else
 * "shared": not every kernel lets users do this. As in the script for
 * resolv.conf, which has to come later, a tmpfs takes the place of the folder
 * `$place` for a moment.
 */
export const OWN_ETC_SCRIPT: string = `
etc=own
if [ -n "$mkdir" ]; then
  "$mount" -t tmpfs -o mode=755 headgate "$place" || exit
  "$mkdir" -m 755 "$place/upper" "$place/work" || exit
  layers=lowerdir=/etc,upperdir=$place/upper,workdir=$place/work
  "$mount" -t overlay -o "$layers" headgate /etc || etc=shared
  "$umount" "$place" || exit
fi
`;
