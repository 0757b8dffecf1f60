# Boots systemd as process 1 of a machine whose files are this one's, with all changes in a folder of their own. Called in
# namespaces of its own (mount, process, host name, messages, control groups); $1: the merged root, with $2 as its host name.
set -euo pipefail
root=$1
hostname "$2"
mount --make-rprivate /
mount -t proc proc "$root/proc"
# As a container's: what is set at the start (sysctl.d) is not this machine's.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in dev run tmp; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
cd "$root"
# Neither clock, kernel modules nor this machine's own end are its to change.
exec setpriv --bounding-set=-sys_module,-sys_time,-sys_boot,-sys_rawio \
  chroot "$root" /usr/bin/env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --system --unit=multi-user.target
