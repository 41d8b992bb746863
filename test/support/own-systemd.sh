#!/bin/sh
# Runs a script as a service of a machine of its own that systemd has started: this machine's files with a layer above them
# that is thrown away, a network with nothing but loopback and one more address, and processes that all end with it. What
# the script says is in DIR/out/log.
#   own-systemd.sh DIR SCRIPT
# The checkout is in /run/checkout there: systemd clears /tmp when it begins.
set -eu
dir=$1 script=$2
checkout=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$dir/layer" "$dir/root" "$dir/out"
exec unshare --mount --net --uts --ipc --cgroup --pid --fork --kill-child --mount-proc sh -eu -c '
  dir=$1 root=$1/root
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$dir/layer"
  mkdir "$dir/layer/upper" "$dir/layer/work"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/layer/upper,workdir=$dir/layer/work" "$root"
  # What systemd expects of a container (systemd.io/CONTAINER_INTERFACE).
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  mkdir "$root/dev/pts" "$root/dev/shm"
  for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  hostname machine.test
  ip link set lo up
  ip address add 192.0.2.1/24 dev lo
  mkdir "$root/run/checkout" "$root/run/out" "$root/run/before" "$root/run/systemd" "$root/run/systemd/system"
  mount --bind "$3" "$root/run/checkout"
  mount --bind "$dir/out" "$root/run/out"
  cp "$2" "$root/run/script.sh"
  cat >"$root/run/systemd/system/script.service" <<END
[Unit]
After=basic.target
[Service]
Type=exec
ExecStart=/bin/sh -eu /run/script.sh
ExecStopPost=systemctl exit
StandardOutput=append:/run/out/log
StandardError=append:/run/out/log
END
  # Services of packages that are installed for other tests.
  for unit in clamav-daemon clamav-freshclam fetchmail redis-server rspamd; do
    ln -s /dev/null "$root/run/systemd/system/$unit.service"
  done
  # Not chroot(1): systemd gives services a root of their own, which takes a real one.
  cd "$root"
  pivot_root . run/before
  umount -l /run/before
  mount --make-rshared /
  exec env -i container=other /lib/systemd/systemd --system --unit=script.service --log-target=journal
' sh "$dir" "$script" "$checkout"
