#!/bin/sh
# Makes a minimal Debian 12 and lets in-the-root.sh install, use and remove the package in it. Run by scripts/test-deb.mjs as
# root in mount and process namespaces of its own, so that no mount and no daemon outlives it.
#   clean-root.sh DIR MIRROR
# DIR holds packages/ (what is installed, in-the-root.sh, sources.list) and becomes the place of the root.
set -eu
dir=$1 mirror=$2
root=$dir/root
mount --make-rprivate /
debootstrap --variant=minbase --include=ca-certificates,curl,man-db,bash-completion bookworm "$root" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
  { tail -n 20 "$dir/debootstrap.log"; exit 1; }
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mkdir "$root/packages"
mount --bind "$dir/packages" "$root/packages"
cp "$dir/packages/sources.list" "$root/etc/apt/sources.list"
# Daemons are started by eboxmail here, not by their packages.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
in_root='exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive sh -eu /packages/in-the-root.sh "$2"'
sh -c "$in_root" sh "$root" install
# The daemons have a network that is nothing but itself.
exec unshare --net --pid --fork --kill-child sh -eu -c "ip link set lo up; mount -t proc proc \"\$1/proc\"; $in_root" sh "$root" use
