#!/bin/sh
# Runs tests in a root of Debian 13, with its Postfix, Dovecot and Node, that debootstrap makes for them.
#   debian-13.sh DIR CHECKOUT TEST…
# Needs root and Debian's mirror: that of this machine's apt sources, or EBOXMAIL_DEBIAN_MIRROR.
set -eu
dir=$1 checkout=$2 stage=${STAGE-}
root=$dir/root
run() { "$@" >"$dir/log" 2>&1 || { tail -n 40 "$dir/log"; exit 1; }; }
in_root() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

if [ -z "$stage" ]; then
  mkdir -p "$root"
  exec env STAGE=root unshare --mount --pid --fork --kill-child --mount-proc sh "$0" "$@"
fi

if [ "$stage" = root ]; then
  format='$(REPO_URI) $(RELEASE) $(COMPONENT)'
  mirror=${EBOXMAIL_DEBIAN_MIRROR:-$(apt-get indextargets --format "$format" 'Created-By: Packages' |
    awk '$2 !~ /[-\/]/ && $3 == "main" { print $1; exit }')}
  mount --make-rprivate /
  # In memory, and gone with its namespace.
  mount -t tmpfs -o mode=755 tmpfs "$root"
  run debootstrap --variant=minbase trixie "$root" "$mirror"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/run"
  # Daemons are started by eboxmail here, not by their packages.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  echo 'postfix postfix/main_mailer_type select No configuration' | run in_root debconf-set-selections
  run in_root apt-get update
  run in_root apt-get install --yes --no-install-recommends bsdutils curl iproute2 nodejs openssl util-linux \
    postfix postfix-cdb libsasl2-modules dovecot-core dovecot-imapd dovecot-lmtpd dovecot-managesieved dovecot-pop3d \
    dovecot-sieve libnet-ssleay-perl redis-server rspamd swaks systemd
  # What tests write into the checkout goes as well.
  mkdir "$root/checkout" "$root/layer" "$root/layer/upper" "$root/layer/work"
  mount -t overlay overlay -o "lowerdir=$checkout,upperdir=$root/layer/upper,workdir=$root/layer/work" "$root/checkout"
  exec env STAGE=alone unshare --net --pid --fork --kill-child sh "$0" "$@"
fi

shift 2
ip link set lo up
mount -t proc proc "$root/proc"
in_root sh -c 'cd /checkout && exec node node_modules/vitest/vitest.mjs run --project e2e "$@"' sh "$@"
