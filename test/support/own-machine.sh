#!/bin/sh
# Runs a script as root of a machine of its own: this machine's files with a layer above them that is thrown away, a
# network with nothing but loopback and one more address, and processes that all end with it.
#   own-machine.sh DIR SCRIPT
set -eu
dir=$1 script=$2
mkdir -p "$dir/layer" "$dir/work" "$dir/root"
exec unshare --mount --net --pid --fork --kill-child --mount-proc sh -eu -c '
  dir=$1
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$dir/layer"
  mkdir "$dir/layer/upper" "$dir/layer/work"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/layer/upper,workdir=$dir/layer/work" "$dir/root"
  mount --rbind /dev "$dir/root/dev"
  mount -t proc proc "$dir/root/proc"
  mount -t tmpfs tmpfs "$dir/root/run"
  ip link set lo up
  ip address add 192.0.2.1/24 dev lo
  exec chroot "$dir/root" sh -eu "$2"
' sh "$dir" "$script"
