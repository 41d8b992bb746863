# The life of the package in a clean root. Shows what it runs, says what goes wrong, and ends with 1.
#   in-the-root.sh install|use
old=/packages/old.deb new=/packages/new.deb
fail() { echo "FAILED: $*"; exit 1; }
show() { echo "# $*"; "$@"; }
quiet() { echo "# $*"; "$@" >/tmp/out 2>&1 || { cat /tmp/out; fail "$*"; }; }

# Every file with its mode, owner, size and time, but for what the package tools write down for themselves.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /packages -o -path /var/lib/dpkg \
    -o -path /var/lib/apt -o -path /var/cache/apt -o -path /var/cache/man -o -path /var/cache/debconf -o -path /var/log \) -prune \
    -o -type d -printf '%p %y %m %u:%g\n' -o -printf '%p %y %m %u:%g %s %T@ %l\n' | sort
}

install_and_purge() {
  echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  quiet dpkg --install /packages/nodejs.deb
  quiet apt-get update
  echo '# apt-get install --simulate'
  apt-get install --simulate --no-install-recommends $old | grep '^Inst' | cut -d' ' -f2 | tr '\n' ' '
  echo
  quiet apt-get satisfy --yes --no-install-recommends "$(dpkg-deb --field $old Depends)"
  files >/tmp/before
  show apt-get install --yes --no-install-recommends $old
  works "$(dpkg-deb --field $old Version)"
  show apt-get purge --yes eboxmail
  files >/tmp/after
  diff /tmp/before /tmp/after || fail 'the purged package left something, or changed it'
  echo "nothing is left: $(wc -l </tmp/after) paths as before"
}

# works VERSION: what is installed can be used, before there is any state.
works() {
  [ "$(show eboxmail --version | tail -n 1)" = "$1" ] || fail "eboxmail --version: $(eboxmail --version)"
  dpkg --verify eboxmail
  man 1 eboxmail | grep -q 'eboxmail user add' || fail 'man 1 eboxmail'
  man 5 eboxmail-state | grep -q 'catch_all' || fail 'man 5 eboxmail-state'
  completed=$(bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader eboxmail
    COMP_LINE="eboxmail sand" COMP_POINT=13 COMP_WORDS=(eboxmail sand) COMP_CWORD=1; _eboxmail eboxmail; echo "${COMPREPLY[*]}"')
  [ "$(echo $completed)" = sandbox ] || fail "completion: $completed"
  refused=$(node -e '
    const { load, scripts } = require("/usr/lib/eboxmail/bin/load.js");
    load("/usr/lib/eboxmail/dist/cli/main.cjs"); load("/usr/lib/eboxmail/dist/cli/run.cjs");
    console.log([...scripts.values()].filter(({ cachedDataRejected }) => cachedDataRejected !== false).length);')
  [ "$refused" = 0 ] || fail "$refused files are not compiled beforehand"
  echo 'version, both man pages and completion are right, and it is compiled for this Node'
}

# deliver SUBJECT: a message from outside gets into alice's mailbox.
deliver() {
  printf 'From: <x@elsewhere.test>\nTo: <alice@a.test>\nSubject: %s\n\nhello\n' "$1" >/tmp/message
  curl --silent --show-error smtp://127.0.0.1 --mail-from x@elsewhere.test --mail-rcpt alice@a.test --upload-file /tmp/message || fail "SMTP refused: $1"
  tries=0
  until [ -n "$(doveadm search -u alice@a.test mailbox INBOX subject "$1" 2>/dev/null)" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "not delivered: $1"
    sleep 0.2
  done
  echo "delivered: $1"
}

# What must not change while packages come and go: the daemons that run, and their settings.
service() {
  cat /var/spool/postfix/pid/master.pid /run/dovecot/master.pid
  find /etc/postfix /etc/dovecot /etc/eboxmail /etc/aliases /etc/mailname /var/lib/eboxmail -type f -exec sha256sum {} + | sort
}
untouched() { service | diff /tmp/service - || fail "the mail service was touched by: $1"; }

use() {
  quiet dpkg --install $old
  mkdir -p /etc/eboxmail
  cat >/etc/eboxmail/state.yaml <<EOF
version: 1
server: {mailname: mx.example.test, postmaster: alice@a.test, expiry: {spam: 30 d}}
domains: {a.test: }
users: {alice@a.test: {password: "{PLAIN}correct horse"}}
EOF
  show eboxmail apply --adopt --yes
  show eboxmail user add bob@a.test --generate-password --quiet --apply
  [ -n "$(ls /var/cache/eboxmail)" ] || fail 'there is no cache that purging could remove'
  deliver 'with the first version'
  service >/tmp/service

  show dpkg --install $new
  untouched upgrade
  works "$(dpkg-deb --field $new Version)"
  dpkg --listfiles eboxmail | sort >/tmp/listed
  find /usr/lib/eboxmail -path '*/compiled' -prune -o -print | sort | comm -23 - /tmp/listed | grep . && fail 'the first version left files'
  show eboxmail plan --exit-code || fail 'the new version has something to apply'
  deliver 'after the upgrade'

  show apt-get remove --yes eboxmail
  untouched remove
  [ ! -e /usr/bin/eboxmail ] || fail 'eboxmail is still there'
  job=$(sed -n 's/^17 3 \* \* \* root //p' /etc/cron.d/eboxmail-expire)
  [ -z "$(sh -c "$job" 2>&1)" ] || fail "the nightly job complains: $job"
  deliver 'without the program'

  show apt-get purge --yes eboxmail
  untouched purge
  [ ! -e /var/cache/eboxmail ] || fail 'the cache is left'
  [ ! -e /etc/cron.d/eboxmail-expire ] || fail 'the nightly job is left'
  find /usr /var/lib/dpkg -name '*eboxmail*' | grep . && fail 'files of the package are left'
  deliver 'after purging'

  show dpkg --install $new
  untouched 'another install'
  show eboxmail apply --yes
  [ -e /etc/cron.d/eboxmail-expire ] || fail 'apply does not bring the nightly job back'
  show eboxmail uninstall --yes
  echo 'all is well'
}

case $1 in
install) install_and_purge ;;
use) use ;;
esac
