# The life of eboxmail where systemd runs: by own-systemd.sh, in the root of a Debian where the packages are just installed.
# Says what goes wrong and ends with 1.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
cd /run/checkout
fail() { echo "FAILED: $*"; systemctl --failed --no-pager; journalctl --no-pager --boot | tail -n 60; exit 1; }
eboxmail() { "$NODE" bin/eboxmail.js "$@"; }
code() { set +e; "$@" >/tmp/out 2>&1; c=$?; set -e; echo $c; }
active() { for unit; do systemctl is-active --quiet "$unit" || return 1; done; }
main_process() { systemctl show --property MainPID --value "$1"; }
state() {
  cat >/etc/eboxmail/state.yaml <<END
version: 1
server: {mailname: mx.example.test, postmaster: alice@a.test${1:-}}
domains: {a.test: {}}
users: {alice@a.test: {password: "{PLAIN}correct horse"}}
${2:-}
END
}
converged() {
  [ "$(code eboxmail plan --exit-code)" = 0 ] || fail "$1, not converged: $(cat /tmp/out)"
  [ "$(code eboxmail status)" = 0 ] || fail "$1, status: $(cat /tmp/out)"
}

mkdir -p /etc/eboxmail
# As on a machine whose administrator wants to see a service first.
systemctl disable --now postfix dovecot 2>/dev/null
state
[ "$(code eboxmail apply --adopt)" = 0 ] || fail "the first apply: $(cat /tmp/out)"
# In Debian 12 postfix.service does nothing but start an instance.
postfix=postfix
[ "$(systemctl show --property Type --value postfix)" = oneshot ] && postfix=postfix@-
active postfix $postfix dovecot || fail 'the daemons are not services of systemd'
converged 'the first apply'

systemctl stop postfix dovecot
systemctl start multi-user.target
active $postfix dovecot || fail 'they do not start with the machine'
converged 'started with the machine'

# What has died is started again, though systemd may take postfix.service for active.
pkill -KILL -x master
pkill -KILL -x dovecot
[ "$(code eboxmail status)" = 1 ] || fail "status of a dead service: $(cat /tmp/out)"
[ "$(code eboxmail apply)" = 0 ] || fail "an apply where daemons have died: $(cat /tmp/out)"
converged 'daemons that had died'

# A session outlives what other users and settings need.
dovecot=$(main_process dovecot)
(printf 'a login alice@a.test "correct horse"\r\n'; exec sleep 300) | openssl s_client -quiet -connect 127.0.0.1:993 >/tmp/session 2>/dev/null & session=$!
until grep -q '^a OK' /tmp/session; do sleep 0.1; done
state ', limits: {message: 30 MB, mailbox: 10 MB}'
[ "$(code eboxmail apply)" = 0 ] || fail "a change of settings: $(cat /tmp/out)"
kill -0 $session || fail 'the session has ended'
kill $session
[ "$(main_process dovecot)" = "$dovecot" ] || fail 'Dovecot was started anew'
converged 'a change of settings'

# Whoever starts them by hand takes them away from systemd, which would then reload nothing.
size() { swaks --server 127.0.0.1 --quit-after EHLO | grep -o 'SIZE [0-9]*'; }
postfix stop 2>/dev/null
postfix start 2>/dev/null
systemctl stop dovecot
dovecot
state ', limits: {message: 44 MB, mailbox: 11 MB}'
[ "$(code eboxmail apply)" = 0 ] || fail "daemons that were started by hand: $(cat /tmp/out)"
[ "$(size)" = 'SIZE 46137344' ] || fail "Postfix was not reloaded: $(size)"
converged 'daemons that were started by hand'
postfix stop 2>/dev/null
doveadm stop
[ "$(code eboxmail apply)" = 0 ] || fail "what was started by hand is gone: $(cat /tmp/out)"
active $postfix dovecot || fail 'they are not services of systemd again'

# Six starts within ten seconds are more than systemd lets a unit have (systemd.unit(5), StartLimitBurst).
for n in 1 2 3 4 5 6 7; do
  state '' "overrides: {postfix: {default_process_limit: 10$n}}"
  # postfix.service is stopped before its instance is, which the apply would find at work still.
  systemctl stop postfix $postfix
  [ "$(code eboxmail apply)" = 0 ] || fail "start $n: $(cat /tmp/out)"
done
converged 'seven starts'

# What cannot be proven goes back, and so does what was cut off.
before=$(sha256sum /etc/postfix/main.cf)
state '' 'overrides: {postfix: {smtpd_recipient_restrictions: reject}}'
[ "$(code eboxmail apply)" = 8 ] || fail "an apply that cannot be proven: $(cat /tmp/out)"
[ "$(sha256sum /etc/postfix/main.cf)" = "$before" ] || fail 'it is not as before'
active $postfix dovecot || fail 'going back stopped a service'
state
[ "$(FAULT='kill:spawn postfix -c /etc/postfix reload' code "$NODE" --import ./test/support/faults.mjs bin/eboxmail.js apply)" = 137 ] || fail "it was not killed: $(cat /tmp/out)"
[ "$(code eboxmail status)" = 0 ] || fail "status after that: $(cat /tmp/out)"
grep -q 'cut off' /tmp/out || fail "status does not say so: $(cat /tmp/out)"
converged 'cut off'

# Services of our own: a filter with a memory, mail from elsewhere, and the removal of old mail.
state ', fetch: {enabled: true}, expiry: {trash: 30 d}' 'filter: {mode: builtin, builtin: {greylisting: {enabled: true, score: 10}, learning: {enabled: true}}}'
printf 'secret\n' | eboxmail fetch add alice@a.test me@isp.test --server 127.0.0.1 --port 9 --protocol pop3 --password-stdin --quiet
[ "$(code eboxmail apply)" = 0 ] || fail "services of our own: $(cat /tmp/out)"
own='eboxmail-redis eboxmail-rspamd eboxmail-fetch'
active $own eboxmail-expire.timer || fail 'services of our own do not run'
[ "$(code eboxmail plan --exit-code)" = 0 ] || fail "services of our own, not converged: $(cat /tmp/out)"
eboxmail status >/tmp/out 2>&1 || :
grep '^!!' /tmp/out && fail "services of our own: $(cat /tmp/out)"
# The timer that somebody has stopped or disabled runs again by the next apply.
for how in stop disable; do
  systemctl $how eboxmail-expire.timer 2>/dev/null
  [ "$(code eboxmail plan --exit-code)" = 10 ] || fail "the timer, $how: $(cat /tmp/out)"
  eboxmail status >/tmp/out 2>&1 && fail "all is well without the timer, $how: $(cat /tmp/out)"
  [ "$(code eboxmail apply)" = 0 ] || fail "the timer, $how: $(cat /tmp/out)"
  active eboxmail-expire.timer && systemctl -q is-enabled eboxmail-expire.timer || fail "the timer does not run, $how"
  [ "$(code eboxmail plan --exit-code)" = 0 ] || fail "the timer, $how, not converged: $(cat /tmp/out)"
done
systemctl start eboxmail-expire.service || fail 'old mail is not removed'
eboxmail status 2>&1 | grep -q 'expire has not run' && fail 'it was not removed by expire'
systemctl stop $own postfix dovecot multi-user.target
systemctl start multi-user.target
active $own $postfix dovecot || fail 'services of our own do not start with the machine'
[ "$(code eboxmail plan --exit-code)" = 0 ] || fail "services of our own, started with the machine: $(cat /tmp/out)"

# The filter judges by what is new as soon as the apply is over, and is not started anew for that.
from_outside() { swaks --silent 3 --server 192.0.2.1 --local-interface 192.0.2.1 --helo elsewhere.test --from x@elsewhere.test --to alice@a.test; }
[ "$(code from_outside)" = 0 ] || fail "mail is refused: $(cat /tmp/out)"
main=$(main_process eboxmail-rspamd)
eboxmail filter sender block x@elsewhere.test --quiet --apply || fail 'a setting of the filter'
[ "$(main_process eboxmail-rspamd)" = "$main" ] || fail 'the filter was started anew'
[ "$(code from_outside)" = 26 ] || fail "the filter goes by what was before: $(cat /tmp/out)"
[ "$(code eboxmail plan --exit-code)" = 0 ] || fail "a setting of the filter: $(cat /tmp/out)"

state
[ "$(code eboxmail apply --adopt)" = 0 ] || fail "without services of our own: $(cat /tmp/out)"
converged 'without services of our own'
[ -z "$(systemctl list-units --all --plain --no-legend 'eboxmail*')" ] || fail "they are still there: $(systemctl list-units --all 'eboxmail*')"

eboxmail filter set builtin --quiet --apply || fail 'a filter once more'
eboxmail uninstall --yes >/dev/null || fail uninstall
active $postfix && fail 'Postfix still runs'
active dovecot && fail 'Dovecot still runs'
active eboxmail-rspamd && fail 'the filter still runs'
left=$(find /etc -path /etc/eboxmail -prune -o '(' -name '*eboxmail*' -o -name multi-user.target.d ')' -print; systemctl show --property Wants multi-user.target | grep -E 'dovecot|postfix|eboxmail' || :)
[ -z "$left" ] || fail "left over: $left"
echo 'all is well'
