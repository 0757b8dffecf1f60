/**
 * The three steps into a sandbox, as shell because util-linux has every call that Node lacks. Each step has less power
 * than the one before it.
 */

/**
 * 1. Root of the machine, in a mount namespace of its own: all mounts die with it, there is nothing to clean up.
 *    Puts itself under the limits, lays the overlay and the few devices, then makes the other namespaces.
 *    Arguments: state directory, root file system, first id, boot id, cgroup directories…
 *    `nodev` and the read-only lower root are locked against the sandbox because they come from outside of it. The
 *    overlay is put together on /mnt because the sandbox's ids may not be able to walk to the state directory.
 */
export const outerScript = `
set -eu
cd "$1"; lower=$2; base=$3; boot=$4; shift 4
for group in "$@"; do echo $$ > "$group/cgroup.procs"; done
prlimit --pid $$ --core=0 --nofile=4096:4096 --fsize=1073741824 --memlock=65536
mkdir -p lower upper work
chown "$base:$base" upper
chmod 755 upper
mount -t tmpfs -o mode=755,size=64k tmpfs /mnt
mkdir /mnt/merged
mount --bind "$lower" lower
mount -o remount,bind,ro,nodev lower
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,nodev /mnt/merged
cd /mnt/merged
mount -t tmpfs -o mode=755,size=64k,nosuid,noexec tmpfs dev
mkdir dev/pts dev/shm
for device in null zero full random urandom tty; do
  : > "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
ln -s pts/ptmx dev/ptmx
echo "$boot" > dev/.boot_id
mount -t devpts -o "newinstance,ptmxmode=0666,mode=620,uid=$base,gid=$((base + 5)),nosuid,noexec" devpts dev/pts
mount -t tmpfs -o "mode=1777,size=16m,uid=$base,gid=$base,nosuid,nodev,noexec" tmpfs dev/shm
mount -t tmpfs -o "mode=755,size=32m,uid=$base,gid=$base,nosuid,nodev" tmpfs run
mount -t tmpfs -o "mode=1777,size=256m,uid=$base,gid=$base,nosuid,nodev" tmpfs tmp
mkdir -m 755 run/lock run/.outside
exec unshare --user --mount --pid --net --ipc --uts --cgroup --propagation private --fork --kill-child=KILL --keep-caps \\
  -- sh -euc "$STEWARD_MIDDLE" sh
`;

/**
 * 2. Nobody yet, in all the new namespaces: says which process it is (this /proc is still the machine's) and waits
 *    until the agent has mapped the ids. End of input means that the agent is gone, and so is this.
 */
export const middleScript = `
read -r pid rest < /proc/self/stat
echo "map $pid"
read -r word
[ "$word" = mapped ]
exec setpriv --reuid 0 --regid 0 --clear-groups --inh-caps=-all --ambient-caps=-all -- sh -euc "$STEWARD_INNER" sh
`;

/**
 * 3. Root of the sandbox only: leaves the machine's file system for good, boots, and waits as process 1. When the
 *    agent lets go of its input, by intent or by dying, process 1 ends and the kernel ends everything in here.
 *    `wait` also buries the orphans that services leave behind.
 */
export const innerScript = `
mount --rbind /mnt/merged /mnt/merged
cd /mnt/merged
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind dev/.boot_id proc/sys/kernel/random/boot_id
pivot_root . run/.outside
cd /
exec /bin/sh -euc "$STEWARD_INIT" init
`;

export const initScript = `
PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH
name=$STEWARD_HOSTNAME
unset STEWARD_MIDDLE STEWARD_INNER STEWARD_INIT STEWARD_HOSTNAME
umount -l /run/.outside
rmdir /run/.outside
hostname "$name"
ip link set lo up
exec 3<&0 0</dev/null
for service in /etc/rc2.d/S*; do
  if [ -x "$service" ]; then "$service" start >> /var/log/boot.log 2>&1 3<&- || true; fi
done
echo ready
exec >/dev/null 2>&1
cat <&3 >/dev/null &
keeper=$!
exec 3<&-
wait "$keeper"
`;

/**
 * Enters a running sandbox under its limits. Arguments: process 1, number of cgroups, cgroups…, command…
 * No `--wd`: nsenter opens that directory before it enters, and the command would stand outside, on the machine.
 */
export const enterScript = `
set -eu
init=$1; groups=$2; shift 2
while [ "$groups" -gt 0 ]; do echo $$ > "$1/cgroup.procs"; shift; groups=$((groups - 1)); done
prlimit --pid $$ --core=0 --nofile=4096:4096 --fsize=1073741824 --memlock=65536
exec nsenter --target "$init" --all --setuid 0 --setgid 0 -- "$@"
`;
